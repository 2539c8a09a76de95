import { describe, expect, test } from "vitest";
import { BATCH_STATES } from "../../../shared/job/batch.ts";
import { sql } from "../../../shared/store/db.ts";
import { db, producer, target } from "../../support/producer.ts";
import { counters, readBatch, readJobs, seedBatch } from "../../support/rows.ts";

const VERBS = {
  pause: ["validating", "running"],
  resume: ["paused", "halted"],
  cancel: ["receiving", "validating", "planned", "running", "paused", "halted"],
  start: ["planned"],
} as const;

const seed = (state: string, given: Parameters<typeof seedBatch>[1] = {}) =>
  seedBatch(db, { target: target(), state, ...given });

/** As intake leaves a batch that is not through with it: jobs recorded, nothing counted. */
const neverRan = (id: string) =>
  db.run(
    sql(
      `UPDATE batches SET started_at = NULL, pending = 0, intake_state = '{"phase":"unchanged","after":0}' WHERE id = ?1`,
      id,
    ),
  );

describe.each(Object.entries(VERBS))("%s", (verb, expected) => {
  test.each(BATCH_STATES)("from %s", async (state) => {
    const id = await seed(state);
    const { status, body } = await producer().post(`/v1/batches/${id}/${verb}`);
    if (expected.some((one) => one === state)) {
      expect(status).toBe(200);
      expect((await readBatch(db, id)).run_epoch).toBe(1);
    } else {
      expect([status, body.code]).toEqual([409, "batch.wrong_state"]);
      expect(body).toMatchObject({ expected, got: state });
      expect(body.next).toMatch(/\w/);
      expect(await readBatch(db, id)).toMatchObject({ state, run_epoch: 0 });
    }
  });

  test("of a batch that is not there, or of another target, is 404", async () => {
    const other = await seed("running", { target: "https://other#1" });
    for (const id of ["bat_none", other]) {
      expect((await producer().post(`/v1/batches/${id}/${verb}`)).body.code).toBe("batch.not_found");
    }
  });
});

test("pausing stops and says so", async () => {
  const id = await seed("running");
  const { body, headers } = await producer().post(`/v1/batches/${id}/pause`);
  expect(body.state).toBe("paused");
  expect(headers.has("retry-after")).toBe(false);
});

test("resuming goes on with the jobs where the file was read to its end", async () => {
  for (const state of ["paused", "halted"]) {
    const api = producer();
    const id = await seed(state, { rows: 4 });
    await db.run(sql("UPDATE batches SET trial_left = 0 WHERE id = ?1", id));
    const { body } = await api.post(`/v1/batches/${id}/resume`);
    expect(body).toMatchObject({ state: "running", halted: null, waiting: null });
    expect((await readBatch(db, id)).trial_left).toBeNull();
    expect(api.sent.intake).toEqual([]);
    expect(api.sent.jobs.filter((message) => (message as { b: string }).b === id)).toHaveLength(4);
    expect((await counters(db, id)).stored).toEqual({ queued: 4 });
    await db.run(sql("UPDATE batches SET state = 'paused' WHERE id = ?1", id));
  }
});

test("resuming goes on with intake where the file was not", async () => {
  const api = producer();
  for (const state of ["paused", "halted"]) {
    const id = await seed(state);
    await neverRan(id);
    const { body } = await api.post(`/v1/batches/${id}/resume`);
    expect(body).toMatchObject({ state: "validating", halted: null });
    expect(api.sent.intake.at(-1)).toEqual({ v: 1, b: id });
    expect(Number((await readBatch(db, id)).intake_at)).toBeGreaterThan(0);
  }
  expect(api.sent.jobs).toEqual([]);
});

test("starting runs what was planned, with the number of first rows that was asked for", async () => {
  const api = producer();
  const id = await seed("planned", { rows: 5, options: { first: 2, dryRun: true } });
  const { body } = await api.post(`/v1/batches/${id}/start`);
  expect(body.state).toBe("running");
  expect(api.sent.jobs.filter((message) => (message as { b: string }).b === id)).toHaveLength(2);
});

test("resuming or starting what has no open job left finishes it", async () => {
  for (const [state, verb] of [
    ["paused", "resume"],
    ["planned", "start"],
  ]) {
    const id = await seed(String(state), { rows: 1 });
    await db.run(sql("UPDATE batches SET pending = 0, completed = 1 WHERE id = ?1", id));
    const { body } = await producer().post(`/v1/batches/${id}/${verb}`);
    expect(body).toMatchObject({ state: "finished", progress: 1 });
    expect(body.finishedAt).not.toBeNull();
  }
});

test("cancelling turns the open jobs at once and leaves the others", async () => {
  const id = await seed("running", { rows: 6 });
  await db.batch([
    sql("UPDATE jobs SET state = 'completed', outcome = 'created' WHERE batch_id = ?1 AND line = 2", id),
    sql("UPDATE jobs SET state = 'snoozed', scheduled_at = 9 WHERE batch_id = ?1 AND line = 3", id),
    sql("UPDATE batches SET pending = 4, completed = 1, snoozed = 1 WHERE id = ?1", id),
  ]);
  const { body } = await producer().post(`/v1/batches/${id}/cancel`);
  expect(body).toMatchObject({ state: "cancelled" });
  expect(body.finishedAt).not.toBeNull();
  const { stored, counted } = await counters(db, id);
  expect(stored).toEqual({ completed: 1, cancelled: 5 });
  expect(counted).toEqual(stored);
  expect((await readJobs(db, id)).map(({ state }) => state)).toEqual([
    "completed",
    ...Array(5).fill("cancelled"),
  ]);
});

test("cancelling before anything ran counts the jobs that intake had recorded", async () => {
  for (const state of ["validating", "paused", "halted"]) {
    const id = await seed(state, { rows: 5 });
    await db.run(
      sql("UPDATE jobs SET state = 'completed', outcome = 'unchanged' WHERE batch_id = ?1 AND line = 2", id),
    );
    await neverRan(id);
    const { body } = await producer().post(`/v1/batches/${id}/cancel`);
    expect(body).toMatchObject({ state: "cancelled", outcomes: { unchanged: 1 } });
    const { stored, counted } = await counters(db, id);
    expect(stored).toEqual({ completed: 1, cancelled: 4 });
    expect(counted).toEqual(stored);
  }
});

test("cancelling in the middle of a slice leaves counts that add up: its rows are recorded, but not yet counted", async () => {
  const id = await seed("validating", { rows: 5 });
  await neverRan(id);
  await db.run(sql("UPDATE batches SET rows_total = 4, rows_valid = 3, rows_invalid = 1 WHERE id = ?1", id));
  const { body } = await producer().post(`/v1/batches/${id}/cancel`);
  expect(body).toMatchObject({ state: "cancelled", rows: { total: 6, valid: 5, invalid: 1 } });
  expect(Object.values(body.jobs as Record<string, number>).reduce((sum, n) => sum + n)).toBe(5);
  expect((await counters(db, id)).stored).toEqual({ cancelled: 5 });
});

test("of two who steer at once, one succeeds and the other is told", async () => {
  const api = producer();
  const id = await seed("running");
  const answers = await Promise.all(Array.from({ length: 5 }, () => api.post(`/v1/batches/${id}/pause`)));
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409, 409, 409]);
  expect((await readBatch(db, id)).run_epoch).toBe(1);
});
