/** A call whose answer got lost is made again, and meanwhile much may have happened: it must not undo it. */
import { expect, it } from "vitest";
import { cancelBatch } from "../../../shared/store/batch-control.ts";
import { queueDueJobs, queueJobs } from "../../../shared/store/dispatches.ts";
import { cancelJobs, putBackJobs } from "../../../shared/store/release.ts";
import { readBatch, readJobs, seedBatch } from "../../support/rows.ts";
import { agreed, claim, clock, db, nextId, queue, settle, settlement, TARGET } from "../../support/store.ts";

const putBack = (batchId: string, lines: readonly number[]) =>
  putBackJobs(db, {
    keys: lines.map((line) => ({ batchId, line })),
    target: TARGET,
    now: clock.now,
    onlyStopped: false,
  });

it("a send that is made again does not carry the cursor past what another send had put back", async () => {
  const id = await seedBatch(db, { rows: 2, collectionId: 8_001 });
  await queue(id, 1);
  const second = { batchId: id, dispatchId: nextId(), now: clock.now, limit: 1 };
  await queueJobs(db, second);
  await putBack(id, [2, 3]);
  await queueJobs(db, second);
  expect(await readBatch(db, id)).toMatchObject({ dispatch_line: 2, pending: 2 });
  expect((await queue(id)).map(({ line }) => line)).toEqual([2, 3]);
  await agreed(id);
});

it("a send that is made again sends nothing of a batch that was cancelled, where no one would cancel it", async () => {
  const id = await seedBatch(db, { rows: 2, collectionId: 8_002 });
  const send = { batchId: id, dispatchId: nextId(), now: clock.now, limit: 2 };
  await queueJobs(db, send);
  await putBack(id, [2, 3]);
  await cancelBatch(db, { target: TARGET, id, now: clock.now });
  expect(await queueJobs(db, send)).toEqual([]);
  expect(await cancelJobs(db, { batchId: id, now: clock.now, limit: 10 })).toBe(2);
  expect(await agreed(id)).toEqual({ cancelled: 2 });
});

it("a send of due jobs that is made again leaves alone what waits once more", async () => {
  const id = await seedBatch(db, { rows: 1, collectionId: 8_003 });
  const snoozed = (seconds: number) => ({
    state: "snoozed" as const,
    outcome: null,
    attempt: 0,
    scheduledAt: clock.now + seconds * 1_000,
  });
  const run = async (keys: Awaited<ReturnType<typeof queue>>) => {
    const { leaseId, jobs } = await claim(keys);
    await settle(
      leaseId,
      jobs.map((job) => settlement(job, snoozed(90))),
    );
  };
  await run(await queue(id));
  clock.now += 91_000;
  const times = { target: TARGET, startedAt: 0, delayedMessageMs: 60_000, lostMs: 120_000, limit: 10 };
  const round = { ...times, dispatchId: nextId(), now: clock.now };
  await run(await queueDueJobs(db, round));
  expect(await queueDueJobs(db, round)).toEqual([]);
  expect((await readJobs(db, id)).map(({ state }) => state)).toEqual(["snoozed"]);
});
