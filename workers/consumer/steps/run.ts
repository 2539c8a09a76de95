/** One run of one job: what it was given, what it has found out and made so far. The steps read and write it. */
import type { Drift } from "../../../shared/job/drift.ts";
import type { Failure } from "../../../shared/job/failure.ts";
import type {
  JobArgs,
  JobAsset,
  JobMedia,
  JobOutputs,
  MediaField,
  MediaSource,
  Step,
  StepRecord,
} from "../../../shared/job/job.ts";
import type { Result } from "../../../shared/result.ts";
import type { SequenceAsset, SequenceToken } from "../../../shared/sequence/schema.ts";
import type { TokenInput } from "../../../shared/sequence/sequence.ts";
import type { ClaimedJob } from "../../../shared/store/claim.ts";
import type { ConsumerContext } from "../context.ts";
import type { Delivery } from "../delivery.ts";
import type { MediaInHand } from "../media/media-in-hand.ts";

/** What `GetToken` said: the token with its assets, or that there is none. */
export type Seen = { readonly token: SequenceToken; readonly assets: readonly SequenceAsset[] } | "absent";

export type Run = {
  readonly job: ClaimedJob;
  readonly ctx: ConsumerContext;
  readonly delivery: Delivery;
  readonly startedAt: number;
  outputs: JobOutputs;
  /** Null until somebody looked; set again by every look. */
  seen: Seen | null;
  readonly media: Map<MediaField, MediaInHand>;
  readonly records: StepRecord[];
  /** What a verify has found so far. */
  readonly drifts: Drift[];
};

/** `skipped`: somebody else's token, and the batch says to leave those alone; or a later batch's. */
export type StepOutcome = "done" | "reused" | "skipped";
export type StepResult = Result<StepOutcome, StepFailure>;

/** The step is named by whoever fails: media is fetched before anything is created, but belongs to its upload. */
export type StepFailure = { readonly step: Step; readonly failure: Failure };

export const failed = (step: Step, failure: Failure): { ok: false; error: StepFailure } => ({
  ok: false,
  error: { step, failure },
});

export function startRun(ctx: ConsumerContext, delivery: Delivery, job: ClaimedJob): Run {
  return {
    job,
    ctx,
    delivery,
    startedAt: ctx.now(),
    outputs: knownOutputs(job),
    seen: null,
    media: new Map(),
    records: [],
    drifts: [],
  };
}

/**
 * What is known of the token's assets: what the job before left there, else what this job recorded. After a run that
 * was lost nobody knows what it has sent, and a job that is told to do all of it again takes nothing over.
 */
function knownOutputs(job: ClaimedJob): JobOutputs {
  const { outputs, before, args, batch } = job;
  // A follow-up sends no media: whatever became of its last run, its record of the assets is as good as it was.
  if (batch.kind !== "submit") return outputs;
  if (wasLost(job)) {
    return { ...outputs, assets: outputs.assets.map(({ field, id }) => bareAsset(field, id)) };
  }
  if (before === null || batch.options.force) return outputs;
  const inherited = args.media.flatMap(({ field, source }) => {
    const asset = assetOf(before.outputs, field);
    return asset?.sha256 ? [inherit(asset, source, before.media)] : [];
  });
  const fields = new Set(inherited.map(({ field }) => field));
  return { ...outputs, assets: [...outputs.assets.filter(({ field }) => !fields.has(field)), ...inherited] };
}

/** With its tag only if the address is still the same: that of one says nothing about another. */
function inherit({ etag, ...asset }: JobAsset, now: MediaSource, media: JobArgs["media"]): JobAsset {
  const then = media.find(({ field }) => field === asset.field)?.source;
  const isSameUrl = now.kind === "url" && then?.kind === "url" && now.url === then.url;
  return { ...asset, ...(isSameUrl && etag !== undefined && { etag }), inherited: true };
}

/**
 * The last run was never heard of again: what it sent, nobody knows. A restart finds that out at once, while Sequence
 * may still be working on it.
 */
export const wasLost = ({ attempts }: ClaimedJob): boolean => attempts.at(-1)?.outcome === "lost";

/** Sequence knows a token by these two. */
export const naturalKey = ({ job }: Run): { collectionId: number; tokenId: string } => ({
  collectionId: job.batch.collectionId,
  tokenId: job.args.tokenId,
});

/** Everything the row says of the token; never a part of it. */
export const fullToken = ({ job }: Run): TokenInput => ({ tokenId: job.args.tokenId, ...job.args.token });

export const assetOf = (outputs: JobOutputs, field: MediaField): JobAsset | undefined =>
  outputs.assets.find((asset) => asset.field === field);

/** Nothing is known of its bytes: whatever they are, they are replaced. */
export const bareAsset = (field: MediaField, id: number): JobAsset => ({
  field,
  id,
  url: null,
  sha256: null,
  bytes: null,
  contentType: null,
});

export function recordAsset(run: Run, asset: JobAsset): void {
  const others = run.outputs.assets.filter(({ field }) => field !== asset.field);
  run.outputs = { ...run.outputs, assets: [...others, asset] };
}

/**
 * Whether this media's upload is on record. Only our own record counts: bytes of the same length and type may
 * still be other bytes, and to upload again only costs a call. What lies behind a URL may have changed since an
 * earlier job looked, so there its record counts only once this job has looked as well.
 */
export function isUploaded(run: Run, media: JobMedia): boolean {
  const asset = assetOf(run.outputs, media.field);
  if (!asset?.url || !asset.sha256) return false;
  return media.source.kind === "url" ? !asset.inherited : media.source.sha256 === asset.sha256;
}
