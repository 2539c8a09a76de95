/** A job as its claim hands it over: all that its run needs to know, read in the transaction that took it. */
import * as z from "zod";
import { BATCH_KINDS, type BatchKind, BatchOptions } from "../job/batch.ts";
import { AttemptRecord, JobArgs, type JobKey, JobOutputs, NO_OUTPUTS } from "../job/job.ts";
import { json } from "./columns.ts";
import type { Row } from "./db.ts";
import { type SharedFetch, SharedFetches } from "./media-fetches.ts";

/** A job in our hands, with what the store knows about its token. */
export type ClaimedJob = JobKey & {
  readonly args: JobArgs;
  readonly attempt: number;
  readonly outputs: JobOutputs;
  readonly attempts: readonly AttemptRecord[];
  /** Nothing of ours has ever been taken for this token: nothing can be there, nothing need be looked up. */
  readonly firstTouch: boolean;
  /** An earlier run of ours made or adopted the token. */
  readonly owned: boolean;
  /** An earlier run of ours may have sent a create-token that nobody recorded. */
  readonly sent: boolean;
  /** The token was upstream before anything of ours was sent. */
  readonly found: boolean;
  /** Said only by the claim that takes the token over; a claim repeated after a lost answer does not know it. */
  readonly before: JobBefore | null;
  /** Of its media addresses, those that other rows need as well. */
  readonly shared: readonly SharedFetch[];
  /** Of a follow-up: the job of a later batch whose token it is now; this one is to leave it alone. */
  readonly supersededBy: string | null;
  /** Of a verify: whether whoever holds the token left it public; null: they did not end well, so nobody knows. */
  readonly leftPublic: boolean | null;
  readonly batch: ClaimedBatch;
};

/** The job that was the last to touch the token, where its record is the last word on what is upstream. */
export type JobBefore = {
  readonly outputs: JobOutputs;
  readonly media: JobArgs["media"];
  /** It completed, and its row said the same of the token, media cells and all. */
  readonly isDone: boolean;
};

export type ClaimedBatch = {
  readonly id: string;
  readonly runEpoch: number;
  readonly collectionId: number;
  readonly options: BatchOptions;
  readonly kind: BatchKind;
  readonly collectionPublished: boolean;
};

const Kind = z.enum(BATCH_KINDS);
const Attempts = z.array(AttemptRecord);
const parsed = (value: unknown): unknown => JSON.parse(String(value));

export const keyOf = (row: Row): JobKey => ({ batchId: String(row.batch_id), line: Number(row.line) });

const BeforeRow = z.object({
  outputs: json(JobOutputs),
  media: json(JobArgs.shape.media),
  is_done: z.number(),
});

export function jobBefore(row: Row): JobBefore {
  const { outputs, media, is_done } = BeforeRow.parse(row);
  return { outputs, media, isDone: is_done === 1 };
}

export function toClaimedJob(row: Row, before: JobBefore | null): ClaimedJob {
  return {
    ...keyOf(row),
    args: JobArgs.parse(parsed(row.args)),
    attempt: Number(row.attempt),
    outputs: row.outputs === null ? NO_OUTPUTS : JobOutputs.parse(parsed(row.outputs)),
    attempts: row.attempts === null ? [] : Attempts.parse(parsed(row.attempts)),
    firstTouch: row.key_claims === 1,
    owned: row.owned === 1,
    sent: row.sent === 1,
    found: row.found === 1,
    before,
    shared: SharedFetches.parse(row.shared),
    supersededBy: row.superseded_by === null ? null : String(row.superseded_by),
    leftPublic: row.left_public === null ? null : row.left_public === 1,
    batch: {
      id: String(row.batch_id),
      runEpoch: Number(row.run_epoch),
      collectionId: Number(row.collection_id),
      options: BatchOptions.parse(parsed(row.options)),
      kind: Kind.parse(row.kind),
      collectionPublished: row.collection_published === 1,
    },
  };
}
