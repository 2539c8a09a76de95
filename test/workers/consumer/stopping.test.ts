/** Pause and cancel in the midst of work: within five seconds no new call, nothing lost, and it goes on as it was. */
import { describe, expect, test } from "vitest";
import { SECOND } from "../../../shared/limits.ts";
import { cancelJobs } from "../../../shared/store/release.ts";
import { db, deliver, queueAll, queuedBatch, targetIn } from "../../support/consumer.ts";
import { api, emulator } from "../../support/follow-ups.ts";
import { violationsIn } from "../../support/invariants.ts";
import { carryOn } from "../../support/pipeline.ts";
import { counters, readBatch } from "../../support/rows.ts";

/** Contract §3. */
const STOPS_WITHIN_MS = 5 * SECOND;
/** One job at a time, each of four calls: a delivery that would last a quarter of a minute. */
const SLOWLY = { JOB_CONCURRENCY: "1" };
const CALL_MS = 350;
/** Counted and not timed: on a machine kept busy a call takes longer, and so does the news of the pause. */
const MOST_CALLS = Math.ceil(STOPS_WITHIN_MS / CALL_MS);

async function underLoad() {
  const { id, keys, collectionId } = await queuedBatch({ rows: 10 });
  await emulator.setFaults({
    id: `slow-${id}`,
    where: { collectionId },
    what: { kind: "latency", ms: CALL_MS },
  });
  const delivery = deliver(keys, { variables: SLOWLY });
  const deadline = Date.now() + 10 * SECOND;
  while ((await emulator.calls(collectionId)).length < 5 && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return { id, collectionId, delivery };
}

const callsAfter = async (collectionId: number, at: number) =>
  (await emulator.calls(collectionId)).filter((call) => call.at > at).length;

async function agreed(id: string): Promise<Record<string, number>> {
  const { stored, counted } = await counters(db, id);
  expect(stored).toEqual(counted);
  return stored;
}

describe("in the midst of a delivery", () => {
  test("a pause lets no new call begin, and resume does the rest; a cancel ends it for good", async () => {
    const [paused, cancelled] = await Promise.all([underLoad(), underLoad()]);
    const at = Date.now();
    expect((await api.post(`/v1/batches/${paused.id}/pause`)).status).toBe(200);
    expect((await api.post(`/v1/batches/${cancelled.id}/cancel`)).status).toBe(200);
    await Promise.all([paused.delivery, cancelled.delivery]);
    const begun = [await callsAfter(paused.collectionId, at), await callsAfter(cancelled.collectionId, at)];
    for (const calls of begun) expect(calls).toBeLessThanOrEqual(MOST_CALLS);
    for (const { id } of [paused, cancelled]) await emulator.clearFaults(`slow-${id}`);

    const rest = await agreed(paused.id);
    expect(rest.pending).toBeGreaterThan(0);
    expect(rest.dead ?? 0).toBe(0);
    expect(await readBatch(db, paused.id)).toMatchObject({ state: "paused", running: 0 });
    await deliver(await queueAll(paused.id));
    expect(await agreed(paused.id)).toEqual(rest);

    await cancelJobs(db, { batchId: cancelled.id, now: Date.now(), limit: 100 });
    const ended = await agreed(cancelled.id);
    expect((ended.completed ?? 0) + (ended.cancelled ?? 0)).toBe(10);
    expect(ended.cancelled).toBeGreaterThan(0);
    expect((await api.post(`/v1/batches/${cancelled.id}/resume`)).status).toBe(409);

    expect((await api.post(`/v1/batches/${paused.id}/resume`)).body).toMatchObject({ state: "running" });
    expect(await callsAfter(paused.collectionId, at)).toBe(begun[0]);
    await carryOn();
    await deliver(Array.from({ length: 10 }, (_, n) => ({ batchId: paused.id, line: n + 2 })));
    expect(await agreed(paused.id)).toEqual({ completed: 10 });
    expect(await callsAfter(cancelled.collectionId, at)).toBe(begun[1]);
    expect(targetIn()).toBe((await readBatch(db, paused.id)).target);
    expect(await violationsIn(db, { batchIds: [paused.id, cancelled.id] })).toEqual([]);
  });
});
