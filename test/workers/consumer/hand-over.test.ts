/** Locally, where one delivery follows the other: it is answered before its slowest job is done, and that is not lost. */
import { expect, it } from "vitest";
import { db, deliver, queuedBatch } from "../../support/consumer.ts";
import { counters, readBatch } from "../../support/rows.ts";

const LOCAL = { STARTED_AT: "1", JOB_CONCURRENCY: "8" };

async function withOneSlowJob() {
  const queued = await queuedBatch({ rows: 4 });
  const { emulator, collectionId } = queued;
  const where = { collectionId, method: "CreateToken", tokenId: "5" };
  await emulator.setFaults({ where, what: { kind: "latency", ms: 700 } });
  return queued;
}

it("the message of a job that is still running comes again, and finds it on record", async () => {
  const { id, keys, emulator, collectionId } = await withOneSlowJob();
  const said = await deliver(keys, { variables: LOCAL });
  expect(said).toMatchObject({ outcome: "ok", retried: [`${id}:5`] });
  expect(said.acked).toHaveLength(3);
  // The support waits for what outlives the delivery.
  expect(await readBatch(db, id)).toMatchObject({ state: "finished", completed: 4 });
  const calls = (await emulator.calls(collectionId)).length;
  const again = await deliver(keys.slice(-1), { variables: LOCAL });
  expect(again).toMatchObject({ acked: [`${id}:5`], retried: [] });
  expect(await emulator.calls(collectionId)).toHaveLength(calls);
});

it("in production it is seen to its end", async () => {
  const { id, keys } = await withOneSlowJob();
  const said = await deliver(keys, { variables: { JOB_CONCURRENCY: "8" } });
  expect(said).toMatchObject({ retried: [] });
  expect(said.acked).toHaveLength(4);
  expect(await counters(db, id)).toMatchObject({ stored: { completed: 4 } });
});

it("a failure of the last job is recorded, and its next attempt sent, like any other", async () => {
  const { id, keys, emulator, collectionId } = await queuedBatch({ rows: 4 });
  const where = { collectionId, method: "CreateToken", tokenId: "5" };
  await emulator.setFaults(
    { where, what: { kind: "latency", ms: 500 } },
    { where, what: { kind: "status", status: 500 } },
  );
  const sent: unknown[] = [];
  const JOBS = { sendBatch: async (messages: Iterable<{ body: unknown }>) => void sent.push(...messages) };
  const said = await deliver(keys, { variables: LOCAL, env: { JOBS: JOBS as never } });
  expect(said.retried).toEqual([`${id}:5`]);
  expect(await counters(db, id)).toMatchObject({ stored: { completed: 3, retryable: 1 } });
  expect(sent).toMatchObject([{ body: { v: 1, b: id, l: 5 } }]);
});
