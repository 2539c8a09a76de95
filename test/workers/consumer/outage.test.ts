/** Sequence, or a media host, that answers nobody: no attempt is burnt, no job dies, one at a time tries again. */
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { readBatch as readView } from "../../../shared/store/batch-views.ts";
import { readHold } from "../../../shared/store/holds.ts";
import type { Answer, Report } from "../../../workers/consumer/gate/words.ts";
import { db, deliver, onlyJob, queueAll, queuedBatch, targetIn } from "../../support/consumer.ts";
import { counters, readJobs } from "../../support/rows.ts";

const TURNS = { from: 0, everyMs: 0, calls: 100, lateMs: 0, era: 0 };
const OPEN: Answer = { kind: "open", turns: TURNS, failedInARow: 0 };
const PROBE: Answer = { kind: "probe", turns: TURNS, reason: "down", since: 0 };
/** Longer than a test takes on a machine kept busy: a gate that opens meanwhile lets a job go again. */
const LONG_MS = 60_000;

const shut = (until: number, herald = true): Answer => ({
  kind: "shut",
  reason: "down",
  since: Date.now() - 1_000,
  until,
  herald,
});

/** A gate that answers as the test says, by its name, and keeps what it was told. */
function gates(say: (name: string) => { at: Answer; after: Answer }) {
  const told: Report[] = [];
  const GATE = {
    getByName: (name: string) => ({
      enter: async () => ({
        answer: say(name).at,
        pass: {
          more: async () => say(name).at,
          tell: async (report: Report) => {
            told.push(report);
            return say(name).after;
          },
          [Symbol.dispose]: () => undefined,
        },
      }),
    }),
  };
  return { GATE: GATE as never, told };
}

const sequence = (at: Answer, after: Answer = at) =>
  gates((name) => (name.startsWith("sequence") ? { at, after } : { at: OPEN, after: OPEN }));

/** Collects what is sent to the queue instead of sending it. */
function outbox() {
  const sent: { body: unknown; delaySeconds?: number }[] = [];
  const JOBS = {
    send: async (body: unknown, options: object) => void sent.push({ body, ...options }),
    sendBatch: async (messages: Iterable<{ body: unknown }>) => void sent.push(...messages),
  };
  return { sent, JOBS: JOBS as never };
}

const target = targetIn();

/** A hold and a dispatch are of the whole target: what one test leaves behind must not meet the next. */
beforeEach(async () => {
  await env.DB.batch([
    env.DB.prepare("DELETE FROM holds"),
    env.DB.prepare("UPDATE batches SET state = 'paused' WHERE state = 'running'"),
  ]);
});

describe("a shut gate", () => {
  it("sends a delivery away before anything is claimed, and one message is to wake dispatch", async () => {
    const { id, keys, emulator, collectionId } = await queuedBatch({ rows: 3 });
    // The clock stands: on a machine kept busy a second of the four may pass before anybody counts them.
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() });
    onTestFinished(() => void vi.useRealTimers());
    const { GATE } = sequence(shut(Date.now() + 4_000));
    const { sent, JOBS } = outbox();
    const said = await deliver(keys, { env: { GATE, JOBS } });
    expect(said).toMatchObject({ outcome: "ok", retried: [] });
    expect(said.acked).toHaveLength(3);
    expect(await emulator.calls(collectionId)).toEqual([]);
    expect(await counters(db, id)).toEqual({ stored: { pending: 3 }, counted: { pending: 3 } });
    expect((await readJobs(db, id)).map(({ claims, attempt }) => [claims, attempt])).toEqual(
      Array(3).fill([0, 0]),
    );
    expect(sent).toEqual([{ body: { v: 1, wake: true }, delaySeconds: 4 }]);
    expect((await readView(db, target, id))?.waiting).toMatchObject({ reason: "upstream_down" });
  });

  it("is announced once: who is no herald sends no wake", async () => {
    const { keys } = await queuedBatch();
    const { sent, JOBS } = outbox();
    await deliver(keys, { env: { ...sequence(shut(Date.now() + 4_000, false)), JOBS } });
    expect(sent).toEqual([]);
  });

  it("lets one job probe, and with its success ends the hold and fills the window", async () => {
    const { id, keys, emulator, collectionId } = await queuedBatch({ rows: 3 });
    await deliver(keys, { env: { ...sequence(shut(Date.now() - 1)), ...outbox() } });
    expect(await readHold(db, target)).not.toBeNull();
    const { sent, JOBS } = outbox();
    await deliver(await queueAll(id), { env: { ...sequence(PROBE, OPEN), JOBS } });
    expect((await emulator.calls(collectionId)).map(({ method }) => method)).toEqual(
      expect.arrayContaining(["GetCollection", "CreateToken"]),
    );
    expect(await readHold(db, target)).toBeNull();
    expect(await counters(db, id)).toMatchObject({ stored: { completed: 1, queued: 2 } });
    expect(sent.map(({ body }) => body)).toEqual([
      { v: 1, b: id, l: 3 },
      { v: 1, b: id, l: 4 },
    ]);
  });

  it("stays shut where the probe fails, at the price of one call", async () => {
    const { id, keys, emulator, collectionId } = await queuedBatch({ rows: 2 });
    const fault = `down-${collectionId}`;
    await emulator.setFaults({ id: fault, where: { collectionId }, what: { kind: "outage", as: "502" } });
    const { GATE, told } = sequence(PROBE, shut(Date.now() + LONG_MS));
    await deliver(keys, { env: { GATE, ...outbox() } });
    await emulator.clearFaults(fault);
    expect(await emulator.calls(collectionId)).toHaveLength(1);
    expect(told).toMatchObject([{ calls: 1, failed: 1, failedInARow: 1 }]);
    expect(await counters(db, id)).toMatchObject({ stored: { pending: 2 } });
    for (const job of await readJobs(db, id)) expect(job).toMatchObject({ attempt: 0, state: "pending" });
  });

  it("goes to another where the probing message named nothing to do", async () => {
    const { id, keys } = await queuedBatch({ rows: 2 });
    const { GATE, told } = sequence(PROBE, PROBE);
    const { sent, JOBS } = outbox();
    const gone = { batchId: id, line: 99 };
    await deliver([gone, ...keys], { env: { GATE, JOBS } });
    expect(told).toMatchObject([{ calls: 0 }]);
    expect(sent.map(({ body }) => body)).toContainEqual({ v: 1, b: id, l: 2 });
  });
});

describe("an outage that begins in a delivery", () => {
  it("is seen after ten unusable answers: what is left is put back, nobody is blamed", async () => {
    const { id, keys, emulator, collectionId } = await queuedBatch({ rows: 10 });
    const fault = `outage-${collectionId}`;
    await emulator.setFaults({ id: fault, where: { collectionId }, what: { kind: "outage", as: "502" } });
    const { GATE, told } = sequence(OPEN, shut(Date.now() + LONG_MS));
    await deliver(keys, { env: { GATE, ...outbox() } });
    await emulator.clearFaults(fault);
    expect(await counters(db, id)).toMatchObject({ stored: { pending: 10 } });
    for (const job of await readJobs(db, id)) expect(job).toMatchObject({ attempt: 0, error: null });
    const calls = await emulator.calls(collectionId);
    expect(calls.length).toBeLessThanOrEqual(10 + 6);
    expect(told[0]?.failedInARow).toBe(calls.length);
    const { GATE: open } = sequence(OPEN);
    await deliver(await queueAll(id), { env: { GATE: open } });
    expect(await counters(db, id)).toMatchObject({ stored: { completed: 10 } });
    const made = (await emulator.calls(collectionId)).filter(({ method }) => method === "CreateToken");
    expect(made.filter(({ status }) => status === 200)).toHaveLength(10);
  });
});

describe("a media host that does not answer", () => {
  const media = (at: Answer, after: Answer = at) =>
    gates((name) => (name.startsWith("media") ? { at, after } : { at: OPEN, after: OPEN }));

  it("is not asked: one job comes back to try, the others wait to be woken", async () => {
    const { id, keys, emulator, collectionId } = await queuedBatch({ rows: 3 });
    const until = Date.now() + 4_000;
    await deliver(keys, { env: { ...media(shut(until)), ...outbox() } });
    expect(await emulator.calls(collectionId)).toEqual([]);
    const jobs = await readJobs(db, id);
    expect(jobs.map(({ state, attempt }) => [state, attempt])).toEqual(Array(3).fill(["snoozed", 0]));
    const waits = jobs.map((job) => Number(job.scheduled_at) - Date.now());
    expect(waits.filter((ms) => ms < 10_000)).toHaveLength(1);
    expect(waits.filter((ms) => ms > 500_000)).toHaveLength(2);
    expect((await readView(db, target, id))?.waiting).toMatchObject({ reason: "media_host_down" });
  });

  it("wakes everybody with the first fetch that gets through", async () => {
    const { id, keys } = await queuedBatch({ rows: 3 });
    await deliver(keys, { env: { ...media(shut(Date.now() + 30_000)), ...outbox() } });
    expect(await counters(db, id)).toMatchObject({ stored: { snoozed: 3 } });
    await env.DB.prepare("UPDATE jobs SET scheduled_at = 1 WHERE batch_id = ? AND line = 2").bind(id).run();
    const { sent, JOBS } = outbox();
    await deliver(keys.slice(0, 1), { env: { ...media(PROBE, OPEN), JOBS } });
    expect(await counters(db, id)).toMatchObject({ stored: { completed: 1, queued: 2 } });
    expect(sent.map(({ body }) => body)).toEqual(
      expect.arrayContaining([
        { v: 1, b: id, l: 3 },
        { v: 1, b: id, l: 4 },
      ]),
    );
  });

  it("is left to the attempts after a quarter of an hour", async () => {
    const { keys, id } = await queuedBatch();
    const { GATE } = media({ ...shut(Date.now() + 1_000), since: Date.now() - 16 * 60_000 } as Answer);
    await deliver(keys, { env: { GATE } });
    expect(await onlyJob(id)).toMatchObject({ state: "completed", attempt: 1 });
  });
});
