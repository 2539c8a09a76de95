/**
 * What the checker is given: D1 as it stands, and the other side's own account of itself (the emulator's ledger
 * and state). Plain values; who read them, and from where, is no business of a rule. No I/O. No clock.
 */
import type { BatchKind, BatchOptions, BatchState, JobCounts } from "../job/batch.ts";
import type { AttemptRecord, JobArgs, JobError, JobOutcome, JobOutputs, JobState } from "../job/job.ts";

/** Everything of one target. Times in epoch ms. */
export type StoreFacts = {
  readonly batches: readonly BatchFact[];
  readonly jobs: readonly JobFact[];
  readonly deadLetters: readonly DeadLetterFact[];
  readonly manifest: readonly ManifestFact[];
  readonly leases: readonly LeaseFact[];
  readonly edits: readonly EditFact[];
};

export type BatchFact = {
  readonly id: string;
  readonly state: BatchState;
  /** Of a follow-up, `sourceId` is the batch whose rows it is about. */
  readonly kind: BatchKind;
  readonly sourceId: string | null;
  readonly collectionId: number;
  readonly options: BatchOptions;
  readonly rowsTotal: number;
  readonly rowsValid: number;
  readonly rowsInvalid: number;
  readonly counts: JobCounts;
  readonly outcomes: Readonly<Record<JobOutcome, number>>;
  readonly createdAt: number;
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
};

export type JobFact = {
  readonly batchId: string;
  readonly line: number;
  readonly tokenId: string;
  readonly args: JobArgs;
  readonly state: JobState;
  readonly attempt: number;
  readonly claims: number;
  readonly leaseId: string | null;
  readonly stateAt: number;
  readonly outputs: JobOutputs | null;
  readonly outcome: JobOutcome | null;
  readonly error: JobError | null;
  readonly attempts: readonly AttemptRecord[];
};

export type DeadLetterFact = {
  readonly id: number;
  readonly batchId: string;
  readonly line: number;
  readonly state: "open" | "replayed" | "discarded";
  readonly code: string;
  readonly httpStatus: number | null;
  readonly createdAt: number;
};

/** A row whose cells somebody changed. `tokenId` is what its token was until then. */
export type EditFact = { readonly batchId: string; readonly line: number; readonly tokenId: string };

export type ManifestFact = {
  readonly collectionId: number;
  readonly tokenId: string;
  readonly batchId: string;
  readonly line: number;
  readonly claims: number;
  readonly owned: boolean;
  readonly found: boolean;
};

export type LeaseFact = {
  readonly id: string;
  readonly expiresAt: number;
  readonly jobs: readonly { readonly b: string; readonly l: number }[];
};

/** The service as it is now, and every call it received. */
export type UpstreamFacts = {
  readonly tokens: readonly TokenFact[];
  readonly assets: readonly AssetFact[];
  /** In the order of arrival. */
  readonly calls: readonly CallFact[];
};

export type TokenFact = {
  readonly collectionId: number;
  readonly tokenId: string;
  readonly isPrivate: boolean;
  /** Under Sequence's own names; what was never said is "" or null there. */
  readonly metadata: Readonly<Record<string, unknown>>;
};

export type AssetFact = {
  readonly id: number;
  readonly collectionId: number;
  readonly tokenId: string | null;
  readonly field: string;
  /** Of the bytes; null: nothing was uploaded. */
  readonly sha256: string | null;
};

export type CallFact = {
  readonly id: number;
  /** Epoch ms of arrival. */
  readonly at: number;
  readonly surface: string;
  readonly method: string;
  readonly collectionId: number | null;
  readonly tokenId: string | null;
  readonly assetId: number | null;
  readonly field: string | null;
  /** What the service answered; null: under way. */
  readonly status: number | null;
  /** Place in the order in which calls were carried out; null: it never was. */
  readonly acted: number | null;
  /** Kind of the fault that the other side was told to play on it. */
  readonly fault: string | null;
  /** The token's flag after CreateToken or UpdateToken. */
  readonly isPrivate: boolean | null;
};

/** A time in which the service was out of order for everybody. Epoch ms. */
export type Outage = { readonly from: number; readonly until: number };

export type Facts = {
  readonly store: StoreFacts;
  readonly upstream: UpstreamFacts;
  /** `MAX_ATTEMPTS` of the deployment. */
  readonly maxAttempts: number;
  /** `MAX_CALLS_PER_SECOND`, where one held during every call of the ledger. */
  readonly callsPerSecond?: number | null;
  readonly outages?: readonly Outage[];
  /** Tokens that somebody else made, beside those that show themselves by being there before any batch. */
  readonly handMade?: readonly { readonly collectionId: number; readonly tokenId: string }[];
  /** Dead letters from before this time (epoch ms) may have been pruned. */
  readonly prunedBefore?: number;
  /** SHA-256 of what lies behind a media URL, where that is known without Mintline's help. */
  readonly mediaAt?: (url: string) => string | undefined;
};
