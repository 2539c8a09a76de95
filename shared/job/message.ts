/** What travels on the queues: a version, keys, and nothing that may change, so that no message carries a stale fact. */
import * as z from "zod";
import { BATCH_KINDS } from "./batch.ts";

export const JobMessage = z.object({
  v: z.literal(1),
  b: z.string(),
  l: z.number().int().positive(),
  /** Of a follow-up's jobs: what kind their batch is, for whoever is asked for turns before a job is looked at. */
  k: z.enum(BATCH_KINDS).optional(),
});
export type JobMessage = z.infer<typeof JobMessage>;

/** On the same queue, when jobs wait in D1 for a time: whoever gets it dispatches. It names no job, so none is at stake. */
export const WakeMessage = z.object({ v: z.literal(1), wake: z.literal(true) });
export type WakeMessage = z.infer<typeof WakeMessage>;

export const IntakeMessage = z.object({ v: z.literal(1), b: z.string() });
export type IntakeMessage = z.infer<typeof IntakeMessage>;

/** On the producer's own queue as well: a replay that has more to put back. */
export const ReplayMessage = z.object({ v: z.literal(1), r: z.string() });
export type ReplayMessage = z.infer<typeof ReplayMessage>;
