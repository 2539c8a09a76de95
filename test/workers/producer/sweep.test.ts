/** The sweep keeps the promises that nobody may be keeping, and no trouble in one part of it reaches another. */
import { env } from "cloudflare:workers";
import { ulid } from "ulid";
import { beforeEach, describe, expect, test } from "vitest";
import { sql } from "../../../shared/store/db.ts";
import { openContext } from "../../../workers/producer/context.ts";
import { sweep } from "../../../workers/producer/sweep/sweep.ts";
import { db } from "../../support/producer.ts";
import { counters, OPTIONS, readBatch, seedBatch } from "../../support/rows.ts";

const DAY_MS = 86_400_000;
const NOW = 2_000_000_000_000;
/** A target of its own for each test: what one leaves behind is no other's to sweep. */
let target = "";
beforeEach(() => {
  target = `emulator#${1_000 + Math.floor(Math.random() * 1e9)}`;
});

const sweeper = (given: Record<string, unknown> = {}) => {
  const sent: unknown[] = [];
  const queue = { sendBatch: async (messages: Iterable<unknown>) => void sent.push(...messages) };
  const key = (part: unknown) => Buffer.from(JSON.stringify(part)).toString("base64url");
  const bindings = {
    ...env,
    EMULATOR_URL: "http://127.0.0.1:1",
    JWT_ACCESS_KEY: `${key({ alg: "HS256" })}.${key({ project: Number(target.split("#")[1]) })}.x`,
    JOBS: queue,
    INTAKE: { send: async (message: unknown) => void sent.push(message) },
    ...given,
  } as unknown as ProducerEnv;
  const context = openContext(bindings, { now: () => NOW });
  if (!context.ok) throw new Error(JSON.stringify(context.error));
  return { sent, run: () => sweep(context.value) };
};

async function receiving(
  createdAt: number,
): Promise<{ id: string; there: () => Promise<[boolean, boolean]> }> {
  const id = `bat_${ulid()}`;
  const key = `batches/${id}/source`;
  await db.run(
    sql(
      `INSERT INTO batches (id, target, name, state, collection_id, options, fingerprint, source_key, created_at)
       VALUES (?1, ?2, 'n', 'receiving', 1, ?3, '', ?4, ?5)`,
      id,
      target,
      JSON.stringify(OPTIONS),
      key,
      createdAt,
    ),
  );
  await env.BUCKET.put(key, "tokenId,na");
  const there = async (): Promise<[boolean, boolean]> => {
    const { rows } = await db.run(sql("SELECT 1 FROM batches WHERE id = ?1", id));
    return [rows.length === 1, (await env.BUCKET.head(key)) !== null];
  };
  return { id, there };
}

describe("an upload that broke off", () => {
  test("is forgotten after a day, with what had come in of its file", async () => {
    const [old, young] = [await receiving(NOW - DAY_MS), await receiving(NOW - DAY_MS + 1)];
    expect((await sweeper().run()).forgotten).toBe(1);
    expect(await old.there()).toEqual([false, false]);
    expect(await young.there()).toEqual([true, true]);
  });

  test("is forgotten at once where the process that received it is gone", async () => {
    const [before, after] = [await receiving(NOW - 2), await receiving(NOW - 1)];
    await sweeper({ STARTED_AT: String(NOW - 1) }).run();
    expect(await before.there()).toEqual([false, false]);
    expect(await after.there()).toEqual([true, true]);
  });

  test("stays on record until its file is gone", async () => {
    const old = await receiving(1);
    const BUCKET = { delete: () => Promise.reject(new Error("R2 is not there")) };
    expect((await sweeper({ BUCKET }).run()).forgotten).toBe(0);
    expect(await old.there()).toEqual([true, true]);
  });

  test("of which nobody finished is no longer in the way when it has come in all the same", async () => {
    const old = await receiving(1);
    await db.run(sql("UPDATE batches SET state = 'validating', intake_at = ?2 WHERE id = ?1", old.id, NOW));
    expect((await sweeper().run()).forgotten).toBe(0);
    expect(await old.there()).toEqual([true, true]);
  });
});

describe("trouble in one part", () => {
  test("of another batch's intake keeps no batch from being dispatched", async () => {
    const id = await seedBatch(db, { target });
    const stalled = await seedBatch(db, { target, state: "validating" });
    const INTAKE = { send: () => Promise.reject(new Error("the queue is not there")) };
    expect(await sweeper({ INTAKE }).run()).toMatchObject({ intakes: 0, dispatched: 3 });
    expect(await readBatch(db, id)).toMatchObject({ queued: 3 });
    expect(await readBatch(db, stalled)).toMatchObject({ state: "validating" });
  });

  test("with a lease that cannot be rescued leaves the next one to be", async () => {
    const broken = await seedBatch(db, { target, rows: 1 });
    const sound = await seedBatch(db, { target, rows: 1, collectionId: 2 });
    for (const [id, counted, expires] of [
      [broken, 0, 1],
      [sound, 1, 2],
    ] as const) {
      await db.batch([
        sql("UPDATE jobs SET state = 'running', lease_id = ?1 WHERE batch_id = ?1", id),
        sql("UPDATE batches SET pending = 0, running = ?2 WHERE id = ?1", id, counted),
        sql(
          "INSERT INTO leases (id, target, jobs, taken_at, expires_at) VALUES (?1, ?2, ?3, 1, ?4)",
          id,
          target,
          JSON.stringify([{ b: id, l: 2 }]),
          expires,
        ),
      ]);
    }
    expect((await sweeper().run()).rescued).toBe(1);
    expect(await counters(db, sound)).toMatchObject({ stored: { retryable: 1 }, counted: { retryable: 1 } });
  });
});

test("a large cancelled batch is turned in several pieces of one sweep", async () => {
  const id = await seedBatch(db, { target, rows: 12_000, state: "cancelled" });
  expect((await sweeper().run()).cancelled).toBe(12_000);
  expect(await counters(db, id)).toEqual({ stored: { cancelled: 12_000 }, counted: { cancelled: 12_000 } });
});
