/** Batches as people read them: one row each, whatever the size of the batch. Nothing here writes. */
import * as z from "zod";
import { BATCH_KINDS, BATCH_STATES, Halted, PRIORITIES, Waiting } from "../job/batch.ts";
import { flag, json } from "./columns.ts";
import { type Db, sql } from "./db.ts";

export const BatchRow = z.object({
  id: z.string(),
  target: z.string(),
  name: z.string(),
  state: z.enum(BATCH_STATES),
  kind: z.enum(BATCH_KINDS),
  source_batch: z.string().nullable(),
  publish_batch: z.string().nullable(),
  unpublish_batch: z.string().nullable(),
  verify_batch: z.string().nullable(),
  drifts: z.number(),
  publish: flag,
  priority: z.enum(PRIORITIES),
  collection_id: z.number(),
  collection_published: flag,
  fingerprint: z.string(),
  format: z.string().nullable(),
  mapping: json(z.record(z.string(), z.string())),
  rows_total: z.number(),
  rows_valid: z.number(),
  rows_invalid: z.number(),
  warnings: z.number(),
  pending: z.number(),
  queued: z.number(),
  running: z.number(),
  retryable: z.number(),
  snoozed: z.number(),
  completed: z.number(),
  dead: z.number(),
  cancelled: z.number(),
  created: z.number(),
  updated: z.number(),
  unchanged: z.number(),
  rate_per_second: z.number(),
  waiting: json(Waiting).nullable(),
  halted: json(Halted).nullable(),
  plan: json(z.unknown()).nullable(),
  created_at: z.number(),
  started_at: z.number().nullable(),
  finished_at: z.number().nullable(),
});
export type BatchRow = z.infer<typeof BatchRow>;

/** A hold of the whole target comes before what single jobs wait for: while it lasts, nothing moves. */
const WAITING = `CASE WHEN state = 'running' AND pending + queued + running + retryable + snoozed > 0 THEN coalesce(
    (SELECT json_object('reason', h.reason, 'host', h.host, 'since', h.since, 'until', h.until,
      'message', h.message) FROM holds h WHERE h.target = batches.target), waiting)
  ELSE waiting END AS waiting`;

const SPECIAL = new Map([
  ["waiting", WAITING],
  ["publish", "options ->> '$.publish' AS publish"],
]);

const COLUMNS = Object.keys(BatchRow.shape)
  .map((column) => SPECIAL.get(column) ?? column)
  .join(", ");

export async function readBatch(db: Db, target: string, id: string): Promise<BatchRow | null> {
  const { rows } = await db.run(
    sql(`SELECT ${COLUMNS} FROM batches WHERE id = ?1 AND target = ?2`, id, target),
  );
  return rows[0] ? BatchRow.parse(rows[0]) : null;
}

/** The batch that was submitted under this idempotency key. */
export async function readBatchByKey(db: Db, target: string, key: string): Promise<BatchRow | null> {
  const { rows } = await db.run(
    sql(`SELECT ${COLUMNS} FROM batches WHERE target = ?1 AND idempotency_key = ?2`, target, key),
  );
  return rows[0] ? BatchRow.parse(rows[0]) : null;
}

/** Newest first. A batch's id begins with its time, so the primary key is the order and nothing is sorted. */
export async function listBatches(
  db: Db,
  given: { target: string; before: string | null; limit: number },
): Promise<BatchRow[]> {
  const { rows } = await db.run(
    sql(
      `SELECT ${COLUMNS} FROM batches WHERE target = ?1 AND (?2 IS NULL OR id < ?2) ORDER BY id DESC LIMIT ?3`,
      given.target,
      given.before,
      given.limit,
    ),
  );
  return rows.map((row) => BatchRow.parse(row));
}
