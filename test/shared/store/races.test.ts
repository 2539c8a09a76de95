/** Interleavings: what two do to the same jobs at once, or one after another in an order that nobody planned. */
import { beforeEach, describe, expect, it } from "vitest";
import { shareWindow } from "../../../shared/dispatch.ts";
import type { JobKey } from "../../../shared/job/job.ts";
import { resumeBatch } from "../../../shared/store/batch-control.ts";
import { finishIdleBatches } from "../../../shared/store/batches.ts";
import { explainRefusals } from "../../../shared/store/claim.ts";
import { sql } from "../../../shared/store/db.ts";
import { listDispatchable, queueJobs } from "../../../shared/store/dispatches.ts";
import { findLostLeases, renewLease } from "../../../shared/store/leases.ts";
import { putBackJobs, rescueJobs } from "../../../shared/store/release.ts";
import { replayJobs } from "../../../shared/store/replays.ts";
import { readBatch, readJobs, seedBatch } from "../../support/rows.ts";
import {
  agreed,
  claim,
  clock,
  db,
  dead,
  queue,
  released,
  settle,
  settlement,
  TARGET,
} from "../../support/store.ts";

let collectionId = 5_000;
beforeEach(() => {
  clock.now += 1_000_000;
  collectionId += 1;
});

const batch = (given: Parameters<typeof seedBatch>[1] = {}) => seedBatch(db, { collectionId, ...given });
const lost = () => findLostLeases(db, { target: TARGET, now: clock.now, startedAt: 0, limit: 1_000 });
const set = (batchId: string, what: string) =>
  db.run(sql(`UPDATE batches SET ${what} WHERE id = ?1`, batchId));
const only = <T>([one]: readonly T[]): T => {
  if (one === undefined) throw new Error("expected one");
  return one;
};

describe("a lease", () => {
  it("outlives a delivery that could not record all its outcomes, so that the rest is rescued", async () => {
    const id = await batch({ rows: 2 });
    const { leaseId, jobs } = await claim(await queue(id));
    await settle(leaseId, [settlement(only(jobs))], { last: true });
    clock.now += 61_000;
    expect(await lost()).toContain(leaseId);
    expect(await rescueJobs(db, { leaseId, now: clock.now, startedAt: 0 })).toHaveLength(1);
    expect(await agreed(id)).toEqual({ completed: 1, retryable: 1 });
  });

  it("that its holder renewed after the sweep had found it lost keeps its jobs", async () => {
    const id = await batch({ rows: 1 });
    const { leaseId } = await claim(await queue(id));
    clock.now += 61_000;
    expect(await lost()).toContain(leaseId);
    const renewal = { id: leaseId, now: clock.now - 2_000, expiresAt: clock.now + 58_000, batchIds: [id] };
    expect(await renewLease(db, renewal)).not.toBeNull();
    expect(await rescueJobs(db, { leaseId, now: clock.now, startedAt: 0 })).toEqual([]);
    expect(await agreed(id)).toEqual({ running: 1 });
    expect(await lost()).not.toContain(leaseId);
  });
});

describe("a token that another job has worked on meanwhile", () => {
  const uploaded = {
    token: "created" as const,
    sent: false,
    published: false,
    assets: [{ field: "image" as const, id: 7, url: "u", sha256: "s", bytes: 1, contentType: "image/png" }],
  };
  const waiting = (key: JobKey) =>
    settlement(key, { state: "retryable", outcome: null, scheduledAt: clock.now, outputs: uploaded });

  it("no longer has this job's bytes, whatever its record says", async () => {
    const [one, two] = [await batch({ rows: 1 }), await batch({ rows: 1 })];
    const mine = await queue(one);
    const first = await claim(mine);
    await settle(first.leaseId, [waiting(only(mine))]);
    const theirs = await claim(await queue(two));
    await settle(theirs.leaseId, [settlement(only(theirs.jobs))]);
    const { outputs, firstTouch } = only((await claim(mine)).jobs);
    expect(firstTouch).toBe(false);
    expect(outputs.assets).toMatchObject([{ field: "image", id: 7, url: null, sha256: null }]);
  });

  it("still has them where nobody else was there", async () => {
    const mine = await queue(await batch({ rows: 1 }));
    await settle((await claim(mine)).leaseId, [waiting(only(mine))]);
    expect(only((await claim(mine)).jobs).outputs).toEqual(uploaded);
  });
});

describe("a trial", () => {
  const trial = async (rows: number, first: number) => {
    const id = await batch({ rows });
    await set(id, `trial_left = ${first}`);
    return id;
  };
  const wanted = async (id: string) =>
    shareWindow((await listDispatchable(db, TARGET)).batches.filter((one) => one.id === id));

  it("sends no more than its rows when two dispatch at once", async () => {
    const id = await trial(10, 3);
    const [one, two] = await Promise.all([queue(id, 3), queue(id, 3)]);
    expect(one.length + two.length).toBe(3);
    expect(await readBatch(db, id)).toMatchObject({ trial_left: 0, pending: 7, queued: 3 });
    await agreed(id);
  });

  it("counts a row that was put back as one that is still to be sent", async () => {
    const id = await trial(5, 2);
    const { leaseId, jobs } = await claim(await queue(id));
    await settle(leaseId, [settlement(only(jobs)), released(only(jobs.slice(1)))]);
    expect(await readBatch(db, id)).toMatchObject({ state: "running", trial_left: 1 });
    const keys = await queue(id);
    expect(keys).toMatchObject([{ line: 3 }]);
    await putBackJobs(db, { keys, target: TARGET, now: clock.now, onlyStopped: false });
    expect(await readBatch(db, id)).toMatchObject({ trial_left: 1, pending: 4 });
    expect(await queue(id)).toEqual(keys);
  });

  it("ends also when its last row was buried by a rescue: no settle comes to say so", async () => {
    const id = await trial(3, 1);
    const { leaseId } = await claim(await queue(id));
    await db.run(sql("UPDATE jobs SET rescues = 9 WHERE batch_id = ?1 AND line = 2", id));
    clock.now += 61_000;
    await rescueJobs(db, { leaseId, now: clock.now, startedAt: 0 });
    expect(await agreed(id)).toEqual({ dead: 1, pending: 2 });
    await finishIdleBatches(db, { target: TARGET, now: clock.now });
    const { state, waiting } = await readBatch(db, id);
    expect([state, JSON.parse(String(waiting)).reason]).toEqual(["paused", "trial"]);
  });

  it("goes on as a trial when it is resumed before its end, and not after", async () => {
    const id = await trial(5, 2);
    const { leaseId, jobs } = await claim(await queue(id));
    const halted = { code: "key.refused", message: "m", next: "n" };
    await settle(leaseId, jobs.map(released), { halts: [{ batchId: id, runEpoch: 0, halted }] });
    await resumeBatch(db, { target: TARGET, id, now: clock.now });
    expect(await queue(id)).toHaveLength(2);
    const again = await claim(jobs);
    await settle(
      again.leaseId,
      again.jobs.map((job) => settlement(job)),
    );
    expect(await readBatch(db, id)).toMatchObject({ state: "paused", completed: 2 });
    await resumeBatch(db, { target: TARGET, id, now: clock.now });
    expect(await queue(id)).toHaveLength(3);
  });

  it("that covered the whole file does not keep a replayed row from running", async () => {
    const id = await trial(2, 2);
    const { leaseId, jobs } = await claim(await queue(id));
    await settle(leaseId, jobs.map(dead));
    expect(await readBatch(db, id)).toMatchObject({ state: "finished", dead: 2 });
    const newestLetter = Number.MAX_SAFE_INTEGER;
    const replay = { id: `rep_${id}`, target: TARGET, filter: { batchId: id }, newestLetter, now: clock.now };
    expect(await replayJobs(db, replay)).toBe(2);
    expect(await wanted(id)).toEqual([{ id, share: 2 }]);
    expect(await queue(id)).toHaveLength(2);
    await agreed(id);
  });
});

describe("stopping", () => {
  it("puts back what it found stopped, and says what it did not: its message must come again", async () => {
    const id = await batch({ rows: 2 });
    const keys = await queue(id);
    const given = { keys, target: TARGET, now: clock.now, onlyStopped: true };
    expect(await putBackJobs(db, given)).toEqual([]);
    await set(id, "state = 'paused'");
    expect(await putBackJobs(db, given)).toEqual(keys);
    expect(await agreed(id)).toEqual({ pending: 2 });
  });

  it("counts a job once whose message came twice", async () => {
    const id = await batch({ rows: 2 });
    const keys = await queue(id);
    const twice = [...keys, ...keys];
    await putBackJobs(db, { keys: twice, target: TARGET, now: clock.now, onlyStopped: false });
    expect(await agreed(id)).toEqual({ pending: 2 });
  });

  it("by a cancel is for good: the message may go", async () => {
    const id = await batch({ rows: 1 });
    const keys = await queue(id);
    await set(id, "state = 'cancelled', finished_at = 1");
    const refusals = await explainRefusals(db, { keys, target: TARGET, leaseId: "none" });
    expect(refusals).toMatchObject([{ why: "final" }]);
  });
});

describe("the speed of a batch", () => {
  it("is measured anew after a replay and after a pause, and is never negative", async () => {
    const id = await batch({ rows: 20 });
    const { leaseId, jobs } = await claim(await queue(id));
    await settle(leaseId, jobs.map(dead));
    const newestLetter = Number.MAX_SAFE_INTEGER;
    await replayJobs(db, {
      id: `rep_${id}`,
      target: TARGET,
      filter: { batchId: id },
      newestLetter,
      now: clock.now,
    });
    clock.now += 3_000;
    const again = await claim(await queue(id));
    await settle(
      again.leaseId,
      again.jobs.slice(0, 1).map((job) => settlement(job)),
    );
    expect(Number((await readBatch(db, id)).rate_per_second)).toBeGreaterThanOrEqual(0);
  });
});

describe("an answer that got lost", () => {
  it("repeats no send: what was released meanwhile stays for the next one", async () => {
    const id = await batch({ rows: 4 });
    const given = { batchId: id, dispatchId: "lost", now: clock.now, limit: 4 };
    await queueJobs(db, given);
    await putBackJobs(db, {
      keys: [
        { batchId: id, line: 2 },
        { batchId: id, line: 4 },
      ],
      target: TARGET,
      now: clock.now,
      onlyStopped: false,
    });
    await queueJobs(db, given);
    expect((await queue(id)).map(({ line }) => line)).toEqual([2, 4]);
    expect(await agreed(id)).toEqual({ queued: 4 });
    expect((await readJobs(db, id)).map(({ state }) => state)).toEqual(Array(4).fill("queued"));
  });
});
