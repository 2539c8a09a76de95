/** What the sweep does for dead letters, what a message does for a replay, and where a row is found in a large file. */
import { createExecutionContext, createMessageBatch, getQueueResult } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { fingerprintOf } from "../../../shared/job/fingerprint.ts";
import { DAY } from "../../../shared/limits.ts";
import { sql } from "../../../shared/store/db.ts";
import { listMarks } from "../../../shared/store/source-marks.ts";
import { openContext } from "../../../workers/producer/context.ts";
import worker from "../../../workers/producer/index.ts";
import { allowance } from "../../../workers/producer/replay.ts";
import { sweep } from "../../../workers/producer/sweep/sweep.ts";
import { taken } from "../../support/intake.ts";
import { db, emulator, producer, target } from "../../support/producer.ts";
import { readBatch, seedBatch } from "../../support/rows.ts";

const api = producer();

/** Every line of the batch is dead, with a letter each. */
async function kill(id: string, createdAt: (line: number) => number = () => Date.now()): Promise<void> {
  const { rows } = await db.run(sql("SELECT line FROM jobs WHERE batch_id = ?1", id));
  await db.batch([
    sql("UPDATE jobs SET state = 'dead', attempt = 1 WHERE batch_id = ?1", id),
    sql("UPDATE batches SET dead = rows_valid, pending = 0, queued = 0 WHERE id = ?1", id),
    ...rows.map(({ line }) =>
      sql(
        `INSERT INTO dead_letters (target, batch_id, line, token_id, name, step, code, message, next, attempts,
           fingerprint, created_at)
         VALUES (?1, ?2, ?3, ?3, 'n', 'create-token', 'a.b', 'm', 'n', 1, ?4, ?5)`,
        target(),
        id,
        line ?? 0,
        fingerprintOf({ step: "create-token", code: "a.b", message: "m", httpStatus: null, host: null }),
        createdAt(Number(line)),
      ),
    ),
  ]);
}

function sweeper(now: number, variables: Record<string, string> = {}) {
  const sent: unknown[] = [];
  const queue = {
    send: async (body: unknown) => void sent.push(body),
    sendBatch: async (messages: Iterable<{ body: unknown }>) =>
      void sent.push(...Array.from(messages, ({ body }) => body)),
  };
  const given = { EMULATOR_URL: emulator().url, JWT_ACCESS_KEY: emulator().key, INTAKE: queue, JOBS: queue };
  const context = openContext({ ...env, ...given, ...variables } as unknown as ProducerEnv, {
    now: () => now,
  });
  if (!context.ok) throw new Error(JSON.stringify(context.error));
  return { sent, run: () => sweep(context.value) };
}

const lettersOf = async (id: string) =>
  (await db.run(sql("SELECT line, state FROM dead_letters WHERE batch_id = ?1 ORDER BY line", id))).rows;

describe("retention", () => {
  test("takes away what is older than its days, but no open letter of a batch that is not over", async () => {
    const now = Date.now();
    const old = (line: number) => (line === 3 ? now - 89 * DAY : now - 91 * DAY);
    const over = await seedBatch(db, { target: target(), state: "finished", rows: 3 });
    const paused = await seedBatch(db, { target: target(), state: "paused", rows: 2 });
    for (const id of [over, paused]) await kill(id, old);
    await db.run(sql("UPDATE dead_letters SET state = 'discarded' WHERE batch_id = ?1 AND line = 2", over));
    // Two at once, as when a sweep overlaps the next.
    const reports = await Promise.all([sweeper(now).run(), sweeper(now).run()]);
    expect(reports.reduce((sum, { pruned }) => sum + pruned, 0)).toBe(2);
    expect(await lettersOf(over)).toEqual([{ line: 3, state: "open" }]);
    expect(await lettersOf(paused)).toHaveLength(2);
    expect((await sweeper(now).run()).pruned).toBe(0);
    // The row itself stays dead, and in the file of failed rows.
    expect(await readBatch(db, over)).toMatchObject({ dead: 3 });
    await sweeper(now, { DEAD_LETTER_DAYS: "88" }).run();
    expect(await lettersOf(over)).toEqual([]);
  });

  test("takes a replay with its letters when its days are over", async () => {
    const id = await seedBatch(db, { target: target(), state: "finished", rows: 2 });
    await kill(id);
    const { body } = await api.post("/v1/dead-letters/replay", { filter: { batchId: id } });
    await db.run(sql("UPDATE jobs SET state = 'completed', outcome = 'created' WHERE batch_id = ?1", id));
    expect((await api.ask(`/v1/replays/${body.id}`)).body).toMatchObject({ state: "finished", completed: 2 });
    await sweeper(Date.now() + 91 * DAY).run();
    expect((await api.ask(`/v1/replays/${body.id}`)).body.code).toBe("replay.not_found");
    const { rows } = await db.run(
      sql("SELECT count(*) AS n FROM replay_jobs WHERE replay_id = ?1", String(body.id)),
    );
    expect(rows[0]?.n).toBe(0);
    await db.run(sql("UPDATE batches SET state = 'paused' WHERE id = ?1", id));
  });
});

describe("a replay whose message was lost", () => {
  test("is sent its message again, and goes on at its pace", async () => {
    const id = await seedBatch(db, { target: target(), state: "finished", rows: 5 });
    await kill(id);
    const mine = producer();
    const { body } = await mine.post("/v1/dead-letters/replay", { filter: { batchId: id }, perSecond: 2 });
    expect(body).toMatchObject({ selected: 5, waiting: 3 });
    expect(mine.sent.intake).toEqual([{ v: 1, r: body.id }]);
    const early = sweeper(Date.now());
    expect((await early.run()).replays).toBe(0);
    const late = sweeper(Date.now() + 121_000);
    expect((await late.run()).replays).toBe(1);
    expect(late.sent).toContainEqual({ v: 1, r: body.id });
    await db.run(sql("UPDATE replays SET created_at = created_at - 60000 WHERE id = ?1", String(body.id)));
    const batch = createMessageBatch("mintline-intake", [
      { id: "m", timestamp: new Date(0), attempts: 1, body: { v: 1, r: String(body.id) } },
    ]);
    const queue = { send: async () => undefined, sendBatch: async () => undefined };
    const bindings = { ...env, EMULATOR_URL: emulator().url, JWT_ACCESS_KEY: emulator().key };
    await worker.queue(batch as never, { ...bindings, INTAKE: queue, JOBS: queue } as unknown as ProducerEnv);
    expect(await getQueueResult(batch, createExecutionContext())).toMatchObject({ explicitAcks: ["m"] });
    expect((await api.ask(`/v1/replays/${body.id}`)).body).toMatchObject({ waiting: 0, state: "running" });
    await db.run(sql("UPDATE batches SET state = 'paused' WHERE id = ?1", id));
  });

  test("never catches up more than a minute at once", () => {
    const row = { per_second: 2, created_at: 0, put_back: 0, left_out: 0 };
    expect(allowance(row, 0)).toBe(2);
    expect(allowance({ ...row, put_back: 2 }, 500)).toBe(1);
    expect(allowance({ ...row, put_back: 2 }, 400)).toBe(0);
    expect(allowance(row, 3_600_000)).toBe(120);
    expect(allowance({ ...row, per_second: 0.1 }, 0)).toBe(0);
    expect(allowance({ ...row, per_second: 0.1 }, 9_000)).toBe(1);
    expect(allowance({ ...row, per_second: null }, 0)).toBe(10_000);
  });
});

test("a row deep in a large file is found from the mark before it", async () => {
  const text = "x".repeat(100_000);
  const row = (id: number) => `${id},Relic ${id},${text},https://example.com/${id}.png\n`;
  const file = `tokenId,name,description,image\n${Array.from({ length: 50 }, (_, n) => row(n + 1)).join("")}`;
  const { id, batch } = await taken(file);
  expect(batch).toMatchObject({ state: "running", rows_valid: 50 });
  expect((await listMarks(db, id)).length).toBe(1);
  await kill(id);
  for (const line of [2, 30, 51]) {
    const { body } = await api.ask(`/v1/dead-letters/${id}:${line}`);
    expect(body.submitted).toMatchObject({
      cells: { tokenId: String(line - 1), image: `https://example.com/${line - 1}.png` },
    });
    // So long a row is shown as far as a person reads it.
    expect(String((body.submitted as { text: string }).text)).toHaveLength(64_000);
  }
  const csv = `line,name\n${[2, 30, 43, 51].map((line) => `${line},Mended\n`).join("")}`;
  const patched = await api.ask(`/v1/dead-letters?batchId=${id}`, {
    method: "PATCH",
    body: csv,
    headers: { "content-type": "text/csv" },
  });
  expect(patched.body).toMatchObject({ edited: 4, jobIds: [2, 30, 43, 51].map((line) => `${id}:${line}`) });
});
