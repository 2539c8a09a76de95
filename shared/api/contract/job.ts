/** One row's work, with its attempts; and what a verify found of it. */
import * as z from "zod";
import { JOB_STATES, JobError, MEDIA_FIELDS, STEPS, StepRecord } from "../../job/job.ts";
import { IsoTime } from "./time.ts";

export const AttemptView = z.object({
  attempt: z.number(),
  startedAt: IsoTime,
  endedAt: IsoTime,
  outcome: z.string(),
  steps: z.array(StepRecord),
  error: JobError.nullable(),
});

export const AssetView = z.object({
  field: z.enum(MEDIA_FIELDS),
  id: z.number(),
  url: z.string().nullable(),
  sha256: z.string().nullable(),
  /** Where a file was not what its name says: what it is sent as. */
  note: z.string().optional(),
});

export const Job = z.object({
  id: z.string(),
  batchId: z.string(),
  line: z.number(),
  tokenId: z.string(),
  name: z.string(),
  state: z.enum(JOB_STATES),
  outcome: z.enum(["created", "updated", "unchanged"]).nullable(),
  attempt: z.number(),
  step: z.enum(STEPS).nullable(),
  assets: z.array(AssetView),
  /** Null until the token is non-private and its collection published. */
  publicUrl: z.string().nullable(),
  scheduledAt: IsoTime.nullable(),
  error: JobError.nullable(),
  attempts: z.array(AttemptView),
});
export type Job = z.infer<typeof Job>;

/** What a verify found; `line` 0 and an empty `tokenId`: of the collection. */
export const DriftView = z.object({
  jobId: z.string().nullable(),
  line: z.number(),
  tokenId: z.string(),
  field: z.string(),
  expected: z.string(),
  got: z.string(),
  next: z.string(),
  foundAt: IsoTime,
});
export type DriftView = z.infer<typeof DriftView>;
