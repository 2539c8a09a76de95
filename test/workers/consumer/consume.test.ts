/** What is said to Queues, what stops a delivery, and the ceiling on calls. */
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { reasonToStop } from "../../../workers/consumer/delivery.ts";
import { comeBackIn } from "../../../workers/consumer/refuse.ts";
import { db, deliver, onlyJob, queuedBatch } from "../../support/consumer.ts";
import { d1With } from "../../support/d1.ts";
import { counters, readBatch } from "../../support/rows.ts";

describe("messages", () => {
  it("acks what names no job, and what cannot be read", async () => {
    const said = await deliver([{ batchId: "bat_00000000000000000000000000", line: 2 }]);
    expect(said).toMatchObject({ outcome: "ok", acked: ["bat_00000000000000000000000000:2"] });
    const bad = await deliver([{ batchId: "x", line: -1 }]);
    expect(bad.acked).toHaveLength(1);
  });

  it("puts the jobs of a paused batch back and acks their messages", async () => {
    const { id, keys } = await queuedBatch({ rows: 3 });
    await db.run({ sql: "UPDATE batches SET state = 'paused' WHERE id = ?1", params: [id] });
    const said = await deliver(keys);
    expect(said.acked).toHaveLength(3);
    const { stored, counted } = await counters(db, id);
    expect(stored).toEqual({ pending: 3 });
    expect(counted).toEqual(stored);
  });

  it("makes no call for a batch of another target", async () => {
    const { id, keys, emulator, collectionId } = await queuedBatch({
      target: "https://metadata.sequence.app#1",
    });
    await deliver(keys);
    expect(await emulator.calls(collectionId)).toEqual([]);
    expect(await counters(db, id)).toMatchObject({ stored: { pending: 1 } });
  });

  it("comes back when a waiting job is due, soon for a busy token, and not at all otherwise", () => {
    const refusal = { batchId: "b", line: 2, dueAt: 61_500 };
    expect(comeBackIn({ ...refusal, why: "early" }, 1_000)).toBe(61);
    expect(comeBackIn({ ...refusal, why: "early", dueAt: 1e12 }, 0)).toBe(86_400);
    expect(comeBackIn({ ...refusal, why: "token_busy" }, 0)).toBe(10);
    expect(comeBackIn({ ...refusal, why: "batch_stopped" }, 0)).toBe(1);
    for (const why of ["unknown", "final", "pending", "running"] as const) {
      expect(comeBackIn({ ...refusal, why }, 0)).toBeNull();
    }
  });

  it("is handed back whole while the configuration is broken", async () => {
    const { keys, emulator, collectionId } = await queuedBatch();
    const said = await deliver(keys, { variables: { JWT_ACCESS_KEY: "not a jwt" } });
    expect(said.acked).toEqual([]);
    expect(await emulator.calls(collectionId)).toEqual([]);
  });
});

it("what was sent of a batch is forgotten when its last job is done, and not before", async () => {
  const { id, keys } = await queuedBatch({ rows: 2 });
  const sends = async () =>
    (await env.DB.prepare("SELECT id FROM dispatches WHERE batch_id = ?").bind(id).all()).results.length;
  await deliver(keys.slice(0, 1));
  expect(await sends()).toBe(1);
  await deliver(keys.slice(1));
  expect(await readBatch(db, id)).toMatchObject({ state: "finished" });
  expect(await sends()).toBe(0);
});

describe("the platform's dead-letter queue", () => {
  it.each(["mintline-dead", "mintline-dead-staging"])(
    "puts an open job of %s back to pending and records a message without a job",
    async (queue) => {
      const { id, keys } = await queuedBatch({ rows: 1 });
      const said = await deliver([...keys, { batchId: id, line: 99 }], { queue });
      expect(said.acked).toHaveLength(2);
      expect(await onlyJob(id)).toMatchObject({ state: "pending" });
      const { results } = await env.DB.prepare("SELECT code FROM dead_letters WHERE batch_id = ?")
        .bind(id)
        .all();
      expect(results).toEqual([{ code: "platform.orphan" }]);
    },
  );
});

describe("a failed settle", () => {
  const refusing = (refuse: (statements: number, call: number) => boolean) =>
    d1With((statements, really, call) =>
      refuse(statements.length, call)
        ? Promise.reject(new Error("D1_ERROR: string or blob too big"))
        : really(statements),
    );

  it("never acks its message", async () => {
    const { id, keys } = await queuedBatch();
    const said = await deliver(keys, { env: { DB: refusing((_, call) => call > 1) } });
    expect(said).toMatchObject({ acked: [], retried: [`${id}:2`] });
  });

  it("of a group is tried row by row, so that one row blocks nobody", async () => {
    const { id, keys } = await queuedBatch({ rows: 4 });
    let refused = 0;
    const said = await deliver(keys, {
      env: { DB: refusing((_, call) => call === 2 && ++refused === 1) },
    });
    expect(said.acked).toHaveLength(4);
    expect(await counters(db, id)).toMatchObject({ stored: { completed: 4 } });
    expect(refused).toBe(1);
  });
});

describe("what stops a delivery", () => {
  const fine = {
    now: 100_000,
    expiresAt: 160_000,
    needMs: 32_000,
    jobStartedAt: 90_000,
    batch: { state: "running", runEpoch: 3 } as const,
    runEpoch: 3,
    lost: false,
    down: false,
  };
  it("is nothing while all is well", () => expect(reasonToStop(fine)).toBeNull());
  it.each([
    ["a lost lease", { lost: true }],
    ["a host that answers nobody", { down: true }],
    ["a paused batch", { batch: { state: "paused", runEpoch: 3 } as const }],
    ["a batch that was stopped and started anew", { batch: { state: "running", runEpoch: 5 } as const }],
    ["too little lease for another call", { now: 128_001 }],
    ["a job that takes longer than six minutes", { now: 100_000, jobStartedAt: 100_000 - 360_001 }],
  ])("is %s", (_name, change) => {
    expect(reasonToStop({ ...fine, ...change })).not.toBeNull();
  });
});

describe("MAX_CALLS_PER_SECOND", () => {
  it("holds over deliveries at once", async () => {
    const one = await queuedBatch({ rows: 4 });
    const two = await queuedBatch({ rows: 4 });
    const given = { variables: { MAX_CALLS_PER_SECOND: "20" }, gate: "ceiling" };
    await Promise.all([deliver(one.keys, given), deliver(two.keys, given)]);
    expect(await readBatch(db, one.id)).toMatchObject({ state: "finished", completed: 4 });
    const calls = [
      ...(await one.emulator.calls(one.collectionId)),
      ...(await two.emulator.calls(two.collectionId)),
    ].map(({ at }) => at);
    expect(calls).toHaveLength(32);
    expect(mostWithin(calls, 1_000)).toBeLessThanOrEqual(20);
  });
});

/** The most calls in any window of this length. */
function mostWithin(times: readonly number[], windowMs: number): number {
  return Math.max(...times.map((from) => times.filter((at) => at >= from && at < from + windowMs).length));
}

describe("variables", () => {
  it("MAX_ATTEMPTS ends a job's attempts", async () => {
    const { id, keys, emulator, collectionId } = await queuedBatch();
    await emulator.setFaults({
      where: { collectionId },
      what: { kind: "status", status: 418, body: "text" },
    });
    await deliver(keys, { variables: { MAX_ATTEMPTS: "1" } });
    expect(await onlyJob(id)).toMatchObject({ state: "dead", attempt: 1 });
  });

  it("JOB_CONCURRENCY bounds the jobs side by side", async () => {
    const { keys, emulator, collectionId } = await queuedBatch({ rows: 6 });
    await emulator.setFaults({ where: { collectionId }, what: { kind: "latency", ms: 40 } });
    await deliver(keys, { variables: { JOB_CONCURRENCY: "2" } });
    const calls = await emulator.calls(collectionId);
    const under = (at: number) => calls.filter((call) => call.at <= at && at < call.at + call.ms).length;
    expect(Math.max(...calls.map(({ at }) => under(at)))).toBe(2);
  });

  it("CALL_TIMEOUT_MS ends a call that nobody answers", async () => {
    const { id, keys, emulator, collectionId } = await queuedBatch();
    await emulator.setFaults({ where: { collectionId }, what: { kind: "latency", ms: 30_000 } });
    await deliver(keys, { variables: { CALL_TIMEOUT_MS: "100" } });
    expect(await onlyJob(id)).toMatchObject({ state: "retryable", error: { code: "sequence.timeout" } });
  });
});
