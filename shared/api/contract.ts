/**
 * What the HTTP API speaks, one schema a noun. The Worker answers with these, the CLI, the dashboard and the
 * tests read with them, so they agree by construction. Times are ISO 8601 in UTC, token ids decimal strings.
 */
import * as z from "zod";
import { BATCH_KINDS, BATCH_STATES, Halted, PRIORITIES, WAITING_REASONS } from "../job/batch.ts";
import { JOB_STATES, JobError, MEDIA_FIELDS, STEPS, StepRecord } from "../job/job.ts";
import { LIMITS } from "../limits.ts";

export const IsoTime = z.iso.datetime();

/** RFC 9457 with our `code` and `next`; some carry more (`problems`, `expected`, …). */
export const Problem = z.looseObject({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  code: z.string(),
  detail: z.string(),
  next: z.string(),
});
export type Problem = z.infer<typeof Problem>;

export const pageOf = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), nextCursor: z.string().nullable() });
export type Page<T> = { items: T[]; nextCursor: string | null };

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

export const RowProblem = z.object({
  line: z.number(),
  column: z.string(),
  code: z.string(),
  severity: z.enum(["error", "warning"]),
  message: z.string(),
  next: z.string(),
  value: z.string().nullable(),
});
export type RowProblem = z.infer<typeof RowProblem>;

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

export const DeadLetter = z.object({
  jobId: z.string(),
  batchId: z.string(),
  line: z.number(),
  tokenId: z.string(),
  name: z.string(),
  state: z.enum(["open", "replayed", "discarded"]),
  step: z.string(),
  code: z.string(),
  message: z.string(),
  next: z.string(),
  httpStatus: z.number().nullable(),
  host: z.string().nullable(),
  attempts: z.number(),
  /** Of its cause: step, code, message without what differs from row to row, and host. */
  fingerprint: z.string(),
  createdAt: IsoTime,
});
export type DeadLetter = z.infer<typeof DeadLetter>;

/** One change of a dead row's cells. `tokenIdBefore` is what the row's token was until then. */
export const EditView = z.object({
  at: IsoTime,
  by: z.string(),
  cells: z.record(z.string(), z.object({ from: z.string(), to: z.string() })),
  tokenIdBefore: z.string(),
});

/** One dead letter in full: its row as validated and as submitted, every attempt, the last response without secrets. */
export const DeadLetterDetail = DeadLetter.extend({
  row: z.json(),
  attemptRecords: z.array(AttemptView),
  response: z
    .object({
      url: z.string().nullable(),
      host: z.string().nullable(),
      status: z.number().nullable(),
      body: z.string().nullable(),
      hop: z.number().nullable(),
    })
    .nullable(),
  /** The row as it stands in the file, without its line end (cut at 64,000 characters), and its cells by header. Null: the file is gone. */
  submitted: z.object({ text: z.string(), cells: z.record(z.string(), z.string()) }).nullable(),
  edits: z.array(EditView),
});
export type DeadLetterDetail = z.infer<typeof DeadLetterDetail>;

/** Dead letters of one cause. `message` is normalised; `example` and `next` are the newest's. */
export const DeadLetterGroup = z.object({
  fingerprint: z.string(),
  step: z.string(),
  code: z.string(),
  message: z.string(),
  example: z.string(),
  httpStatus: z.number().nullable(),
  host: z.string().nullable(),
  count: z.number(),
  firstAt: IsoTime,
  lastAt: IsoTime,
  sampleJobIds: z.array(z.string()),
  next: z.string(),
});
export type DeadLetterGroup = z.infer<typeof DeadLetterGroup>;

const SELECTION = {
  batchId: z.string().optional(),
  step: z.string().optional(),
  code: z.string().optional(),
  fingerprint: z.string().optional(),
  httpStatus: z.number().int().min(100).max(599).optional(),
  host: z.string().optional(),
  line: z.number().int().min(1).optional(),
  since: z.iso.datetime({ offset: true }).optional(),
  until: z.iso.datetime({ offset: true }).optional(),
  q: z.string().optional(),
  jobIds: z.array(z.string()).max(1000).optional(),
};

/** Open dead letters that match all of it: at least one part, so that nobody takes everything by mistake. */
export const DeadLetterSelection = z
  .strictObject(SELECTION)
  .refine(
    (filter) => Object.keys(filter).length > 0,
    `Name at least one of ${Object.keys(SELECTION).join(", ")}.`,
  );
export type DeadLetterSelection = z.infer<typeof DeadLetterSelection>;

export const ReplayRequest = z.strictObject({
  filter: DeadLetterSelection,
  dryRun: z.boolean().optional(),
  /** Jobs put back a second; left out: at once, and they run as fast as the batch does. */
  perSecond: z.number().min(LIMITS.replayPerSecond.min).max(LIMITS.replayPerSecond.max).optional(),
});
export type ReplayRequest = z.infer<typeof ReplayRequest>;

export const DiscardRequest = z.strictObject({
  filter: DeadLetterSelection,
  dryRun: z.boolean().optional(),
});
export type DiscardRequest = z.infer<typeof DiscardRequest>;
/** `discarded` is 0 on a dry run. */
export const Discard = z.object({ selected: z.number(), discarded: z.number() });
export type Discard = z.infer<typeof Discard>;

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

/** Cells by column: header or field. null empties a cell. */
export const EditRequest = z.strictObject({
  cells: z
    .record(z.string(), z.json())
    .refine((cells) => Object.keys(cells).length > 0, "Name at least one column."),
});
export type EditRequest = z.infer<typeof EditRequest>;

/** `unchanged`: rows of the patch that say what the row says already. */
export const Patched = z.object({
  edited: z.number(),
  unchanged: z.number(),
  jobIds: z.array(z.string()),
  warnings: z.array(RowProblem),
});
export type Patched = z.infer<typeof Patched>;

export const MediaFile = z.object({
  fileName: z.string(),
  sha256: z.string(),
  bytes: z.number(),
  contentType: z.string(),
});
export type MediaFile = z.infer<typeof MediaFile>;

const Sha256 = z.string().regex(/^[0-9a-f]{64}$/, "Expected a SHA-256 as 64 lowercase hex digits.");

/** Names for bytes that may be here already: `missing` must be sent. */
export const NamingRequest = z.strictObject({
  files: z
    .array(z.strictObject({ fileName: z.string(), sha256: Sha256 }))
    .min(1)
    .max(LIMITS.listMax),
});
export type NamingRequest = z.infer<typeof NamingRequest>;
export const Naming = z.object({ named: z.array(MediaFile), missing: z.array(z.string()) });
export type Naming = z.infer<typeof Naming>;

/** Both may be left out; with both, the same file asked for again finds the upload that it began. */
export const UploadRequest = z.strictObject({
  bytes: z.number().int().min(1).optional(),
  sha256: Sha256.optional(),
});
export type UploadRequest = z.infer<typeof UploadRequest>;

/** `parts` are the numbers that have come, from 1. All but the last have `partBytes` bytes. */
export const Upload = z.object({
  id: z.string(),
  partBytes: z.number(),
  state: z.enum(["open", "completed", "moved"]),
  bytes: z.number().nullable(),
  sha256: z.string().nullable(),
  parts: z.array(z.number()),
  createdAt: IsoTime,
});
export type Upload = z.infer<typeof Upload>;
export const UploadedPart = z.object({ number: z.number(), bytes: z.number() });
export type UploadedPart = z.infer<typeof UploadedPart>;

export const CollectionInput = z.strictObject({
  name: z.string().min(1),
  description: z.string().optional(),
  externalLink: z.url({ protocol: /^https?$/ }).optional(),
  properties: z.record(z.string(), z.json()).nullable().optional(),
  attributes: z.array(z.record(z.string(), z.json())).nullable().optional(),
});
export type CollectionInput = z.infer<typeof CollectionInput>;
export const CollectionPatch = CollectionInput.partial();
export type CollectionPatch = z.infer<typeof CollectionPatch>;

export const Collection = z.object({
  id: z.number(),
  name: z.string(),
  description: z.string(),
  externalLink: z.string().nullable(),
  properties: z.record(z.string(), z.json()).nullable(),
  attributes: z.array(z.record(z.string(), z.json())).nullable(),
  image: z.string().nullable(),
  published: z.boolean(),
  tokenCount: z.number().nullable(),
  /** What a contract's `setBaseMetadataURI` takes: ends in `/tokens/`. */
  baseUri: z.string(),
  contractUri: z.string(),
});
export type Collection = z.infer<typeof Collection>;

export const ContractInput = z.strictObject({
  chainId: z.number().int().positive(),
  contractAddress: z.string().regex(/^0x[0-9a-fA-F]{40}$/, "Expected 0x and 40 hex digits."),
});
export type ContractInput = z.infer<typeof ContractInput>;

/** `linked`: Sequence has it as well; `refused` is what it said where it has not. */
export const Contract = z.object({
  collectionId: z.number(),
  chainId: z.number(),
  contractAddress: z.string(),
  linked: z.boolean(),
  refused: z.object({ code: z.string(), message: z.string(), next: z.string() }).nullable(),
  createdAt: IsoTime,
});
export type Contract = z.infer<typeof Contract>;

/** Without a batch: all tokens that have changed since the last refresh that came to its end. */
export const RefreshRequest = z.strictObject({ batchId: z.string().optional() });
export type RefreshRequest = z.infer<typeof RefreshRequest>;

/** `tokens` asked for so far, each once a contract; of those `done` and `failed`. */
export const Refresh = z.object({
  id: z.string(),
  collectionId: z.number(),
  batchId: z.string().nullable(),
  state: z.enum(["running", "finished", "halted"]),
  tokens: z.number(),
  done: z.number(),
  failed: z.number(),
  error: z.object({ code: z.string(), message: z.string(), next: z.string() }).nullable(),
  createdAt: IsoTime,
  finishedAt: IsoTime.nullable(),
});
export type Refresh = z.infer<typeof Refresh>;

export const Finding = z.object({
  check: z.string(),
  ok: z.boolean(),
  /** `warning`: works, but look at it. */
  severity: z.enum(["ok", "warning", "error"]),
  code: z.string(),
  message: z.string(),
  next: z.string().nullable(),
});
export const DoctorReport = z.object({ ok: z.boolean(), findings: z.array(Finding) });
export type Finding = z.infer<typeof Finding>;
export type DoctorReport = z.infer<typeof DoctorReport>;
