/** By what dead letters are found: one filter for lists, groups, replay and discard. */
import * as z from "zod";
import type { JobKey } from "../job/job.ts";
import type { SqlValue } from "./db.ts";

export const DEAD_LETTER_STATES = ["open", "replayed", "discarded"] as const;
export type DeadLetterState = (typeof DEAD_LETTER_STATES)[number];

const JobKeys: z.ZodType<readonly JobKey[]> = z.array(z.object({ batchId: z.string(), line: z.number() }));

/**
 * Every part that is set must hold. Times are epoch ms; `until` itself is left out. `q` is found anywhere in message,
 * name, code or token id, whatever its case. A schema, because a replay keeps its filter with it.
 */
export const DeadLetterFilter = z.object({
  batchId: z.string().optional(),
  jobs: JobKeys.optional(),
  step: z.string().optional(),
  code: z.string().optional(),
  fingerprint: z.string().optional(),
  httpStatus: z.number().optional(),
  host: z.string().optional(),
  line: z.number().optional(),
  since: z.number().optional(),
  until: z.number().optional(),
  q: z.string().optional(),
});
export type DeadLetterFilter = {
  readonly [K in keyof z.infer<typeof DeadLetterFilter>]: z.infer<typeof DeadLetterFilter>[K];
};

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
    ["d.fingerprint = ?", filter.fingerprint],
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
