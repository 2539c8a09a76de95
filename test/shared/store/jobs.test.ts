/** The life of jobs in D1: dispatch, claim, settle, release, rescue, cancel; each also done twice. */
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import type { JobKey } from "../../../shared/job/job.ts";
import { cancelBatch } from "../../../shared/store/batch-control.ts";
import { claimJobs, explainRefusals } from "../../../shared/store/claim.ts";
import { openDb, sql } from "../../../shared/store/db.ts";
import {
  listStaleDispatches,
  queueDueJobs,
  queueJobs,
  requeueStale,
} from "../../../shared/store/dispatches.ts";
import { findLostLeases, renewLease } from "../../../shared/store/leases.ts";
import { buryOrphans, cancelJobs, putBackJobs, rescueJobs } from "../../../shared/store/release.ts";
import { settleJobs } from "../../../shared/store/settle.ts";
import { argsOf, readBatch, readJobs, seedBatch } from "../../support/rows.ts";
import { agreed, claim, clock, db, dead, queue, settle, settlement, TARGET } from "../../support/store.ts";

let collectionId = 100;

beforeEach(() => {
  clock.now += 1_000_000;
  collectionId += 1;
});

const batch = (given: Parameters<typeof seedBatch>[1] = {}) => seedBatch(db, { collectionId, ...given });

describe("dispatch", () => {
  it("queues the next pending jobs in order of lines and moves its cursor on", async () => {
    const id = await batch({ rows: 5 });
    expect((await queue(id, 2)).map(({ line }) => line)).toEqual([2, 3]);
    expect((await queue(id, 2)).map(({ line }) => line)).toEqual([4, 5]);
    expect(await agreed(id)).toEqual({ pending: 1, queued: 4 });
  });

  it("queues nothing of a batch that does not run", async () => {
    const id = await batch({ state: "paused" });
    expect(await queue(id)).toEqual([]);
    expect(await agreed(id)).toEqual({ pending: 3 });
  });

  it("done twice under one id returns the same jobs and counts them once", async () => {
    const id = await batch();
    const given = { batchId: id, dispatchId: "same", now: clock.now, limit: 2 };
    const first = await queueJobs(db, given);
    expect(await queueJobs(db, given)).toEqual(first);
    expect(await agreed(id)).toEqual({ pending: 1, queued: 2 });
  });

  it("finds messages that vanished, and forgets a send whose jobs all went on", async () => {
    const id = await batch();
    await queue(id);
    const before = clock.now;
    clock.now += 200_000;
    const stale = await listStaleDispatches(db, { target: TARGET, before, startedAt: 0, limit: 10 });
    const mine = stale.find(({ batchId }) => batchId === id);
    if (!mine) throw new Error("the send was not found");
    const keys = await requeueStale(db, { ...mine, now: clock.now, before, startedAt: 0 });
    expect(keys).toHaveLength(3);
    const { leaseId, jobs } = await claim(keys);
    await settle(
      leaseId,
      jobs.map((job) => settlement(job)),
    );
    expect(await requeueStale(db, { ...mine, now: clock.now + 1, before: clock.now, startedAt: 0 })).toEqual(
      [],
    );
    const left = await db.run(sql("SELECT count(*) AS n FROM dispatches WHERE batch_id = ?1", id));
    expect(left.rows).toEqual([{ n: 0 }]);
  });
});

describe("claim", () => {
  it("takes queued jobs once: a second claim gets nothing", async () => {
    const id = await batch();
    const keys = await queue(id);
    expect((await claim(keys)).jobs).toHaveLength(3);
    expect((await claim(keys)).jobs).toEqual([]);
    expect(await agreed(id)).toEqual({ running: 3 });
  });

  it("repeated with the same lease returns the same jobs and changes nothing", async () => {
    const id = await batch();
    const keys = await queue(id);
    const first = await claim(keys);
    const again = await claim(keys, first.leaseId);
    expect(again.jobs).toEqual(first.jobs);
    expect(again.jobs.every(({ firstTouch }) => firstTouch)).toBe(true);
    expect((await readJobs(db, id)).map(({ claims }) => claims)).toEqual([1, 1, 1]);
  });

  it("claimed by two deliveries at once, every job has one holder", async () => {
    const id = await batch({ rows: 20 });
    const keys = await queue(id);
    const both = await Promise.all([claim(keys), claim(keys), claim(keys)]);
    expect(both.reduce((sum, { jobs }) => sum + jobs.length, 0)).toBe(20);
    await agreed(id);
  });

  it("never gives one token to two runs: the second waits for the first", async () => {
    const [one, two] = [await batch({ rows: 1 }), await batch({ rows: 1 })];
    const [keyOne, keyTwo] = [await queue(one), await queue(two)];
    const first = await claim(keyOne);
    const second = await claim(keyTwo);
    expect([first.jobs.length, second.jobs.length]).toEqual([1, 0]);
    const why = await explainRefusals(db, { keys: keyTwo, target: TARGET, leaseId: second.leaseId });
    expect(why).toMatchObject([{ why: "token_busy" }]);
    await settle(first.leaseId, [settlement(keyOne[0] ?? fail())]);
    const [later] = (await claim(keyTwo)).jobs;
    expect(later).toMatchObject({ firstTouch: false, owned: true });
  });

  it("of two jobs with one token in a single delivery takes one", async () => {
    const [one, two] = [await batch({ rows: 1 }), await batch({ rows: 1 })];
    const keys = [...(await queue(one)), ...(await queue(two))];
    const { jobs } = await claim(keys);
    expect(jobs).toHaveLength(1);
    expect(jobs[0]?.firstTouch).toBe(false);
  });

  it("knows a first touch only where no job of ours was ever taken for the token", async () => {
    const id = await batch({ rows: 1 });
    const keys = await queue(id);
    const first = await claim(keys);
    expect(first.jobs[0]?.firstTouch).toBe(true);
    await settle(first.leaseId, [
      settlement(keys[0] ?? fail(), { state: "pending", outcome: null, attempt: 0 }),
    ]);
    await queue(id);
    expect((await claim(keys)).jobs[0]).toMatchObject({ firstTouch: false });
  });

  it("refuses with the reason: unknown, final, pending, running, early, stopped", async () => {
    const id = await batch({ rows: 5 });
    const keys = await queue(id, 4);
    const [running, done, later] = keys as [JobKey, JobKey, JobKey];
    const held = await claim([running]);
    const other = await claim([done, later]);
    await settle(other.leaseId, [
      settlement(done),
      settlement(later, { state: "snoozed", outcome: null, scheduledAt: clock.now + 50_000 }),
    ]);
    const unknown = { batchId: id, line: 999 };
    const pending = { batchId: id, line: 6 };
    const asked = [running, done, later, unknown, pending];
    const why = async () => {
      const refusals = await explainRefusals(db, { keys: asked, target: TARGET, leaseId: "none" });
      return asked.map(({ line }) => refusals.find((one) => one.line === line)?.why);
    };
    expect(await why()).toEqual(["running", "final", "early", "unknown", "pending"]);
    await db.run(sql("UPDATE batches SET state = 'paused' WHERE id = ?1", id));
    expect(await why()).toEqual(["running", "final", "batch_stopped", "unknown", "pending"]);
    expect(held.jobs).toHaveLength(1);
  });

  it("runs nothing of another target", async () => {
    const id = await batch({ target: "https://metadata.sequence.app#30957" });
    const keys = await queue(id);
    expect((await claim(keys)).jobs).toEqual([]);
    await putBackJobs(db, { keys, target: TARGET, now: clock.now, onlyStopped: true });
    expect(await agreed(id)).toEqual({ pending: 3 });
  });
});

describe("settle", () => {
  it("records every verdict, counts exactly, and finishes the batch with the last job", async () => {
    const id = await batch({ rows: 2 });
    const keys = await queue(id);
    const { leaseId, jobs } = await claim(keys);
    const [one, two] = jobs;
    if (!one || !two) fail();
    expect(await settle(leaseId, [settlement(one)], { last: false })).toMatchObject([{ state: "running" }]);
    expect(await settle(leaseId, [dead(two)])).toMatchObject([{ state: "finished" }]);
    expect(await agreed(id)).toEqual({ completed: 1, dead: 1 });
    expect(await readBatch(db, id)).toMatchObject({ created: 1, finished_at: clock.now });
    const letters = await db.run(sql("SELECT * FROM dead_letters WHERE batch_id = ?1", id));
    expect(letters.rows).toMatchObject([
      { line: two.line, code: "media.not_found", host: "h", http_status: 404 },
    ]);
    const leases = await db.run(sql("SELECT id FROM leases WHERE id = ?1", leaseId));
    expect(leases.rows).toEqual([]);
  });

  it("done twice changes nothing the second time", async () => {
    const id = await batch();
    const keys = await queue(id);
    const { leaseId, jobs } = await claim(keys);
    const all = jobs.map((job) => dead(job));
    await settle(leaseId, all);
    await settle(leaseId, all);
    expect(await agreed(id)).toEqual({ dead: 3 });
    const letters = await db.run(sql("SELECT count(*) AS n FROM dead_letters WHERE batch_id = ?1", id));
    expect(letters.rows).toEqual([{ n: 3 }]);
  });

  it("by a holder that lost its lease changes nothing", async () => {
    const id = await batch({ rows: 1 });
    const keys = await queue(id);
    const lost = await claim(keys);
    clock.now += 61_000;
    await rescueJobs(db, { leaseId: lost.leaseId, now: clock.now, startedAt: 0 });
    const holder = await claim(keys);
    expect(holder.jobs).toHaveLength(1);
    await settle(lost.leaseId, [dead(keys[0] ?? fail())]);
    expect(await agreed(id)).toEqual({ running: 1 });
  });

  it("in a cancelled batch lets only an answer count", async () => {
    const id = await batch();
    const keys = await queue(id);
    const { leaseId, jobs } = await claim(keys);
    await db.run(
      sql("UPDATE batches SET state = 'cancelled', finished_at = ?2 WHERE id = ?1", id, clock.now),
    );
    const [one, two, three] = jobs;
    if (!one || !two || !three) fail();
    await settle(leaseId, [
      settlement(one),
      settlement(two, { state: "retryable", outcome: null, scheduledAt: clock.now + 1 }),
      settlement(three, { state: "pending", outcome: null }),
    ]);
    expect(await agreed(id)).toEqual({ completed: 1, cancelled: 2 });
  });

  it("halts a batch once, and not for a run that is over", async () => {
    const id = await batch({ rows: 1 });
    const keys = await queue(id);
    const { leaseId, jobs } = await claim(keys);
    const released = jobs.map((job) => settlement(job, { state: "pending", outcome: null, attempt: 0 }));
    const halted = { code: "key.refused", message: "m", next: "n" };
    await settle(leaseId, released, { halts: [{ batchId: id, runEpoch: 7, halted }] });
    expect(await readBatch(db, id)).toMatchObject({ state: "running" });
    await settle(leaseId, [], { halts: [{ batchId: id, runEpoch: 0, halted }] });
    expect(await readBatch(db, id)).toMatchObject({ state: "halted", run_epoch: 1 });
    expect(await agreed(id)).toEqual({ pending: 1 });
  });

  it("moves the cursor back to a released job", async () => {
    const id = await batch();
    const keys = await queue(id);
    const { leaseId, jobs } = await claim(keys);
    await settle(
      leaseId,
      jobs.map((job) => settlement(job, { state: "pending", outcome: null, attempt: 0 })),
    );
    expect((await queue(id)).map(({ line }) => line)).toEqual([2, 3, 4]);
  });
});

describe("waiting jobs", () => {
  const snooze = async (waitMs: number) => {
    const id = await batch({ rows: 1 });
    const keys = await queue(id);
    const { leaseId, jobs } = await claim(keys);
    await settle(
      leaseId,
      jobs.map((job) =>
        settlement(job, { state: "snoozed", outcome: null, scheduledAt: clock.now + waitMs }),
      ),
    );
    return id;
  };
  const due = (startedAt = 0) =>
    queueDueJobs(db, {
      target: TARGET,
      dispatchId: crypto.randomUUID(),
      now: clock.now,
      startedAt,
      delayedMessageMs: 60_000,
      lostMs: 120_000,
      limit: 100,
    });

  it("are sent when a long wait is over", async () => {
    const id = await snooze(90_000);
    expect(await due()).toEqual([]);
    clock.now += 90_000;
    expect(await due()).toMatchObject([{ batchId: id }]);
    expect(await due()).toEqual([]);
    expect(await agreed(id)).toEqual({ queued: 1 });
  });

  it("are left to their own message after a short wait, until it is overdue", async () => {
    const id = await snooze(5_000);
    clock.now += 6_000;
    expect(await due()).toEqual([]);
    clock.now += 120_000;
    expect(await due()).toMatchObject([{ batchId: id }]);
  });

  it("are sent at once when the process that held their message is gone", async () => {
    const id = await snooze(5_000);
    clock.now += 6_000;
    expect(await due(clock.now)).toMatchObject([{ batchId: id }]);
  });
});

describe("rescue", () => {
  it("returns the jobs of a lost lease as retryable, at no attempt, and on record", async () => {
    const id = await batch({ rows: 1 });
    const keys = await queue(id);
    const { leaseId } = await claim(keys);
    expect(
      await findLostLeases(db, { target: TARGET, now: clock.now, startedAt: 0, limit: 99 }),
    ).not.toContain(leaseId);
    clock.now += 61_000;
    expect(await findLostLeases(db, { target: TARGET, now: clock.now, startedAt: 0, limit: 99 })).toContain(
      leaseId,
    );
    expect(await rescueJobs(db, { leaseId, now: clock.now, startedAt: 0 })).toEqual(keys);
    expect(await rescueJobs(db, { leaseId, now: clock.now, startedAt: 0 })).toEqual([]);
    expect(await agreed(id)).toEqual({ retryable: 1 });
    const [job] = await readJobs(db, id);
    expect(job).toMatchObject({ attempt: 0, rescues: 1, lease_id: null });
    expect(JSON.parse(String(job?.attempts))).toMatchObject([{ outcome: "lost" }]);
    expect((await claim(keys)).jobs[0]).toMatchObject({ firstTouch: false, sent: true });
  });

  it("buries a job that killed its consumer ten times", async () => {
    const id = await batch({ rows: 1 });
    let keys = await queue(id);
    for (let death = 0; death < 10; death += 1) {
      const { leaseId, jobs } = await claim(keys);
      expect(jobs).toHaveLength(1);
      clock.now += 61_000;
      keys = await rescueJobs(db, { leaseId, now: clock.now, startedAt: 0 });
    }
    expect(keys).toEqual([]);
    expect(await agreed(id)).toEqual({ dead: 1 });
    const letters = await db.run(sql("SELECT code FROM dead_letters WHERE batch_id = ?1", id));
    expect(letters.rows).toEqual([{ code: "job.crashed" }]);
  });

  it("leaves a lease alone that its holder renews", async () => {
    const id = await batch({ rows: 1 });
    const { leaseId } = await claim(await queue(id));
    const renew = (at: number) =>
      renewLease(db, { id: leaseId, now: at, expiresAt: at + 60_000, batchIds: [id] });
    expect(await renew(clock.now + 30_000)).toEqual([{ id, state: "running", runEpoch: 0 }]);
    expect(await renew(clock.now + 100_000)).toBeNull();
  });
});

describe("cancel and stray messages", () => {
  it("cancels in pieces what nobody holds", async () => {
    const id = await batch({ rows: 5 });
    await claim(await queue(id, 1));
    await queue(id, 1);
    await cancelBatch(db, { target: TARGET, id, now: clock.now });
    expect(await cancelJobs(db, { batchId: id, now: clock.now, limit: 3 })).toBe(3);
    expect(await cancelJobs(db, { batchId: id, now: clock.now, limit: 3 })).toBe(1);
    expect(await cancelJobs(db, { batchId: id, now: clock.now, limit: 3 })).toBe(0);
    expect(await agreed(id)).toEqual({ running: 1, cancelled: 4 });
  });

  it("records a message that names no job, and puts an open job back", async () => {
    const id = await batch({ rows: 1 });
    const keys = [...(await queue(id)), { batchId: id, line: 77 }];
    await buryOrphans(db, { keys, target: TARGET, now: clock.now });
    await buryOrphans(db, { keys, target: TARGET, now: clock.now });
    await putBackJobs(db, { keys, target: TARGET, now: clock.now, onlyStopped: false });
    const letters = await db.run(sql("SELECT line, code FROM dead_letters WHERE batch_id = ?1", id));
    expect(letters.rows).toEqual([{ line: 77, code: "platform.orphan" }]);
    expect(await agreed(id)).toEqual({ pending: 1 });
  });
});

describe("the price of a job", () => {
  it("is at most five rows written with the manifest, and 0.3 calls, from dispatch to settle", async () => {
    const id = await batch({ rows: 100, args: (line) => argsOf(line) });
    const meter = { calls: 0, rowsRead: 0, rowsWritten: 0 };
    const counted = openDb(env.DB, meter);
    const keys = await queueJobs(counted, {
      batchId: id,
      dispatchId: crypto.randomUUID(),
      now: clock.now,
      limit: 100,
    });
    for (let from = 0; from < keys.length; from += 10) {
      const leaseId = `price-${from}-${clock.now}`;
      const given = {
        leaseId,
        target: TARGET,
        now: clock.now,
        expiresAt: clock.now + 60_000,
        toleranceMs: 0,
      };
      const jobs = await claimJobs(counted, { keys: keys.slice(from, from + 10), ...given });
      await settleJobs(counted, {
        leaseId,
        now: clock.now,
        settlements: jobs.map((job) => settlement(job)),
        halts: [],
        waiting: new Map(),
        last: true,
      });
    }
    expect(meter.rowsWritten / 100).toBeLessThanOrEqual(5);
    expect(meter.calls / 100).toBeLessThanOrEqual(0.3);
  });
});

function fail(): never {
  throw new Error("expected a job here");
}
