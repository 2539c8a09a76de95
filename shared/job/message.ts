/** What travels on the queues: only a version and keys, so that a message can never carry a stale fact. */
import * as z from "zod";

export const JobMessage = z.object({ v: z.literal(1), b: z.string(), l: z.number().int().positive() });
export type JobMessage = z.infer<typeof JobMessage>;

export const IntakeMessage = z.object({ v: z.literal(1), b: z.string() });
export type IntakeMessage = z.infer<typeof IntakeMessage>;
