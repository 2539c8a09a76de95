/** One run of one job: what it was given, what it has found out and made so far. The steps read and write it. */
import type { Failure } from "../../../shared/job/failure.ts";
import type {
  JobAsset,
  JobMedia,
  JobOutputs,
  MediaField,
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
};

/** `skipped`: somebody else's token, and the batch says to leave those alone. */
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
    outputs: job.outputs,
    seen: null,
    media: new Map(),
    records: [],
  };
}

/** Sequence knows a token by these two. */
export const naturalKey = ({ job }: Run): { collectionId: number; tokenId: string } => ({
  collectionId: job.batch.collectionId,
  tokenId: job.args.tokenId,
});

/** Everything the row says of the token; never a part of it. */
export const fullToken = ({ job }: Run): TokenInput => ({ tokenId: job.args.tokenId, ...job.args.token });

export const assetOf = (outputs: JobOutputs, field: MediaField): JobAsset | undefined =>
  outputs.assets.find((asset) => asset.field === field);

export function recordAsset(run: Run, asset: JobAsset): void {
  const others = run.outputs.assets.filter(({ field }) => field !== asset.field);
  run.outputs = { ...run.outputs, assets: [...others, asset] };
}

/**
 * Whether this media's upload is on record. Only our own record counts: bytes of the same length and type may
 * still be other bytes, and to upload again only costs a call.
 */
export function isUploaded(run: Run, media: JobMedia): boolean {
  const asset = assetOf(run.outputs, media.field);
  if (!asset?.url || !asset.sha256) return false;
  return media.source.kind === "url" || media.source.sha256 === asset.sha256;
}
