/**
 * Random interleavings of everything that moves jobs, seeded, over batches that share their tokens. After each move
 * the counters must say what the jobs are; at the end, once nobody hinders it any more, every job must reach a
 * final state by what the sweep and the consumer do of themselves.
 */
import { expect, test } from "vitest";
import { type JobKey, NO_OUTPUTS } from "../../../shared/job/job.ts";
import { cancelBatch, pauseBatch, resumeBatch } from "../../../shared/store/batch-control.ts";
import { finishIdleBatches, listCancelledWithOpenJobs } from "../../../shared/store/batches.ts";
import type { ClaimedJob } from "../../../shared/store/claim.ts";
import { sql } from "../../../shared/store/db.ts";
import { listStaleDispatches, queueDueJobs, requeueStale } from "../../../shared/store/dispatches.ts";
import { findLostLeases } from "../../../shared/store/leases.ts";
import { cancelJobs, putBackJobs, rescueJobs } from "../../../shared/store/release.ts";
import { countReplayable, replayJobs } from "../../../shared/store/replays.ts";
import { argsOf, readBatch, readJobs, seedBatch } from "../../support/rows.ts";
import {
  agreed,
  claim,
  clock,
  db,
  dead,
  type Held,
  nextId,
  queue,
  released,
  settle,
  settlement,
  TARGET,
} from "../../support/store.ts";

/** Mulberry32: small, seeded, good enough to mix. */
function dice(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const LOST_MS = 120_000;

/** What the sweep does, at the store. @returns the keys whose messages it would send. */
async function sweepStore(): Promise<JobKey[]> {
  const { now } = clock;
  const keys: JobKey[] = [];
  for (const leaseId of await findLostLeases(db, { target: TARGET, now, startedAt: 0, limit: 100 })) {
    keys.push(...(await rescueJobs(db, { leaseId, now, startedAt: 0 })));
  }
  const before = now - LOST_MS;
  for (const one of await listStaleDispatches(db, { target: TARGET, before, startedAt: 0, limit: 100 })) {
    keys.push(...(await requeueStale(db, { ...one, now, before, startedAt: 0 })));
  }
  const due = { target: TARGET, dispatchId: nextId(), now, startedAt: 0, limit: 100 };
  keys.push(...(await queueDueJobs(db, { ...due, delayedMessageMs: 60_000, lostMs: LOST_MS })));
  for (const batchId of await listCancelledWithOpenJobs(db, TARGET)) {
    await cancelJobs(db, { batchId, now, limit: 3 });
  }
  await finishIdleBatches(db, { target: TARGET, now });
  return keys;
}

async function replay(batchId: string): Promise<void> {
  const { newestLetter } = await countReplayable(db, TARGET, { batchId });
  const id = nextId();
  await replayJobs(db, { id, target: TARGET, filter: { batchId }, newestLetter, now: clock.now });
}

const HALTED = { code: "key.refused", message: "m", next: "n" };

test.each(Array.from({ length: 6 }, (_, seed) => seed))("seed %i", async (seed) => {
  const roll = dice(seed);
  const pick = <T>(items: readonly T[]): T | undefined => items[roll(Math.max(1, items.length))];
  clock.now += 10_000_000;
  const args = (line: number) => argsOf(line);
  const batches = await Promise.all(
    [7, 5, 6].map((rows) => seedBatch(db, { rows, args, collectionId: 9_000 + seed })),
  );
  await db.run(sql("UPDATE batches SET trial_left = 2 WHERE id = ?1", batches[2] ?? ""));
  const mail: JobKey[] = [];
  const holders: Held[] = [];
  const aim = () => ({ target: TARGET, id: pick(batches) ?? "", now: clock.now });

  const verdict = (job: ClaimedJob) => {
    const waits = { outcome: null, scheduledAt: clock.now + roll(2) * 90_000 + 1_000, attempt: job.attempt };
    switch (roll(7)) {
      case 0:
        return dead(job);
      case 1:
        return released(job);
      case 2:
        return settlement(job, { state: "retryable", outputs: NO_OUTPUTS, ...waits });
      case 3:
        return settlement(job, { state: "snoozed", outputs: NO_OUTPUTS, ...waits });
      default:
        return settlement(job);
    }
  };
  const moves: (() => Promise<unknown>)[] = [
    async () => mail.push(...(await queue(aim().id, 1 + roll(4)))),
    async () => mail.push(...(await queue(aim().id, 1 + roll(4)))),
    // Some messages come twice, some never.
    async () => {
      const keys = Array.from({ length: 1 + roll(4) }, () => pick(mail)).filter((key) => key !== undefined);
      holders.push(await claim(keys));
    },
    async () => mail.splice(roll(mail.length + 1), roll(3)),
    async () => {
      const held = pick(holders);
      if (!held) return;
      const some = held.jobs.filter(() => roll(4) > 0).map(verdict);
      const halts =
        roll(8) === 0
          ? held.jobs
              .slice(0, 1)
              .map(({ batch }) => ({ batchId: batch.id, runEpoch: batch.runEpoch, halted: HALTED }))
          : [];
      await settle(held.leaseId, some, { last: roll(2) === 0, halts });
    },
    async () =>
      putBackJobs(db, { keys: mail.slice(0, 3), target: TARGET, now: clock.now, onlyStopped: roll(3) > 0 }),
    async () => pauseBatch(db, aim()),
    async () => resumeBatch(db, aim()),
    async () => resumeBatch(db, aim()),
    async () => replay(aim().id),
    async () => {
      clock.now += roll(3) * 40_000;
    },
    async () => mail.push(...(await sweepStore())),
    async () => (roll(12) === 0 ? cancelBatch(db, aim()) : null),
  ];
  for (let step = 0; step < 100; step += 1) {
    await pick(moves)?.();
    for (const id of batches) await agreed(id);
  }

  // From here on nobody interferes; every message that is still on its way is lost.
  mail.length = 0;
  for (let round = 0; round < 30; round += 1) {
    clock.now += 130_000;
    mail.push(...(await sweepStore()));
    for (const id of batches) {
      if (["paused", "halted"].includes(String((await readBatch(db, id)).state))) {
        await resumeBatch(db, { target: TARGET, id, now: clock.now });
      }
      mail.push(...(await queue(id, 3)));
    }
    const { leaseId, jobs } = await claim(mail.splice(0));
    await settle(
      leaseId,
      jobs.map((job) => settlement(job)),
    );
  }
  for (const id of batches) {
    const batch = await readBatch(db, id);
    expect(["finished", "cancelled"]).toContain(batch.state);
    const counts = await agreed(id);
    expect(
      Object.keys(counts).filter((state) => !["completed", "dead", "cancelled"].includes(state)),
    ).toEqual([]);
    const deadJobs = (await readJobs(db, id)).filter(({ state }) => state === "dead").map(({ line }) => line);
    const { rows } = await db.run(
      sql("SELECT line FROM dead_letters WHERE batch_id = ?1 AND state = 'open' ORDER BY line", id),
    );
    expect(rows.map(({ line }) => line)).toEqual(deadJobs);
  }
  const left = await findLostLeases(db, { target: TARGET, now: clock.now + 1e9, startedAt: 0, limit: 100 });
  expect(left).toEqual([]);
});
