/** What travels on the queues: only a version and keys, so that a message can never carry a stale fact. */
import * as z from "zod";

export const JobMessage = z.object({ v: z.literal(1), b: z.string(), l: z.number().int().positive() });
export type JobMessage = z.infer<typeof JobMessage>;

/** On the same queue, when jobs wait in D1 for a time: whoever gets it dispatches. It names no job, so none is at stake. */
export const WakeMessage = z.object({ v: z.literal(1), wake: z.literal(true) });
export type WakeMessage = z.infer<typeof WakeMessage>;

export const IntakeMessage = z.object({ v: z.literal(1), b: z.string() });
export type IntakeMessage = z.infer<typeof IntakeMessage>;

/** On the producer's own queue as well: a replay that has more to put back. */
export const ReplayMessage = z.object({ v: z.literal(1), r: z.string() });
export type ReplayMessage = z.infer<typeof ReplayMessage>;
