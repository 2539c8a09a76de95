/**
 * Every message three times: two at once, in deliveries of different make-up, and one late. The local broker
 * delivers nearly one batch at a time, so the races are made here, by calling the consumer several times at once.
 */
import { describe, expect, it } from "vitest";
import type { JobKey } from "../../../shared/job/job.ts";
import { db, deliver, queuedBatch } from "../../support/consumer.ts";
import { violationsIn } from "../../support/invariants.ts";
import { counters } from "../../support/rows.ts";

/** `npm run chaos` asks for more. */
const JOBS = Number(import.meta.env.VITE_THREE_TIMES_JOBS ?? 100);
/** Messages of one delivery, and how many of them are thrown together: four deliveries then run at once. */
const DELIVERY = 10;
const TOGETHER = 2 * DELIVERY;
/** So many rounds later the third copy comes, in the midst of other work. */
const LATE_BY = 2;

declare module "vitest" {
  interface TaskMeta {
    /** For whoever prints what was measured. */
    measured?: { jobs: number; messages: number; sequenceCalls: number; violations: number };
  }
}

describe.each(["conflict", "endpoint", "overwrite"] as const)("every message three times, %s", (mode) => {
  it(`publishes ${JOBS} rows once each, with at most a tenth more calls`, { timeout: 60_000 }, async ({
    task,
  }) => {
    const { id, keys, emulator, collectionId } = await queuedBatch({ rows: JOBS, mode });
    const mix = shuffler(7);
    const rounds = cut(keys, TOGETHER);
    let messages = 0;
    for (let round = 0; round < rounds.length + LATE_BY; round += 1) {
      const now = rounds[round] ?? [];
      const late = rounds[round - LATE_BY] ?? [];
      const deliveries = [now, mix(now), mix(late)].flatMap((copy) => cut(copy, DELIVERY));
      messages += deliveries.flat().length;
      const said = await Promise.all(deliveries.map((delivery) => deliver(delivery, { mode })));
      expect(said.flatMap(({ retried }) => retried)).toEqual([]);
    }

    const violations = await violationsIn(db, { batchIds: [id], mode });
    const sequenceCalls = (await emulator.calls(collectionId)).length;
    task.meta.measured = { jobs: JOBS, messages, sequenceCalls, violations: violations.length };
    expect(violations).toEqual([]);
    expect(messages).toBe(3 * JOBS);
    expect(sequenceCalls).toBeLessThanOrEqual(1.1 * 4 * JOBS);
    expect((await counters(db, id)).stored).toEqual({ completed: JOBS });
  });
});

const cut = (keys: readonly JobKey[], size: number): JobKey[][] =>
  Array.from({ length: Math.ceil(keys.length / size) }, (_, index) =>
    keys.slice(index * size, (index + 1) * size),
  );

/** In another order each time, and in the same orders in every run. */
function shuffler(seed: number): (keys: readonly JobKey[]) => JobKey[] {
  let state = seed;
  const next = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state;
  };
  return (keys) =>
    keys
      .map((key) => ({ key, at: next() }))
      .sort((a, b) => a.at - b.at)
      .map(({ key }) => key);
}
