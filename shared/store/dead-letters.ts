/** Dead letters as people read them, and the filter that both a list and a replay select by. */
import * as z from "zod";
import { AttemptRecord, type JobKey } from "../job/job.ts";
import { json } from "./columns.ts";
import { type Db, type SqlValue, sql } from "./db.ts";

export const DEAD_LETTER_STATES = ["open", "replayed", "discarded"] as const;
export type DeadLetterState = (typeof DEAD_LETTER_STATES)[number];

/** Every part that is set must hold. Times are epoch ms; `until` itself is left out. */
export type DeadLetterFilter = {
  readonly batchId?: string | undefined;
  readonly jobs?: readonly JobKey[] | undefined;
  readonly step?: string | undefined;
  readonly code?: string | undefined;
  readonly httpStatus?: number | undefined;
  readonly host?: string | undefined;
  readonly line?: number | undefined;
  readonly since?: number | undefined;
  readonly until?: number | undefined;
  /** Found anywhere in message, name, code or token id, whatever its case. */
  readonly q?: string | undefined;
};

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

/** Newest first, from before an id. The state is written out because only so the index of open ones is seen. */
export async function listDeadLetters(
  db: Db,
  given: {
    target: string;
    state: DeadLetterState;
    filter: DeadLetterFilter;
    before: number | null;
    limit: number;
  },
): Promise<DeadLetterRow[]> {
  const where = whereOf(given.filter);
  const { rows } = await db.run(
    sql(
      `SELECT ${COLUMNS} FROM dead_letters d
       WHERE d.target = ? AND d.state = '${given.state}' AND d.id < ?${where.text}
       ORDER BY d.id DESC LIMIT ?`,
      given.target,
      given.before ?? Number.MAX_SAFE_INTEGER,
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

/**
 * The filter as SQL over `dead_letters d`, to stand after another condition. Only the parts that are set are
 * written: with `(? IS NULL OR …)` for each, SQLite could use no index for any.
 */
export function whereOf(filter: DeadLetterFilter): { text: string; params: SqlValue[] } {
  const parts: [condition: string, value: SqlValue | undefined][] = [
    ["d.batch_id = ?", filter.batchId],
    [
      "(d.batch_id, d.line) IN (SELECT value ->> 'batchId', value ->> 'line' FROM json_each(?))",
      keys(filter),
    ],
    ["d.step = ?", filter.step],
    ["d.code = ?", filter.code],
    ["d.http_status = ?", filter.httpStatus],
    ["d.host = ?", filter.host],
    ["d.line = ?", filter.line],
    ["d.created_at >= ?", filter.since],
    ["d.created_at < ?", filter.until],
    // No LIKE: D1 refuses patterns over 50 bytes, and a person's % or _ would mean something else.
    [
      "instr(lower(d.message || char(10) || d.name || char(10) || d.code || char(10) || d.token_id), lower(?)) > 0",
      filter.q,
    ],
  ];
  const set = parts.filter((part): part is [string, SqlValue] => part[1] !== undefined);
  return {
    text: set.map(([condition]) => ` AND ${condition}`).join(""),
    params: set.map(([, value]) => value),
  };
}

const keys = (filter: DeadLetterFilter): string | undefined =>
  filter.jobs && JSON.stringify(filter.jobs.map(({ batchId, line }) => ({ batchId, line })));
