/** A submission, as it stands. */
import * as z from "zod";
import { BATCH_KINDS, BATCH_STATES, Halted, PRIORITIES, WAITING_REASONS } from "../../job/batch.ts";
import { JOB_STATES } from "../../job/job.ts";
import { IsoTime } from "./time.ts";

export const Plan = z.object({
  create: z.number(),
  update: z.number(),
  unchanged: z.number(),
  conflict: z.number(),
  calls: z.number(),
  bytes: z.number(),
  seconds: z.number(),
});
export type Plan = z.infer<typeof Plan>;

export const WaitingView = z.object({
  reason: z.enum(WAITING_REASONS),
  host: z.string().nullable(),
  since: IsoTime,
  until: IsoTime.nullable(),
  message: z.string(),
});

const counts = <K extends readonly string[]>(names: K) =>
  z.object(
    Object.fromEntries(names.map((name) => [name, z.number().int()])) as Record<K[number], z.ZodNumber>,
  );

export const Batch = z.object({
  id: z.string(),
  name: z.string(),
  target: z.string(),
  collectionId: z.number(),
  collectionPublished: z.boolean(),
  state: z.enum(BATCH_STATES),
  /** All but `submit` follow up the batch that `sourceId` names: they have jobs of their own over its rows. */
  kind: z.enum(BATCH_KINDS),
  sourceId: z.string().nullable(),
  /** Ids of the latest batches that follow this one up. */
  followUps: z.object({
    publish: z.string().nullable(),
    unpublish: z.string().nullable(),
    verify: z.string().nullable(),
  }),
  priority: z.enum(PRIORITIES),
  rows: z.object({ total: z.number(), valid: z.number(), invalid: z.number() }),
  jobs: counts(JOB_STATES),
  outcomes: z.object({ created: z.number(), updated: z.number(), unchanged: z.number() }),
  /** Share of jobs in a final state, 0 to 1. */
  progress: z.number(),
  ratePerSecond: z.number(),
  etaSeconds: z.number().nullable(),
  waiting: WaitingView.nullable(),
  halted: Halted.nullable(),
  format: z.string().nullable(),
  mapping: z.record(z.string(), z.string()),
  warnings: z.number(),
  /** Of a verify: how much it found to be other than it was left. GET /v1/batches/{id}/drifts lists it. */
  drifts: z.number(),
  plan: Plan.nullable(),
  /** False: submitted with `publish=false`; whether it has been published since, `followUps` tells. */
  publish: z.boolean(),
  createdAt: IsoTime,
  startedAt: IsoTime.nullable(),
  finishedAt: IsoTime.nullable(),
});
export type Batch = z.infer<typeof Batch>;
