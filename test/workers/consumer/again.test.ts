/** Submitting again: only what is not there yet, or has changed, is written, and no token is doubled or hidden. */
import { describe, expect, test } from "vitest";
import { resumeBatch } from "../../../shared/store/batch-control.ts";
import { emulatorIn } from "../../support/consumer.ts";
import { batchOf, carryOn, db, putPicture, runBatch } from "../../support/pipeline.ts";
import { producer, target } from "../../support/producer.ts";

const emulator = emulatorIn();
const api = producer();

const WRITES = ["CreateToken", "CreateAsset", "UploadAsset", "UpdateToken"];
/** How many calls of each kind there were, from the `from`th on. */
async function counted(collectionId: number, from = 0): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { method } of (await emulator.calls(collectionId)).slice(from)) {
    counts[method] = (counts[method] ?? 0) + 1;
  }
  return counts;
}
const writes = (counts: Record<string, number>): number =>
  WRITES.reduce((sum, method) => sum + (counts[method] ?? 0), 0);
const callsSoFar = async (collectionId: number): Promise<number> =>
  (await emulator.calls(collectionId)).length;
const failedFile = async (id: string): Promise<string> =>
  (await api.ask(`/v1/batches/${id}/results/failed.csv`)).text;

test("a trial of 10 of 100 publishes 10 and pauses; resumed, 100, in 400 writes", async () => {
  const collectionId = await emulator.makeCollection(true);
  await putPicture("trial", "a.png", 1);
  const rows = Array.from({ length: 100 }, (_, n) => `${n + 1},Relic ${n + 1},a.png\n`);
  const id = await runBatch(`tokenId,name,image\n${rows.join("")}`, {
    collectionId,
    options: { first: 10, mediaSet: "trial" },
  });
  expect(await batchOf(id)).toMatchObject({
    state: "paused",
    completed: 10,
    pending: 90,
    waiting: { reason: "trial" },
  });
  expect(writes(await counted(collectionId))).toBe(40);
  await resumeBatch(db, { target: target(), id, now: Date.now() });
  await carryOn();
  expect(await batchOf(id)).toMatchObject({ state: "finished", completed: 100, created: 100, dead: 0 });
  expect(writes(await counted(collectionId))).toBe(400);
}, 60_000);

test("of a file without ids the failed rows, sent again, make the tokens that were missing", async () => {
  const collectionId = await emulator.makeCollection(true);
  await putPicture("idless", "a.png", 1);
  // Some of them alike: only their number tells them apart.
  const rows = Array.from({ length: 100 }, (_, n) => `Relic ${n % 90},a.png\n`);
  const file = `name,image\n${rows.join("")}`;
  const given = { collectionId, options: { mediaSet: "idless" } };
  await emulator.setFaults({
    id: "ten",
    times: 10,
    where: { collectionId, method: "CreateToken" },
    what: { kind: "refuse", error: "ValidationFailed" },
  });
  const first = await runBatch(file, given);
  expect(await batchOf(first)).toMatchObject({ state: "finished", completed: 90, dead: 10 });
  await emulator.clearFaults("ten");

  const second = await runBatch(await failedFile(first), given);
  expect(await batchOf(second)).toMatchObject({ state: "finished", rows_valid: 10, created: 10 });
  const { collection } = (await emulator.rpc("GetCollection", { collectionId })) as {
    collection: { tokenCount: number };
  };
  expect(collection.tokenCount).toBe(100);

  const before = await callsSoFar(collectionId);
  const third = await runBatch(file, given);
  expect(await batchOf(third)).toMatchObject({ state: "finished", unchanged: 100 });
  expect(writes(await counted(collectionId, before))).toBe(0);
}, 60_000);

describe("changed art", () => {
  test("is uploaded, once a file, to the tokens that are there, and none is private meanwhile", async () => {
    const collectionId = await emulator.makeCollection(true);
    const names = Array.from({ length: 40 }, (_, n) => `${n + 1}.png`);
    for (const name of names) await putPicture("art", name, 1);
    const file = `tokenId,name,image\n${names.map((name, n) => `${n + 1},Relic ${n + 1},${name}\n`).join("")}`;
    const given = { collectionId, options: { mediaSet: "art" } };
    await runBatch(file, given);
    for (const name of names.slice(0, 6)) await putPicture("art", name, 2);
    const before = await callsSoFar(collectionId);
    const id = await runBatch(file, given);
    expect(await batchOf(id)).toMatchObject({ state: "finished", unchanged: 34, updated: 6, created: 0 });
    const counts = await counted(collectionId, before);
    expect(counts).toEqual({ GetCollection: 1, GetToken: 6, UploadAsset: 6, UpdateToken: 6 });
    const calls = (await emulator.calls(collectionId)).slice(before);
    expect(calls.filter(({ isPrivate }) => isPrivate)).toEqual([]);
    const { assets } = await emulator.getToken(collectionId, "1");
    expect(assets).toHaveLength(1);
  }, 60_000);
});

test("a row of which only the words changed updates its token and sends no media, from a set or from a URL", async () => {
  const collectionId = await emulator.makeCollection(true);
  await putPicture("words", "a.png", 1);
  const given = { collectionId, options: { mediaSet: "words" } };
  const url = `${emulator.url}/media/generated/${collectionId}.png`;
  const file = (word: string): string =>
    `tokenId,name,image,description\n1,A,a.png,${word}\n2,B,${url},${word}\n3,C,a.png,same\n`;
  await runBatch(file("old"), given);
  const before = await callsSoFar(collectionId);
  const id = await runBatch(file("new"), given);
  expect(await batchOf(id)).toMatchObject({ state: "finished", unchanged: 1, updated: 2 });
  expect(await counted(collectionId, before)).toEqual({ GetCollection: 1, GetToken: 2, UpdateToken: 2 });
  expect((await emulator.getToken(collectionId, "2")).token).toMatchObject({ description: "new" });
});
