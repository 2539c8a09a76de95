/** Putting dead letters back to work. */
import * as z from "zod";
import { LIMITS } from "../../limits.ts";
import { DeadLetterSelection } from "./dead-letter.ts";
import { IsoTime } from "./time.ts";

export const ReplayRequest = z.strictObject({
  filter: DeadLetterSelection,
  dryRun: z.boolean().optional(),
  /** Jobs put back a second; left out: at once, and they run as fast as the batch does. */
  perSecond: z.number().min(LIMITS.replayPerSecond.min).max(LIMITS.replayPerSecond.max).optional(),
});
export type ReplayRequest = z.infer<typeof ReplayRequest>;

/** `selected` = `waiting` + `left` + those put back; of these, `done` = `completed` + `deadAgain` + cancelled ones. */
export const Replay = z.object({
  id: z.string().nullable(),
  state: z.enum(["planned", "running", "finished", "aborted"]),
  selected: z.number(),
  /** Not put back yet. */
  waiting: z.number(),
  done: z.number(),
  completed: z.number(),
  deadAgain: z.number(),
  /** Never run by this replay: aborted before, discarded meanwhile, or their batch was cancelled. */
  left: z.number(),
  /** Put back, in batches that are paused or halted: they run when those are resumed. */
  resting: z.number(),
  /** As asked for; null: at once. */
  perSecond: z.number().nullable(),
  /** Done a second, over the replay's whole time. */
  ratePerSecond: z.number(),
  createdAt: IsoTime.nullable(),
  endedAt: IsoTime.nullable(),
});
export type Replay = z.infer<typeof Replay>;
