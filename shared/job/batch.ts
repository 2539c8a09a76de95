/** One submission: its states and the options it was submitted with. No I/O. No clock. */
import * as z from "zod";
import type { JobState } from "./job.ts";

export const BATCH_STATES = [
  "receiving",
  "validating",
  "invalid",
  "planned",
  "running",
  "paused",
  "halted",
  "cancelled",
  "finished",
] as const;
export type BatchState = (typeof BATCH_STATES)[number];

/** A submission, or a follow-up over the rows that another batch completed. */
export const BATCH_KINDS = ["submit", "publish", "unpublish", "verify"] as const;
export type BatchKind = (typeof BATCH_KINDS)[number];
export type FollowUpKind = Exclude<BatchKind, "submit">;

/** How much of the window a batch gets beside others: see `shared/dispatch.ts`. */
export const PRIORITIES = ["high", "normal", "low"] as const;
export type Priority = (typeof PRIORITIES)[number];

/** States in which nothing moves without a person. */
export const RESTING_STATES: readonly BatchState[] = [
  "invalid",
  "planned",
  "paused",
  "halted",
  "cancelled",
  "finished",
];

/** How a batch was submitted; frozen when the batch row is written. */
export const BatchOptions = z.object({
  onInvalid: z.enum(["stop", "skip"]),
  onExisting: z.enum(["fail", "update", "skip"]),
  publish: z.boolean(),
  dryRun: z.boolean(),
  first: z.number().int().positive().nullable(),
  force: z.boolean(),
  refreshMedia: z.boolean(),
  mediaSet: z.string().nullable(),
  template: z.record(z.string(), z.string()),
  map: z.record(z.string(), z.string()),
  tokenIds: z.enum(["file", "derived", "sequential"]),
  firstTokenId: z.string(),
  contentType: z.string().nullable(),
  /** Batches from before there were any have none. */
  priority: z.enum(PRIORITIES).default("normal"),
});
export type BatchOptions = z.infer<typeof BatchOptions>;

/** Why a batch stopped itself: an account's fault, never a row's. */
export const Halted = z.object({ code: z.string(), message: z.string(), next: z.string() });
export type Halted = z.infer<typeof Halted>;

export const WAITING_REASONS = ["rate_limited", "upstream_down", "media_host_down", "trial"] as const;
/** What open jobs wait for, while they wait for somebody else. Times in epoch ms. */
export const Waiting = z.object({
  reason: z.enum(WAITING_REASONS),
  host: z.string().nullable(),
  since: z.number(),
  until: z.number().nullable(),
  message: z.string(),
});
export type Waiting = z.infer<typeof Waiting>;

export type JobCounts = Record<JobState, number>;
export const OPEN_STATES = ["pending", "queued", "running", "retryable", "snoozed"] as const;

export const openJobs = (counts: JobCounts): number =>
  OPEN_STATES.reduce((sum, state) => sum + counts[state], 0);
