/** Dead letters as people read them: pages of them, and one in full. Nothing here writes. */
import * as z from "zod";
import { AttemptRecord, type JobKey } from "../job/job.ts";
import { json } from "./columns.ts";
import { type Db, sql } from "./db.ts";
import { DEAD_LETTER_STATES, type DeadLetterFilter, type DeadLetterState, whereOf } from "./dead-letter-filter.ts";

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
 * Newest first, from behind a place. The letters are found by index alone, and only those of the page are read: a
 * letter holds up to 4 kB of somebody's answer. The state is written out because only so the index of open ones is
 * seen.
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
  // Of two upper bounds SQLite uses one for its index, and it would be the wrong one.
  const { until = Number.MAX_SAFE_INTEGER, ...filter } = given.filter;
  const where = whereOf(filter);
  const [createdAt, id] = given.after ?? [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER];
  const { rows } = await db.run(
    sql(
      `SELECT ${COLUMNS} FROM dead_letters d
       WHERE d.target = ? AND d.state = '${given.state}' AND d.created_at <= ?
         AND (d.created_at, d.id) < (?, ?)${where.text}
       ORDER BY d.created_at DESC, d.id DESC LIMIT ?`,
      given.target,
      Math.min(createdAt, until - 1),
      createdAt,
      id,
      ...where.params,
      given.limit,
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
