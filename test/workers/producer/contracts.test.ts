/** Linking contracts and refreshing what indexers know, against the emulator's own Metadata service. */
import { createMessageBatch } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { sql } from "../../../shared/store/db.ts";
import { openContext } from "../../../workers/producer/context.ts";
import worker from "../../../workers/producer/index.ts";
import { sweep } from "../../../workers/producer/sweep/sweep.ts";
import { emulatorAt } from "../../support/emulator.ts";
import { db, emulator, producer, target } from "../../support/producer.ts";
import { seedBatch } from "../../support/rows.ts";

const side = emulatorAt(emulator().url, emulator().key);
const variables = { PROJECT_ACCESS_KEY: emulator().publicKey };
const api = producer(variables);
let serial = 0;
/** One that no other test has. */
const address = (): string => `0x${String(++serial).padStart(40, "a")}`;

async function linked(): Promise<number> {
  const id = await side.makeCollection(true);
  const input = { chainId: 137, contractAddress: address() };
  expect((await api.post(`/v1/collections/${id}/contracts`, input)).status).toBe(201);
  return id;
}

/** Hands a message over as Queues would. @returns the delays of the messages that were sent on. */
async function hand(refreshId: unknown, more: Record<string, unknown> = {}): Promise<(number | undefined)[]> {
  const sent: (number | undefined)[] = [];
  const INTAKE = {
    send: async (_body: unknown, options?: { delaySeconds?: number }) =>
      void sent.push(options?.delaySeconds),
  };
  const bindings = {
    ...env,
    EMULATOR_URL: emulator().url,
    JWT_ACCESS_KEY: emulator().key,
    INTAKE,
    ...variables,
    ...more,
  };
  const message = {
    id: "m",
    timestamp: new Date(0),
    attempts: 1,
    body: { v: 1 as const, b: String(refreshId) },
  };
  await worker.queue(createMessageBatch("mintline-intake", [message]), bindings as unknown as ProducerEnv);
  return sent;
}

/** So many jobs that were just completed, in a batch of its own. */
async function completed(collectionId: number, rows: number): Promise<string> {
  const id = await seedBatch(db, { target: target(), collectionId, rows });
  await db.batch([
    sql(
      "UPDATE jobs SET state = 'completed', outcome = 'created', state_at = ?2 WHERE batch_id = ?1",
      id,
      Date.now(),
    ),
    sql(
      "UPDATE batches SET state = 'finished', pending = 0, completed = ?2, finished_at = ?3 WHERE id = ?1",
      id,
      rows,
      Date.now(),
    ),
  ]);
  return id;
}

const stand = async (id: unknown) => (await api.ask(`/v1/refreshes/${id}`)).body;

describe("a contract", () => {
  test("is recorded and linked at Sequence, and may be linked twice", async () => {
    const id = await side.makeCollection();
    const input = { chainId: 137, contractAddress: `0x${"AB".repeat(20).toLowerCase()}` };
    const first = await api.post(`/v1/collections/${id}/contracts`, input);
    expect(first).toMatchObject({
      status: 201,
      body: { collectionId: id, ...input, linked: true, refused: null },
    });
    expect((await api.post(`/v1/collections/${id}/contracts`, input)).body).toEqual(first.body);
    expect((await api.ask(`/v1/collections/${id}/contracts`)).body.items).toEqual([first.body]);
    const there = await side.rpc("GetContractCollection", { projectId: 1, ...input });
    expect(there).toMatchObject({ contractCollection: { collectionId: id } });
  });

  test("that Sequence refuses is kept, and the refusal said", async () => {
    const [one, other] = [await side.makeCollection(), await side.makeCollection()];
    const input = { chainId: 1, contractAddress: address() };
    await api.post(`/v1/collections/${one}/contracts`, input);
    const refused = await api.post(`/v1/collections/${other}/contracts`, input);
    expect(refused).toMatchObject({
      status: 201,
      body: {
        linked: false,
        refused: { code: "sequence.conflict", next: expect.stringContaining(`collection ${one}`) },
      },
    });
    expect((await api.ask(`/v1/collections/${other}/contracts`)).body.items).toHaveLength(1);
    await side.rpc("DeleteContractCollection", { projectId: 1, ...input });
    expect((await api.post(`/v1/collections/${other}/contracts`, input)).body).toMatchObject({
      linked: true,
      refused: null,
    });
  });

  test("of no collection, with a mistyped address or a field too many is refused", async () => {
    const contractAddress = address();
    expect((await api.post("/v1/collections/999999/contracts", { chainId: 1, contractAddress })).status).toBe(
      404,
    );
    const id = await side.makeCollection();
    for (const input of [
      {
        chainId: 1,
        contractAddress: "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD".replace("d", "D").replace("A", "a"),
      },
      { chainId: 0, contractAddress },
      { chainId: 1, contractAddress, note: "x" },
    ]) {
      expect((await api.post(`/v1/collections/${id}/contracts`, input)).status).toBe(400);
    }
  });
});

describe("a refresh", () => {
  test("asks for the changed tokens in pieces, follows each task, and comes to its end", async () => {
    const collectionId = await linked();
    const batchId = await completed(collectionId, 120);
    await side.setSwitches({ refreshTaskMs: 300 });
    const begun = await api.post(`/v1/collections/${collectionId}/refresh`, { batchId });
    expect(begun).toMatchObject({ status: 202, body: { state: "running", batchId, tokens: 0 } });
    const { id } = begun.body;
    expect((await api.post(`/v1/collections/${collectionId}/refresh`, { batchId })).body.id).toBe(id);
    expect(await hand(id)).toEqual([2]);
    expect(await stand(id)).toMatchObject({ state: "running", tokens: 50, done: 0 });
    await side.setSwitches({ refreshTaskMs: 0 });
    expect(await hand(id)).toEqual([]);
    expect(await stand(id)).toMatchObject({
      state: "finished",
      tokens: 120,
      done: 120,
      failed: 0,
      error: null,
    });
    expect(await hand(id)).toEqual([]);
  });

  test("without a batch takes what has changed since the last one", async () => {
    const collectionId = await linked();
    await completed(collectionId, 3);
    await completed(collectionId, 2);
    const refresh = async () => {
      const { id } = (await api.post(`/v1/collections/${collectionId}/refresh`)).body;
      await hand(id);
      return stand(id);
    };
    expect(await refresh()).toMatchObject({ state: "finished", tokens: 5 });
    await new Promise((resolve) => setTimeout(resolve, 5));
    await completed(collectionId, 1);
    expect(await refresh()).toMatchObject({ state: "finished", tokens: 1, done: 1 });
  });

  test("waits out what may pass, and halts where a person must act", async () => {
    const collectionId = await linked();
    await completed(collectionId, 1);
    const { id } = (await api.post(`/v1/collections/${collectionId}/refresh`)).body;
    await side.setFaults({
      id: "indexer",
      where: { method: "RefreshTokenMetadata" },
      what: { kind: "status", status: 429, error: "RateLimited", retryAfterSeconds: 7 },
      times: 1,
    });
    expect(await hand(id)).toEqual([7]);
    expect(await stand(id)).toMatchObject({ state: "running", error: { code: "sequence.rate_limited" } });
    expect(await hand(id, { PROJECT_ACCESS_KEY: "nobody" })).toEqual([]);
    expect(await stand(id)).toMatchObject({ state: "halted", error: { next: expect.any(String) } });
  });

  test("that lost its message is found by the sweep", async () => {
    const collectionId = await linked();
    await completed(collectionId, 1);
    const { id } = (await api.post(`/v1/collections/${collectionId}/refresh`)).body;
    await db.run(sql("UPDATE refreshes SET moved_at = 1 WHERE id = ?1", String(id)));
    const sent: unknown[] = [];
    const INTAKE = { send: async (body: unknown) => void sent.push(body) };
    const ctx = openContext({
      ...env,
      EMULATOR_URL: emulator().url,
      JWT_ACCESS_KEY: emulator().key,
      INTAKE,
    } as unknown as ProducerEnv);
    if (!ctx.ok) throw new Error("config");
    expect((await sweep(ctx.value)).refreshes).toBe(1);
    expect(sent).toContainEqual({ v: 1, b: id });
  });

  test("needs a contract, the public key, and a batch of this collection", async () => {
    const bare = await side.makeCollection();
    expect(await api.post(`/v1/collections/${bare}/refresh`)).toMatchObject({
      status: 409,
      body: { code: "contract.none" },
    });
    const collectionId = await linked();
    expect(await producer().post(`/v1/collections/${collectionId}/refresh`)).toMatchObject({
      status: 409,
      body: { code: "refresh.no_public_key" },
    });
    const batchId = await completed(bare, 1);
    expect((await api.post(`/v1/collections/${collectionId}/refresh`, { batchId })).status).toBe(400);
    expect((await api.ask("/v1/refreshes/ref_1")).body.code).toBe("refresh.not_found");
  });

  test("sends the public key alone", async () => {
    const collectionId = await linked();
    await completed(collectionId, 1);
    const { id } = (await api.post(`/v1/collections/${collectionId}/refresh`)).body;
    const heard: Headers[] = [];
    const real = globalThis.fetch;
    globalThis.fetch = (input, init) => {
      heard.push(new Headers(init?.headers));
      return real(input, init);
    };
    try {
      await hand(id);
    } finally {
      globalThis.fetch = real;
    }
    expect(heard.length).toBeGreaterThan(0);
    for (const headers of heard) {
      expect([headers.get("x-access-key"), headers.get("authorization")]).toEqual([
        emulator().publicKey,
        null,
      ]);
    }
  });
});
