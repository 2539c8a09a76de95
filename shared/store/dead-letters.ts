/** Dead letters as people read them: pages of them, and one in full. Nothing here writes. */
import * as z from "zod";
import { AttemptRecord, type JobKey } from "../job/job.ts";
import { json } from "./columns.ts";
import { type Db, type SqlValue, sql } from "./db.ts";
import { causesOf } from "./dead-letter-causes.ts";
import {
  DEAD_LETTER_STATES,
  type DeadLetterFilter,
  type DeadLetterState,
  whereOf,
} from "./dead-letter-filter.ts";

export const DeadLetterRow = z.object({
  id: z.number(),
  batch_id: z.string(),
  line: z.number(),
  token_id: z.string(),
  name: z.string(),
  state: z.enum(DEAD_LETTER_STATES),
  step: z.string(),
  code: z.string(),
  message: z.string(),
  next: z.string(),
  http_status: z.number().nullable(),
  host: z.string().nullable(),
  attempts: z.number(),
  fingerprint: z.string(),
  created_at: z.number(),
});
export type DeadLetterRow = z.infer<typeof DeadLetterRow>;

const DetailRow = DeadLetterRow.extend({
  response: json(z.unknown()).nullable(),
  args: json(z.json()).nullable(),
  attempt_records: json(z.array(AttemptRecord)).nullable(),
});
export type DeadLetterDetailRow = z.infer<typeof DetailRow>;

const COLUMNS = Object.keys(DeadLetterRow.shape)
  .map((name) => `d.${name}`)
  .join(", ");

/** Where a page begins: behind this letter, in the order in which they are shown. */
export type LetterPlace = readonly [createdAt: number, id: number];

/**
 * Newest first, from behind a place: a page reads a page, wherever it stands and, but for status and text, by whatever
 * it is asked. The state is written out because only so the indexes are seen.
 */
export async function listDeadLetters(
  db: Db,
  given: {
    target: string;
    state: DeadLetterState;
    filter: DeadLetterFilter;
    after: LetterPlace | null;
    limit: number;
  },
): Promise<DeadLetterRow[]> {
  const { target, state, limit } = given;
  // Of two upper bounds SQLite uses one for its index, and it would be the wrong one.
  const { until = Number.MAX_SAFE_INTEGER, ...filter } = given.filter;
  const where = whereOf(filter);
  const [createdAt, id] = given.after ?? [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER];
  const matching = `d.target = ? AND d.state = '${state}' AND d.created_at <= ?
    AND (d.created_at, d.id) < (?, ?)${where.text}`;
  const params: SqlValue[] = [target, Math.min(createdAt, until - 1), createdAt, id, ...where.params, limit];
  const causes = await causesOf(db, target, state, filter);
  if (causes?.length === 0) return [];
  const { rows } = await db.run(
    causes === null
      ? sql(
          `SELECT ${COLUMNS} FROM dead_letters d WHERE ${matching}
           ORDER BY d.created_at DESC, d.id DESC LIMIT ?`,
          ...params,
        )
      : sql(
          // A page of each cause, and of those the first page.
          `SELECT ${COLUMNS} FROM (
             SELECT o.id, o.created_at FROM json_each(?) c CROSS JOIN dead_letters o ON o.id IN (
               SELECT d.id FROM dead_letters d INDEXED BY dead_letters_cause
               WHERE d.fingerprint = c.value AND ${matching} ORDER BY d.created_at DESC, d.id DESC LIMIT ?)
             ORDER BY o.created_at DESC, o.id DESC LIMIT ?) p
           CROSS JOIN dead_letters d ON d.id = p.id ORDER BY d.created_at DESC, d.id DESC`,
          JSON.stringify(causes),
          ...params,
          limit,
        ),
  );
  return rows.map((row) => DeadLetterRow.parse(row));
}

/** The open one of a job, or else its latest; with the job's row and attempts, where there is such a job. */
export async function readDeadLetter(
  db: Db,
  target: string,
  key: JobKey,
): Promise<DeadLetterDetailRow | null> {
  const { rows } = await db.run(
    sql(
      `SELECT ${COLUMNS}, d.response, j.args, j.attempts AS attempt_records
       FROM dead_letters d LEFT JOIN jobs j ON j.batch_id = d.batch_id AND j.line = d.line
       WHERE d.target = ?1 AND d.id = coalesce(
         (SELECT id FROM dead_letters WHERE batch_id = ?2 AND line = ?3 AND state = 'open'),
         (SELECT max(id) FROM dead_letters WHERE batch_id = ?2 AND line = ?3))`,
      target,
      key.batchId,
      key.line,
    ),
  );
  return rows[0] ? DetailRow.parse(rows[0]) : null;
}
