/** One row's work: its states, its validated input, what its steps have left behind. No I/O. No clock. */
import * as z from "zod";

/** In the order of a job's life. Each says in `design.md` §5 who takes the job out of it again. */
export const JOB_STATES = [
  "pending",
  "queued",
  "running",
  "retryable",
  "snoozed",
  "completed",
  "dead",
  "cancelled",
] as const;
export type JobState = (typeof JOB_STATES)[number];

/** The first four make a token; each of the others is all that a job of a follow-up does. */
export const STEPS = [
  "create-token",
  "create-asset",
  "upload-asset",
  "publish-token",
  "unpublish-token",
  "verify-token",
] as const;
export type Step = (typeof STEPS)[number];

/** What Sequence calls `metadataField`: a token's asset is known by it. */
export const MEDIA_FIELDS = ["image", "animation_url", "video", "audio"] as const;
export type MediaField = (typeof MEDIA_FIELDS)[number];

/** What a completed job did to its token. */
export type JobOutcome = "created" | "updated" | "unchanged";

/** Where a row's media comes from. A name in a media set is bound to its bytes at validation. */
export const MediaSource = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("url"), url: z.string() }),
  z.object({
    kind: z.literal("set"),
    fileName: z.string(),
    sha256: z.string(),
    bytes: z.number().int(),
    contentType: z.string(),
  }),
]);
export type MediaSource = z.infer<typeof MediaSource>;

const JsonObject = z.record(z.string(), z.json());

/**
 * A row after validation: everything a job needs, nothing to be worked out again.
 * `token` holds the fields of Sequence's TokenMetadata under their wire names.
 */
export const JobArgs = z.object({
  tokenId: z.string(),
  token: z.object({
    name: z.string(),
    description: z.string(),
    decimals: z.number().int(),
    external_url: z.string().optional(),
    background_color: z.string().optional(),
    properties: JsonObject.nullable(),
    attributes: z.array(JsonObject).nullable(),
  }),
  media: z.array(z.object({ field: z.enum(MEDIA_FIELDS), source: MediaSource })),
});
export type JobArgs = z.infer<typeof JobArgs>;
export type JobMedia = JobArgs["media"][number];

/** An asset as far as it is known; `url` and the rest only once Sequence confirmed the upload. */
export const JobAsset = z.object({
  field: z.enum(MEDIA_FIELDS),
  id: z.number(),
  url: z.string().nullable(),
  sha256: z.string().nullable(),
  bytes: z.number().nullable(),
  contentType: z.string().nullable(),
  /** What was put right on the way: bytes of another type than the name says. */
  note: z.string().optional(),
  /** What the media's host calls this state of the file (ETag); not for media of a set. */
  etag: z.string().optional(),
  /** Taken over from the job that touched the token before; this job has not looked at its own media yet. */
  inherited: z.literal(true).optional(),
});
export type JobAsset = z.infer<typeof JobAsset>;

/**
 * What the steps have achieved so far, kept over attempts, releases and replays.
 * `token` is how the token came to be ours; null: not known to be there. `sent`: a create-token went out
 * whose effect is unknown, so a token like the row's may be ours.
 */
export const JobOutputs = z.object({
  token: z.enum(["created", "adopted"]).nullable(),
  sent: z.boolean(),
  assets: z.array(JobAsset),
  published: z.boolean(),
});
export type JobOutputs = z.infer<typeof JobOutputs>;

export const NO_OUTPUTS: JobOutputs = { token: null, sent: false, assets: [], published: false };

/** The error of the contract: on a job, an attempt and a dead letter. */
export const JobError = z.object({
  step: z.enum([...STEPS, "validate"]),
  code: z.string(),
  message: z.string(),
  next: z.string(),
  httpStatus: z.number().nullable(),
  retryable: z.boolean(),
});
export type JobError = z.infer<typeof JobError>;

export const StepRecord = z.object({
  step: z.enum(STEPS),
  ms: z.number(),
  outcome: z.enum(["done", "reused", "failed"]),
});
export type StepRecord = z.infer<typeof StepRecord>;

/** One run that ended in our verdict, or `lost`: its consumer was never heard of again. Times in epoch ms. */
export const AttemptRecord = z.object({
  attempt: z.number().int(),
  startedAt: z.number(),
  endedAt: z.number(),
  outcome: z.enum(["completed", "retryable", "snoozed", "dead", "released", "halted", "lost"]),
  steps: z.array(StepRecord),
  error: JobError.nullable(),
  /** Of a lost run: until then Sequence may still act on what it sent. */
  until: z.number().optional(),
});
export type AttemptRecord = z.infer<typeof AttemptRecord>;

/** A job's key in the store; its public id is `batchId:line`. */
export type JobKey = { readonly batchId: string; readonly line: number };

export const jobId = (key: JobKey): string => `${key.batchId}:${key.line}`;

/** The key behind a public job id, or null where the text is none. */
export function parseJobId(id: string): JobKey | null {
  const match = /^(bat_[0-9A-HJKMNP-TV-Z]{26}):([1-9][0-9]{0,8})$/.exec(id);
  return match?.[1] && match[2] ? { batchId: match[1], line: Number(match[2]) } : null;
}
