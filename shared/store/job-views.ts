/** Jobs as people read them, with what their batch knows of the collection. Nothing here writes. */
import * as z from "zod";
import {
  AttemptRecord,
  JOB_STATES,
  JobError,
  type JobKey,
  JobOutputs,
  type JobState,
  STEPS,
  type Step,
} from "../job/job.ts";
import { flag, json } from "./columns.ts";
import { type Db, type SqlValue, sql } from "./db.ts";

export const JobRow = z.object({
  batch_id: z.string(),
  line: z.number(),
  token_id: z.string(),
  name: z.string(),
  state: z.enum(JOB_STATES),
  outcome: z.enum(["created", "updated", "unchanged"]).nullable(),
  attempt: z.number(),
  step: z.enum(STEPS).nullable(),
  scheduled_at: z.number().nullable(),
  // Only what is shown: rows of an older release must stay readable when a step learns to remember more.
  outputs: json(JobOutputs.pick({ assets: true, published: true })).nullable(),
  error: json(JobError).nullable(),
  attempts: json(z.array(AttemptRecord)).nullable(),
  collection_id: z.number(),
  collection_published: flag,
});
export type JobRow = z.infer<typeof JobRow>;

/** Whether a token is public is said by the batch that made it: its follow-ups tell it, and know only of themselves. */
const OUTPUTS = `CASE WHEN b.source_batch IS NULL THEN j.outputs ELSE json_set(j.outputs, '$.published', (
    SELECT json(CASE s.outputs ->> '$.published' WHEN 1 THEN 'true' ELSE 'false' END) FROM jobs s
    WHERE s.batch_id = b.source_batch AND s.line = j.line)) END AS outputs`;

const COLUMNS = `j.batch_id, j.line, j.token_id, j.args ->> '$.token.name' AS name, j.state, j.outcome,
  j.attempt, j.step, j.scheduled_at, ${OUTPUTS}, j.error, j.attempts,
  b.collection_id, b.collection_published`;

export async function readJob(db: Db, target: string, key: JobKey): Promise<JobRow | null> {
  const { rows } = await db.run(
    sql(
      `SELECT ${COLUMNS} FROM jobs j JOIN batches b ON b.id = j.batch_id
       WHERE j.batch_id = ?1 AND j.line = ?2 AND b.target = ?3`,
      key.batchId,
      key.line,
      target,
    ),
  );
  return rows[0] ? JobRow.parse(rows[0]) : null;
}

/** In the order of the file, from after a line. Walks the primary key; a filter reads what it leaves out. */
export async function listJobs(
  db: Db,
  given: {
    target: string;
    batchId: string;
    afterLine: number;
    state: JobState | null;
    step: Step | null;
    limit: number;
  },
): Promise<JobRow[]> {
  const params: SqlValue[] = [
    given.batchId,
    given.target,
    given.afterLine,
    given.state,
    given.step,
    given.limit,
  ];
  const { rows } = await db.run(
    sql(
      `SELECT ${COLUMNS} FROM jobs j JOIN batches b ON b.id = j.batch_id
       WHERE j.batch_id = ?1 AND b.target = ?2 AND j.line > ?3
         AND (?4 IS NULL OR j.state = ?4) AND (?5 IS NULL OR j.step = ?5)
       ORDER BY j.line LIMIT ?6`,
      ...params,
    ),
  );
  return rows.map((row) => JobRow.parse(row));
}
