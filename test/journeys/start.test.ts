/** `npm start`: killed in the middle and started again, another target, a server that is not the emulator. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import { makeKey, publicKeyOf } from "../../emulator/keys.ts";
import { type Emulator, startEmulator } from "../../emulator/server.ts";
import { createClient } from "../../shared/api/client.ts";
import { emulatorAt } from "../support/emulator.ts";
import { csv, generatedCsv, must, untilResting } from "../support/stack.ts";
import { freePort, type Started, start, temporaryState } from "../support/start.ts";

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function state(): Promise<string> {
  const { dir, remove } = await temporaryState();
  cleanups.push(remove);
  return dir;
}
async function startIn(dir: string, variables: Record<string, string> = {}): Promise<Started> {
  const started = await start(dir, variables);
  cleanups.push(() => started.kill().catch(() => undefined));
  return started;
}
const key = await makeKey({ project: 1 });
const sideDoor = (started: Started) => {
  if (started.emulatorUrl === null) throw new Error(`no emulator address in:\n${started.output()}`);
  return emulatorAt(started.emulatorUrl, key);
};
const atLeast = async (started: Started, id: string, completed: number) => {
  while (must(await started.client.batch(id)).jobs.completed < completed) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

describe("killed with SIGKILL in the middle of a batch of 500", () => {
  it("finishes after the restart with 500 published and nothing doubled", async () => {
    const dir = await state();
    const first = await startIn(dir);
    const emulator = sideDoor(first);
    const collection = must(await first.client.createCollection({ name: "Killed" }));
    must(await first.client.publishCollection(collection.id));
    const query = { collectionId: String(collection.id) };
    const { id } = must(await first.client.submit(generatedCsv(emulator, 500), { query }));
    await atLeast(first, id, 100);
    await first.kill();

    const second = await startIn(dir);
    const batch = await untilResting(second.client, id);
    expect(batch).toMatchObject({ state: "finished", jobs: { completed: 500, dead: 0 } });
    const again = sideDoor(second);
    const summary = (await (await fetch(`${again.url}/_emulator/ledger/summary`)).json()) as {
      duplicates: Record<string, number>;
    };
    expect(Object.values(summary.duplicates)).toEqual(Object.values(summary.duplicates).map(() => 0));
    const { baseUri } = must(await second.client.collection(collection.id));
    for (const tokenId of [1, 250, 500]) {
      const token = (await (await fetch(`${baseUri}${tokenId}`)).json()) as { image: string };
      expect((await fetch(token.image)).status).toBe(200);
    }
    expect(await second.stop()).toBe(0);
  });
});

describe("every variable of the contract", () => {
  it("has its effect", async () => {
    const dir = await state();
    const token = "a-token-of-the-operator";
    const hash = createHash("sha256").update(token).digest("hex");
    const port = await freePort();
    const set = {
      PORT: String(port),
      PROJECT_ID: "1",
      COLLECTION_ID: "900",
      JWT_ACCESS_KEY: key,
      PROJECT_ACCESS_KEY: publicKeyOf(1),
      API_TOKENS: `ops:admin:${hash}`,
      MAX_CALLS_PER_SECOND: "40",
      MEDIA_PRIVATE_HOSTS: "127.0.0.1:1",
      JOB_CONCURRENCY: "2",
      QUEUE_BATCH_SIZE: "3",
      MAX_ATTEMPTS: "1",
      CALL_TIMEOUT_MS: "5000",
    };
    const started = await startIn(dir, set);
    expect(started.url).toBe(`http://127.0.0.1:${port}`);
    expect(await started.client.batches()).toMatchObject({ ok: false });
    const client = createClient({ url: started.url, token });
    const collection = must(await client.createCollection({ name: "Default" }));
    expect(collection.id).toBe(900);

    const picture = new Uint8Array(readFileSync("test/fixtures/media/tiny.png"));
    must(await client.putMedia("art", "p.png", picture));
    const rows = Array.from({ length: 12 }, (_, index) => `${index + 1},Relic,p.png`);
    const file = csv("tokenId,name,image", rows);
    const submitted = must(await client.submit(file, { query: { mediaSet: "art" } }));
    const batch = await untilResting(client, submitted.id);
    expect(batch).toMatchObject({ state: "finished", collectionId: 900, jobs: { completed: 12 } });

    const calls = (await sideDoor(started).calls(900)).filter(({ tokenId }) => tokenId !== null);
    expect(calls).toHaveLength(48);
    const times = calls.map(({ at }) => at);
    const inOneSecond = (from: number) => times.filter((at) => at >= from && at < from + 1_000).length;
    expect(Math.max(...times.map(inOneSecond))).toBeLessThanOrEqual(40);
    const log = started.output();
    for (const secret of [key, token]) expect(log).not.toContain(secret);

    const hostile = `13,Relic,${started.emulatorUrl}/media/generated/p.png`;
    const refused = must(await client.submit(csv("tokenId,name,image", [hostile]), { query: {} }));
    expect(await untilResting(client, refused.id)).toMatchObject({ state: "invalid" });
  });
});

describe("another server that speaks the protocol", () => {
  const elsewhere = async (): Promise<Emulator> => {
    const emulator = await startEmulator({});
    cleanups.push(() => emulator.close());
    return emulator;
  };

  it("runs a batch without the emulator, and leaves what belongs to the emulator alone", async () => {
    const dir = await state();
    const local = await startIn(dir);
    const emulator = sideDoor(local);
    const collection = must(await local.client.createCollection({ name: "Left behind" }));
    const query = { collectionId: String(collection.id) };
    const file = generatedCsv(emulator, 300);
    const { id } = must(await local.client.submit(file, { query }));
    await atLeast(local, id, 20);
    await local.kill();

    const service = await elsewhere();
    const there = emulatorAt(service.url, key);
    const other = await startIn(dir, {
      METADATA_URL: service.url,
      JWT_ACCESS_KEY: key,
      MEDIA_PRIVATE_HOSTS: new URL(service.url).host,
    });
    expect(other.output()).toMatch(/left alone: 1 unfinished batch of emulator#1/);
    expect(must(await other.client.batches()).items).toEqual([]);
    const made = must(await other.client.createCollection({ name: "Elsewhere" }));
    expect(made.id).toBe(collection.id);
    const rows = generatedCsv(there, 12);
    const submitted = must(await other.client.submit(rows, { query: { collectionId: String(made.id) } }));
    const batch = await untilResting(other.client, submitted.id);
    expect(batch).toMatchObject({ state: "finished", outcomes: { created: 12, unchanged: 0 } });
    expect(batch.target).toBe(`${new URL(service.url).origin}#1`);
    const calls = await there.calls(made.id);
    expect(new Set(calls.flatMap(({ tokenId }) => (tokenId === null ? [] : [tokenId]))).size).toBe(12);
    await other.stop();

    const keyOfTwo = await makeKey({ project: 2 });
    const project = await startIn(dir, { PROJECT_ID: "2", JWT_ACCESS_KEY: keyOfTwo });
    expect(project.output()).toContain("emulator#2");
    expect(must(await project.client.batches()).items).toEqual([]);
    const before = (await sideDoor(project).calls(collection.id)).length;
    const own = must(await project.client.createCollection({ name: "Project two" }));
    const same = must(
      await project.client.submit(file, { query: { collectionId: String(own.id), first: "5" } }),
    );
    expect(await untilResting(project.client, same.id)).toMatchObject({
      state: "paused",
      waiting: { reason: "trial" },
      outcomes: { created: 5, unchanged: 0 },
    });
    expect((await sideDoor(project).calls(collection.id)).length).toBe(before);
    await project.stop();

    const back = await startIn(dir);
    expect(await untilResting(back.client, id)).toMatchObject({
      state: "finished",
      jobs: { completed: 300 },
    });
  });
});
