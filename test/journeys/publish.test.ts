/** From a CSV to a public image through both Workers, and what may go wrong on the way. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  csv,
  generatedCsv,
  must,
  type Stack,
  startStack,
  untilBatch,
  untilResting,
} from "../support/stack.ts";

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack.close());

const submit = async (file: Uint8Array<ArrayBuffer>, query: Record<string, string>) =>
  must(await stack.client.submit(file, { query }));
const run = async (file: Uint8Array<ArrayBuffer>, query: Record<string, string>) =>
  untilResting(stack.client, (await submit(file, query)).id);
const bytesAt = async (url: string) => new Uint8Array(await (await fetch(url)).arrayBuffer());
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

describe("a CSV", () => {
  it("becomes public tokens with their pictures, under both forms of the base URI", async () => {
    const created = must(await stack.client.createCollection({ name: "Journey", description: "d" }));
    const collectionId = String(created.id);
    const batch = await run(generatedCsv(stack.emulator, 25), { collectionId, name: "journey.csv" });
    expect(batch).toMatchObject({
      state: "finished",
      rows: { total: 25, valid: 25, invalid: 0 },
      outcomes: { created: 25, updated: 0, unchanged: 0 },
      progress: 1,
    });
    const { items } = must(await stack.client.jobs(batch.id));
    expect(items[0]?.publicUrl).toBeNull();
    const calls = await stack.emulator.calls(created.id);

    const { baseUri, published } = must(await stack.client.publishCollection(created.id));
    expect(published).toBe(true);
    for (const address of [`${baseUri}7`, `${baseUri}7.json`]) {
      const token = (await (await fetch(address)).json()) as { name: string; image: string };
      expect(token.name).toBe("Relic 7");
      const source = await bytesAt(`${stack.emulator.url}/media/generated/7.png`);
      expect(sha256(await bytesAt(token.image))).toBe(sha256(source));
    }
    const job = must(await stack.client.job(`${batch.id}:8`));
    expect(job).toMatchObject({ tokenId: "7", publicUrl: `${baseUri}7`, outcome: "created" });

    const writes = calls.filter(({ method }) =>
      /^(CreateToken|CreateAsset|UploadAsset|UpdateToken)$/.test(method),
    );
    expect(writes).toHaveLength(100);
    expect(calls.filter(({ method }) => method === "GetCollection")).toHaveLength(1);
  });

  it("sent again is unchanged without a single call", async () => {
    const collection = must(await stack.client.createCollection({ name: "Again" }));
    const file = generatedCsv(stack.emulator, 5);
    await run(file, { collectionId: String(collection.id) });
    const before = (await stack.emulator.calls(collection.id)).filter(({ tokenId }) => tokenId !== null);
    const again = await run(file, { collectionId: String(collection.id) });
    expect(again).toMatchObject({ state: "finished", outcomes: { unchanged: 5 }, jobs: { completed: 5 } });
    const after = (await stack.emulator.calls(collection.id)).filter(({ tokenId }) => tokenId !== null);
    expect(after).toHaveLength(before.length);
  });

  it("is staged, published later, verified after somebody tampered with it, and taken back", async () => {
    const { client, emulator } = stack;
    const { id: collectionId } = must(await client.createCollection({ name: "Later" }));
    must(await client.publishCollection(collectionId));
    const query = { collectionId: String(collectionId), publish: "false" };
    const staged = await run(generatedCsv(emulator, 12), query);
    const publicly = async () =>
      (await emulator.seePublic(`/projects/1/collections/${collectionId}/tokens/3`)).status;
    expect([staged.publish, await publicly()]).toEqual([false, 404]);

    const follow = async (verb: "publish" | "unpublish" | "verify") =>
      untilResting(client, must(await client.followUp(staged.id, verb)).id);
    expect(await follow("publish")).toMatchObject({ state: "finished", outcomes: { updated: 12 } });
    expect(await publicly()).toBe(200);

    await emulator.rpc("DeleteToken", { collectionId, tokenId: "3" });
    const verify = await follow("verify");
    expect(verify).toMatchObject({ state: "finished", jobs: { completed: 12 }, drifts: 1 });
    const drifts = must(await client.drifts(staged.id)).items;
    expect(drifts).toMatchObject([{ tokenId: "3", field: "token", got: "nothing" }]);

    const back = await follow("unpublish");
    expect(back).toMatchObject({ outcomes: { updated: 11 }, jobs: { dead: 1 } });
    expect(
      (await emulator.calls(collectionId)).filter(({ method }) => method === "UploadAsset"),
    ).toHaveLength(12);
  });

  it("goes on after its media is mended: a dead letter, its reason, its replay", async () => {
    const collection = must(await stack.client.createCollection({ name: "Mended" }));
    const file = csv("tokenId,name,image", [`1,Lost,${stack.emulator.url}/media/generated/lost.png`]);
    await stack.emulator.setFaults({
      id: "lost",
      where: { method: "Media", pathIncludes: "lost.png" },
      what: { kind: "status", status: 404, body: "text" },
    });
    const batch = await run(file, { collectionId: String(collection.id) });
    expect(batch).toMatchObject({ state: "finished", jobs: { dead: 1 } });
    const { items } = must(await stack.client.deadLetters({ batchId: batch.id }));
    expect(items).toMatchObject([{ line: 2, step: "upload-asset", httpStatus: 404 }]);
    const letter = must(await stack.client.deadLetter(`${batch.id}:2`));
    expect(letter.response?.url).toContain("lost.png");

    await stack.emulator.clearFaults("lost");
    const replay = must(await stack.client.replayDeadLetters({ filter: { batchId: batch.id } }));
    expect(replay).toMatchObject({ selected: 1 });
    const done = await untilResting(stack.client, batch.id);
    expect(done).toMatchObject({ state: "finished", jobs: { completed: 1, dead: 0 } });
    const methods = (await stack.emulator.calls(collection.id))
      .filter(({ tokenId }) => tokenId === "1")
      .map(({ method }) => method);
    expect(methods).toEqual(["GetToken", "CreateToken", "CreateAsset", "UploadAsset", "UpdateToken"]);
  });

  it("with art by name takes its bytes from the media set", async () => {
    const collection = must(await stack.client.createCollection({ name: "By name" }));
    const picture = new Uint8Array(readFileSync("test/fixtures/media/tiny.png"));
    must(await stack.client.putMedia("art", "deep/Dragon.PNG", picture));
    const batch = await run(csv("tokenId,name,image", ["1,Dragon,dragon.png"]), {
      collectionId: String(collection.id),
      mediaSet: "art",
    });
    expect(batch).toMatchObject({ state: "finished", jobs: { completed: 1 } });
    const job = must(await stack.client.job(`${batch.id}:2`));
    expect(job.assets[0]?.sha256).toBe(sha256(picture));
    const rendered = must(await stack.client.asset(collection.id, "1", "image"));
    expect(sha256(new Uint8Array(await rendered.arrayBuffer()))).toBe(sha256(picture));
  });
});

describe("what the guide promises", () => {
  it("a private token answers 404 to everybody and its bytes to the secret key, also after publishing", async () => {
    const collection = must(await stack.client.createCollection({ name: "Private" }));
    const file = generatedCsv(stack.emulator, 1);
    const batch = await run(file, { collectionId: String(collection.id), publish: "false" });
    expect(batch).toMatchObject({ state: "finished", jobs: { completed: 1 } });
    const { baseUri } = must(await stack.client.publishCollection(collection.id));
    const job = must(await stack.client.job(`${batch.id}:2`));
    expect(job.publicUrl).toBeNull();
    for (const address of [`${baseUri}1`, `${baseUri}1.json`, String(job.assets[0]?.url)]) {
      expect((await fetch(address)).status).toBe(404);
    }
    const rendered = must(await stack.client.asset(collection.id, "1", "image"));
    const source = await bytesAt(`${stack.emulator.url}/media/generated/1.png`);
    expect(sha256(new Uint8Array(await rendered.arrayBuffer()))).toBe(sha256(source));
  });

  it("attributes may be left blank, and decimals are 0 where nobody says otherwise", async () => {
    const collection = must(await stack.client.createCollection({ name: "Blank" }));
    const picture = `${stack.emulator.url}/media/generated/b.png`;
    const file = csv("tokenId,name,image,attributes,decimals", [
      `1,Blank,${picture},,`,
      `2,Six,${picture},,6`,
    ]);
    await run(file, { collectionId: String(collection.id) });
    const one = await stack.emulator.getToken(collection.id, "1");
    expect(one.token?.attributes ?? []).toEqual([]);
    expect(one.token?.decimals ?? 0).toBe(0);
    expect((await stack.emulator.getToken(collection.id, "2")).token?.decimals).toBe(6);
  });
});

describe("validation before the first write", () => {
  it("finds an unknown collection with 500 rows in under 5 s and writes nothing", async () => {
    const startedAt = Date.now();
    const batch = await run(generatedCsv(stack.emulator, 500), { collectionId: "999999" });
    expect(batch.state).toBe("invalid");
    expect(Date.now() - startedAt).toBeLessThan(5_000);
    const { items } = must(await stack.client.rowProblems(batch.id));
    expect(items.map(({ code }) => code)).toContain("collection.not_found");
    const calls = await stack.emulator.calls(999_999);
    expect(calls.map(({ method }) => method)).toEqual(["GetCollection"]);
  });

  it("stops at one bad row by default, and runs the good ones with onInvalid=skip", async () => {
    const collection = must(await stack.client.createCollection({ name: "Bad row" }));
    const collectionId = String(collection.id);
    const picture = `${stack.emulator.url}/media/generated/p.png`;
    const file = csv("tokenId,name,image", [`1,Good,${picture}`, `-2,Bad,${picture}`, `3,,${picture}`]);
    const stopped = await run(file, { collectionId });
    expect(stopped).toMatchObject({ state: "invalid", rows: { total: 3, valid: 1, invalid: 2 } });
    expect((await stack.emulator.calls(collection.id)).filter(({ tokenId }) => tokenId)).toEqual([]);
    const skipped = await run(file, { collectionId, onInvalid: "skip" });
    expect(skipped).toMatchObject({ state: "finished", jobs: { completed: 1 }, rows: { invalid: 2 } });
  });
});

describe("a collection that is deleted half-way", () => {
  it("halts the batch with nothing dead", async () => {
    const collection = must(await stack.client.createCollection({ name: "Doomed" }));
    await stack.emulator.setFaults({
      id: "slow",
      where: { collectionId: collection.id },
      what: { kind: "latency", ms: 30 },
    });
    const { id } = await submit(generatedCsv(stack.emulator, 200), { collectionId: String(collection.id) });
    await untilBatch(stack.client, id, ({ jobs }) => jobs.completed >= 20);
    await stack.emulator.rpc("DeleteCollection", { collectionId: collection.id });
    const batch = await untilResting(stack.client, id);
    expect(batch).toMatchObject({ state: "halted", halted: { code: "collection.not_found" } });
    expect(batch.jobs.dead).toBe(0);
    await stack.emulator.clearFaults("slow");
  });
});

describe("secrets", () => {
  it("stand in no log", () => {
    expect(stack.logs()).not.toMatch(/eyJ[\w-]+\.[\w-]+\./);
  });
});
