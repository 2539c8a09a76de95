/** A batch's file and what became of its rows, by ranges of lines: what the result files are made of. Nothing here writes. */
import * as z from "zod";
import { BATCH_KINDS, BATCH_STATES, BatchOptions } from "../job/batch.ts";
import { JOB_STATES, JobError, type JobState, STEPS } from "../job/job.ts";
import { flag, json } from "./columns.ts";
import { type Db, type Row, sql } from "./db.ts";

const ResultBatchRow = z.object({
  id: z.string(),
  name: z.string(),
  state: z.enum(BATCH_STATES),
  options: json(BatchOptions),
  source_key: z.string(),
  kind: z.enum(BATCH_KINDS),
  source_batch: z.string().nullable(),
  intake_offset: z.number(),
  intake_state: z.string().nullable(),
  rows_total: z.number(),
  collection_id: z.number(),
  collection_published: flag,
});
export type ResultBatch = z.infer<typeof ResultBatchRow>;

export async function readResultBatch(db: Db, target: string, id: string): Promise<ResultBatch | null> {
  const { rows } = await db.run(
    sql(
      `SELECT ${Object.keys(ResultBatchRow.shape).join(", ")} FROM batches WHERE id = ?1 AND target = ?2`,
      id,
      target,
    ),
  );
  return rows[0] ? ResultBatchRow.parse(rows[0]) : null;
}

const ResultJob = z.object({
  line: z.number(),
  state: z.enum(JOB_STATES),
  token_id: z.string(),
  step: z.enum(STEPS).nullable(),
  attempt: z.number(),
  error: json(JobError).nullable(),
  published: flag,
});
export type ResultJob = z.infer<typeof ResultJob>;

export type ListedError = {
  readonly column: string;
  readonly code: string;
  readonly message: string;
  readonly value: string | null;
};

/** By line. */
export type Outcomes = {
  /** Jobs in the states that were asked for. */
  readonly jobs: ReadonlyMap<number, ResultJob>;
  /** Lines whose jobs are in other states. */
  readonly others: ReadonlySet<number>;
  /** What was listed of rows that may be invalid. */
  readonly errors: ReadonlyMap<number, readonly ListedError[]>;
};

const Lines = json(z.array(z.number()));

/**
 * Of the lines from `first` to `last`, both included; reads no others. Of the jobs in other states, mostly nearly
 * all or nearly none, only the lines come, as one value.
 */
export async function readOutcomes(
  db: Db,
  range: {
    readonly batchId: string;
    readonly first: number;
    readonly last: number;
    readonly states: readonly JobState[];
  },
): Promise<Outcomes> {
  const params = [range.batchId, range.first, range.last] as const;
  const states = JSON.stringify(range.states);
  const [jobs, others, errors] = await db.batch([
    sql(
      `SELECT line, state, token_id, step, attempt, error, coalesce(outputs ->> '$.published', 0) AS published
       FROM jobs WHERE batch_id = ?1 AND line BETWEEN ?2 AND ?3 AND state IN (SELECT value FROM json_each(?4))`,
      ...params,
      states,
    ),
    sql(
      `SELECT json_group_array(line) AS lines FROM jobs
       WHERE batch_id = ?1 AND line BETWEEN ?2 AND ?3 AND state NOT IN (SELECT value FROM json_each(?4))`,
      ...params,
      states,
    ),
    sql(
      `SELECT line, col, code, message, value FROM row_errors
       WHERE batch_id = ?1 AND line BETWEEN ?2 AND ?3 AND severity = 'error' ORDER BY line, col, code`,
      ...params,
    ),
  ]);
  return {
    jobs: new Map((jobs?.rows ?? []).map((row) => [Number(row.line), ResultJob.parse(row)])),
    others: new Set(Lines.parse(others?.rows[0]?.lines)),
    errors: byLine(errors?.rows ?? []),
  };
}

function byLine(rows: readonly Row[]): Map<number, ListedError[]> {
  const errors = new Map<number, ListedError[]>();
  for (const row of rows) {
    const line = Number(row.line);
    const error = {
      column: String(row.col),
      code: String(row.code),
      message: String(row.message),
      value: row.value === null ? null : String(row.value),
    };
    const known = errors.get(line);
    if (known) known.push(error);
    else errors.set(line, [error]);
  }
  return errors;
}
