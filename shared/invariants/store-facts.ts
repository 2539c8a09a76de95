/**
 * D1's part of the facts: what is asked of it, and how its rows are read. Whoever has the database at hand (a
 * binding in workerd, a file on disk) asks the statements in one transaction, so that the answers agree.
 */
import * as z from "zod";
import { BATCH_KINDS, BATCH_STATES, BatchOptions } from "../job/batch.ts";
import { AttemptRecord, JOB_STATES, JobArgs, JobError, JobOutputs } from "../job/job.ts";
import type { StoreFacts } from "./facts.ts";

/** Each takes the target as its one parameter; their order is that of `toStoreFacts`. */
export const STORE_QUERIES = [
  `SELECT id, state, kind, source_batch AS sourceId, collection_id AS collectionId, options, rows_total AS rowsTotal, rows_valid AS rowsValid,
     rows_invalid AS rowsInvalid, pending, queued, running, retryable, snoozed, completed, dead, cancelled, created,
     updated, unchanged, created_at AS createdAt, started_at AS startedAt, finished_at AS finishedAt
   FROM batches WHERE target = ?1 ORDER BY id`,
  `SELECT j.batch_id AS batchId, j.line, j.token_id AS tokenId, j.args, j.state, j.attempt, j.claims,
     j.lease_id AS leaseId, j.state_at AS stateAt, j.outputs, j.outcome, j.error, j.attempts
   FROM batches b CROSS JOIN jobs j ON j.batch_id = b.id WHERE b.target = ?1 ORDER BY j.batch_id, j.line`,
  `SELECT id, batch_id AS batchId, line, state, code, http_status AS httpStatus, created_at AS createdAt
   FROM dead_letters WHERE target = ?1 ORDER BY id`,
  `SELECT collection_id AS collectionId, token_id AS tokenId, batch_id AS batchId, line, claims, owned, found
   FROM manifest WHERE target = ?1`,
  "SELECT id, jobs, expires_at AS expiresAt FROM leases WHERE target = ?1",
  "SELECT batch_id AS batchId, line, token_id AS tokenId FROM edits WHERE target = ?1 ORDER BY id",
] as const;

const json = <T extends z.ZodType>(schema: T) =>
  z
    .string()
    .transform((text): unknown => JSON.parse(text))
    .pipe(schema);
const bool = z.number().transform((value) => value === 1);
const count = z.number();

const BatchRow = z
  .object({
    id: z.string(),
    state: z.enum(BATCH_STATES),
    kind: z.enum(BATCH_KINDS),
    sourceId: z.string().nullable(),
    collectionId: z.number(),
    options: json(BatchOptions),
    rowsTotal: count,
    rowsValid: count,
    rowsInvalid: count,
    ...{ pending: count, queued: count, running: count, retryable: count, snoozed: count },
    ...{ completed: count, dead: count, cancelled: count },
    ...{ created: count, updated: count, unchanged: count },
    createdAt: z.number(),
    startedAt: z.number().nullable(),
    finishedAt: z.number().nullable(),
  })
  .transform((row) => {
    const { pending, queued, running, retryable, snoozed, completed, dead, cancelled, ...rest } = row;
    const { created, updated, unchanged, ...batch } = rest;
    const counts = { pending, queued, running, retryable, snoozed, completed, dead, cancelled };
    return { ...batch, counts, outcomes: { created, updated, unchanged } };
  });

const JobRow = z.object({
  batchId: z.string(),
  line: z.number(),
  tokenId: z.string(),
  args: json(JobArgs),
  state: z.enum(JOB_STATES),
  attempt: count,
  claims: count,
  leaseId: z.string().nullable(),
  stateAt: z.number(),
  outputs: json(JobOutputs).nullable(),
  outcome: z.enum(["created", "updated", "unchanged"]).nullable(),
  error: json(JobError).nullable(),
  attempts: json(z.array(AttemptRecord))
    .nullable()
    .transform((records) => records ?? []),
});

const DeadLetterRow = z.object({
  id: z.number(),
  batchId: z.string(),
  line: z.number(),
  state: z.enum(["open", "replayed", "discarded"]),
  code: z.string(),
  httpStatus: z.number().nullable(),
  createdAt: z.number(),
});

const ManifestRow = z.object({
  collectionId: z.number(),
  tokenId: z.string(),
  batchId: z.string(),
  line: z.number(),
  claims: count,
  owned: bool,
  found: bool,
});

const LeaseRow = z.object({
  id: z.string(),
  jobs: json(z.array(z.object({ b: z.string(), l: z.number() }))),
  expiresAt: z.number(),
});

const EditRow = z.object({ batchId: z.string(), line: z.number(), tokenId: z.string() });

/** @param answers rows of each of `STORE_QUERIES`, in their order. @throws where a row is not what it must be */
export function toStoreFacts([
  batches,
  jobs,
  deadLetters,
  manifest,
  leases,
  edits,
]: readonly (readonly unknown[])[]): StoreFacts {
  return {
    batches: z.array(BatchRow).parse(batches),
    jobs: z.array(JobRow).parse(jobs),
    deadLetters: z.array(DeadLetterRow).parse(deadLetters),
    manifest: z.array(ManifestRow).parse(manifest),
    leases: z.array(LeaseRow).parse(leases),
    edits: z.array(EditRow).parse(edits),
  };
}
