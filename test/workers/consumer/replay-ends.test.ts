/** How replays end: at rest in a paused batch, aborted, with rows that died again; and rows that nobody replays. */
import { describe, expect, test } from "vitest";
import { sql } from "../../../shared/store/db.ts";
import {
  agreed,
  api,
  bad,
  edit,
  emulator,
  good,
  linesOf,
  replay,
  results,
  tokenOf,
} from "../../support/mending.ts";
import { batchOf, carryOn, db, runBatch } from "../../support/pipeline.ts";
import { producer } from "../../support/producer.ts";

describe("a replay", () => {
  const file = `token_id,name,image\n1,One,${bad("s1")}\n2,Two,${bad("s2")}\n3,Three,${good("s3")}\n`;

  test("of a paused batch rests until the batch is resumed; aborted, all is as it was", async () => {
    const collectionId = await emulator.makeCollection(true);
    const id = await runBatch(file, { collectionId });
    await db.run(sql("UPDATE batches SET state = 'paused', finished_at = NULL WHERE id = ?1", id));
    const { body } = await api.post("/v1/dead-letters/replay", { filter: { batchId: id } });
    expect(body).toMatchObject({ state: "running", selected: 2, resting: 2 });
    await carryOn();
    expect(await batchOf(id)).toMatchObject({ state: "paused", pending: 2, dead: 0 });
    const before = await linesOf(`batchId=${id}`);
    expect(before).toEqual([]);
    const aborted = await api.post(`/v1/replays/${body.id}/abort`);
    expect(aborted.body).toMatchObject({ state: "aborted", left: 2, waiting: 0, done: 0, resting: 0 });
    expect(await linesOf(`batchId=${id}`)).toEqual([3, 2]);
    expect(await batchOf(id)).toMatchObject({ pending: 0, dead: 2 });
    expect((await api.ask(`/v1/jobs/${id}:2`)).body).toMatchObject({
      state: "dead",
      error: { code: "media.not_found", httpStatus: 404, retryable: false },
    });
    expect((await api.post(`/v1/replays/${body.id}/abort`)).body).toMatchObject({
      state: "aborted",
      left: 2,
    });
    await api.post(`/v1/batches/${id}/resume`);
    expect(await batchOf(id)).toMatchObject({ state: "finished" });
    await agreed(id);
    expect((await api.post("/v1/replays/rep_none/abort")).body.code).toBe("replay.not_found");
  });

  test("aborted before its jobs begin ends the batch that it had set running", async () => {
    const collectionId = await emulator.makeCollection(true);
    const id = await runBatch(file, { collectionId });
    const slow = producer({ MEDIA_PRIVATE_HOSTS: emulator.host });
    const { body } = await slow.post("/v1/dead-letters/replay", { filter: { batchId: id }, perSecond: 1 });
    expect(body).toMatchObject({ state: "running", selected: 2, waiting: 1, perSecond: 1 });
    expect(slow.sent.intake).toEqual([{ v: 1, r: body.id }]);
    // The first has its message: it goes on, and dies again by itself.
    expect((await api.post(`/v1/replays/${body.id}/abort`)).body).toMatchObject({
      state: "aborted",
      left: 1,
    });
    await db.run(sql("UPDATE jobs SET state = 'pending' WHERE batch_id = ?1 AND state = 'queued'", id));
    await db.run(sql("UPDATE batches SET pending = pending + queued, queued = 0 WHERE id = ?1", id));
    expect((await api.post(`/v1/replays/${body.id}/abort`)).body).toMatchObject({ left: 2, done: 0 });
    expect(await batchOf(id)).toMatchObject({ state: "finished", dead: 2, completed: 1 });
    await db.run(sql("DELETE FROM dispatches WHERE batch_id = ?1", id));
    await agreed(id);
  });

  test("counts what failed again for itself, whatever is replayed after it, and ends once", async () => {
    const collectionId = await emulator.makeCollection(true);
    const id = await runBatch(file, { collectionId });
    const first = await replay({ batchId: id });
    expect(first).toMatchObject({ state: "finished", selected: 2, done: 2, completed: 0, deadAgain: 2 });
    expect(first.endedAt).not.toBeNull();
    await edit(`${id}:2`, { image: good("s1") });
    expect(await replay({ batchId: id })).toMatchObject({ selected: 2, completed: 1, deadAgain: 1 });
    expect((await api.ask(`/v1/replays/${first.id}`)).body).toEqual(first);
    expect((await api.post(`/v1/replays/${first.id}/abort`)).body.code).toBe("replay.wrong_state");
    const listed = await api.ask("/v1/replays?limit=1");
    expect(listed.body.items[0]).toMatchObject({ selected: 2, completed: 1 });
    await agreed(id);
  });
});

test("letters of one cause are one group, whose fingerprint replays them and no others", async () => {
  const collectionId = await emulator.makeCollection(true);
  const gone = [1, 2, 3].map((n) => `${n},Relic ${n},${bad(`g${n}`)}\n`).join("");
  await emulator.makeToken(collectionId, "4", "Theirs");
  const id = await runBatch(`token_id,name,image\n${gone}4,Four,${good("g4")}\n`, { collectionId });
  const { body } = await api.ask(`/v1/dead-letters/groups?batchId=${id}`);
  expect(body.items).toMatchObject([
    { code: "media.not_found", count: 3, host: emulator.host, httpStatus: 404, step: "upload-asset" },
    { code: "token.exists", count: 1, host: null, step: "create-token" },
  ]);
  expect(body.items[0]?.message).toContain("Expected a media file at <url>, got 404");
  expect(body.items[0]?.sampleJobIds).toEqual([`${id}:4`, `${id}:2`]);
  const { fingerprint } = body.items[1] ?? {};
  expect(await linesOf(`batchId=${id}&fingerprint=${fingerprint}`)).toEqual([5]);
  expect(await replay({ batchId: id, fingerprint })).toMatchObject({ selected: 1, deadAgain: 1 });
  await agreed(id, [{ collectionId, tokenId: "4" }]);
});

test("a discarded row stays failed, is kept, and is neither listed nor replayed", async () => {
  const collectionId = await emulator.makeCollection(true);
  const id = await runBatch(`token_id,name,image\n1,One,${bad("d1")}\n2,Two,${bad("d2")}\n`, {
    collectionId,
  });
  const operator = await tokenOf("operator");
  const as = { headers: { authorization: "Bearer t", "content-type": "application/json" } };
  const filter = { jobIds: [`${id}:2`] };
  const refused = await operator.post("/v1/dead-letters/discard", undefined, {
    ...as,
    body: JSON.stringify({ filter }),
  });
  expect(refused.body.code).toBe("auth.forbidden");
  expect((await api.post("/v1/dead-letters/discard", { filter, dryRun: true })).body).toEqual({
    selected: 1,
    discarded: 0,
  });
  expect((await api.post("/v1/dead-letters/discard", { filter })).body).toEqual({
    selected: 1,
    discarded: 1,
  });
  expect(await linesOf(`batchId=${id}`)).toEqual([3]);
  expect(await linesOf(`batchId=${id}&state=discarded`)).toEqual([2]);
  expect((await api.ask(`/v1/dead-letters/groups?batchId=${id}`)).body.items).toMatchObject([{ count: 1 }]);
  expect((await edit(`${id}:2`, { name: "x" })).body.code).toBe("dead_letter.wrong_state");
  expect(await replay({ batchId: id })).toMatchObject({ selected: 1, deadAgain: 1 });
  expect(await batchOf(id)).toMatchObject({ state: "finished", dead: 2 });
  expect(await results(id, "failed")).toContain(`1,One,${bad("d1")},2,dead,1,`);
  await agreed(id);
});
