/**
 * One call of the store, said twice: to the model and to D1. A call keeps its arguments, so that it can be made
 * again as it was: whoever lost the answer does exactly that.
 */
import { type JobKey, jobId } from "../../../../shared/job/job.ts";
import { LIMITS } from "../../../../shared/limits.ts";
import {
  type BatchVerb,
  cancelBatch,
  pauseBatch,
  resumeBatch,
  startBatch,
} from "../../../../shared/store/batch-control.ts";
import { finishIdleBatches } from "../../../../shared/store/batches.ts";
import { type ClaimedJob, claimJobs } from "../../../../shared/store/claim.ts";
import type { Db } from "../../../../shared/store/db.ts";
import { queueDueJobs, queueJobs, requeueStale } from "../../../../shared/store/dispatches.ts";
import { renewLease } from "../../../../shared/store/leases.ts";
import { cancelJobs, putBackJobs, rescueJobs } from "../../../../shared/store/release.ts";
import { countReplayable, replayJobs } from "../../../../shared/store/replays.ts";
import { settleJobs } from "../../../../shared/store/settle.ts";
import { TARGET } from "../../../support/store.ts";
import { toStore, toWaiting } from "./endings.ts";
import * as keepers from "./keepers.ts";
import * as moves from "./moves.ts";
import * as people from "./people.ts";
import type { Done, State } from "./state.ts";

export type Call<Answer = unknown> = {
  /** What it is, for whoever reads a failure. */
  readonly text: string;
  model(state: State): Answer;
  store(db: Db): Promise<Answer>;
  /** Made twice in a row, the second time must change nothing at all. */
  readonly isIdempotent: boolean;
};

export const keyOf = (job: string): JobKey => {
  const colon = job.indexOf(":");
  return { batchId: job.slice(0, colon), line: Number(job.slice(colon + 1)) };
};
const keysOf = (jobs: readonly string[]): JobKey[] => jobs.map(keyOf);
/** Messages go out in any order, so an answer of keys is a set. */
const named = (keys: readonly JobKey[]): string[] => keys.map(jobId).sort();
const sorted = (jobs: readonly string[]): string[] => [...jobs].sort();
const byBatch = <T extends { batch: string }>(batches: readonly T[] | null): T[] | null =>
  batches?.toSorted((a, b) => a.batch.localeCompare(b.batch)) ?? null;

export const dispatch = (given: moves.Dispatch): Call<string[]> => ({
  text: `dispatch up to ${given.limit} of ${given.batch} as ${given.id}`,
  isIdempotent: true,
  model: (state) => sorted(moves.dispatch(state, given)),
  store: async (db) => {
    const { batch, id, now, limit } = given;
    return named(await queueJobs(db, { batchId: batch, dispatchId: id, now, limit }));
  },
});

/** @param given.got what the holder is told, each time it asks. */
export const claim = (given: moves.Claim & { got(claimed: readonly moves.Claimed[]): void }): Call => ({
  text: `claim ${given.keys.join(" ")} as ${given.lease}`,
  isIdempotent: true,
  model: (state) => moves.claim(state, given),
  store: async (db) => {
    const { lease, keys, got, ...rest } = given;
    const claim = { ...rest, keys: keysOf(keys), leaseId: lease, target: TARGET };
    const claimed = (await claimJobs(db, claim)).map(toClaimed);
    got(claimed);
    return claimed;
  },
});

const toClaimed = (job: ClaimedJob): moves.Claimed => ({
  job: jobId(job),
  attempt: job.attempt,
  epoch: job.batch.runEpoch,
  records: job.attempts.length,
  done: toDone(job),
  firstTouch: job.firstTouch,
  owned: job.owned,
  sent: job.sent,
});

function toDone({ outputs: { token, sent, assets } }: ClaimedJob): Done {
  const [asset] = assets;
  return { made: token !== null, sent, asset: !asset ? "none" : asset.url === null ? "unsure" : "uploaded" };
}

export const settle = (given: moves.Settle): Call => ({
  text: `settle under ${given.lease}: ${given.settlements.map((one) => `${one.job} ${one.state}`).join(", ")}${
    given.halts.length > 0
      ? `, halt ${given.halts.map(({ batch, epoch }) => `${batch} of epoch ${epoch}`)}`
      : ""
  }${given.last ? ", last" : ""}`,
  isIdempotent: true,
  model: (state) => byBatch(moves.settle(state, given)),
  store: async (db) => {
    const { lease, now, settlements, halts, last } = given;
    const batches = await settleJobs(db, {
      leaseId: lease,
      now,
      last,
      settlements: settlements.map((one) => toStore(keyOf(one.job), one)),
      halts: halts.map(({ batch, epoch }) => ({ batchId: batch, runEpoch: epoch, halted: HALTED })),
      waiting: toWaiting(settlements, now),
    });
    return byBatch(batches.map(({ id, state, pending, queued }) => ({ batch: id, state, pending, queued })));
  },
});

const HALTED = { code: "key.refused", message: "m", next: "n" };

export const renew = (given: Parameters<typeof moves.renew>[1]): Call => ({
  text: `renew ${given.lease}`,
  isIdempotent: true,
  model: (state) => byBatch(moves.renew(state, given)),
  store: async (db) => {
    const { lease, now, expiresAt, batches } = given;
    const pulses = await renewLease(db, { id: lease, now, expiresAt, batchIds: batches });
    return byBatch(pulses?.map(({ id, state, runEpoch }) => ({ batch: id, state, epoch: runEpoch })) ?? null);
  },
});

export const rescue = (given: keepers.Rescue): Call<string[]> => ({
  text: `rescue ${given.lease}${given.startedAt > 0 ? ", after a restart" : ""}`,
  isIdempotent: false, // the second answer is empty: the lease is gone
  model: (state) => sorted(keepers.rescue(state, given)),
  store: async (db) => {
    const { lease, now, startedAt } = given;
    return named(await rescueJobs(db, { leaseId: lease, now, startedAt }));
  },
});

export const putBack = (given: keepers.PutBack): Call<string[]> => ({
  text: `put back ${given.keys.join(" ")}${given.onlyStopped ? " if stopped" : ""}`,
  isIdempotent: false, // the second answer is empty: nothing is out any more
  model: (state) => sorted(keepers.putBack(state, given)),
  store: async (db) => {
    const { keys, ...rest } = given;
    return named(await putBackJobs(db, { ...rest, keys: keysOf(keys), target: TARGET }));
  },
});

export const resend = (given: keepers.Resend): Call<string[]> => ({
  text: `send ${given.batch}/${given.id} again`,
  isIdempotent: true,
  model: (state) => sorted(keepers.resend(state, given)),
  store: async (db) => {
    const { batch, ...rest } = given;
    return named(await requeueStale(db, { ...rest, batchId: batch }));
  },
});

export const sendDue = (given: Omit<keepers.SendDue, "delayedMessageMs" | "lostMs">): Call<string[]> => {
  const times = { delayedMessageMs: LIMITS.delayedMessageMs, lostMs: LIMITS.messageLostMs };
  return {
    text: `send up to ${given.limit} that are due as ${given.id}${given.startedAt > 0 ? ", after a restart" : ""}`,
    isIdempotent: false, // the second takes the next ones
    model: (state) => sorted(keepers.sendDue(state, { ...given, ...times })),
    store: async (db) => {
      const { id, ...rest } = given;
      return named(await queueDueJobs(db, { ...rest, ...times, dispatchId: id, target: TARGET }));
    },
  };
};

export const cancelPiece = (given: { batch: string; now: number; limit: number }): Call => ({
  text: `cancel up to ${given.limit} jobs of ${given.batch}`,
  isIdempotent: false, // the second takes the next ones
  model: (state) => keepers.cancelPiece(state, given),
  store: (db) => cancelJobs(db, { batchId: given.batch, now: given.now, limit: given.limit }),
});

export const finishIdle = (now: number): Call => ({
  text: "finish what is idle",
  isIdempotent: true,
  model: (state) => keepers.finishIdle(state, now),
  store: (db) => finishIdleBatches(db, { target: TARGET, now }),
});

const ORDERS = { pause: pauseBatch, resume: resumeBatch, cancel: cancelBatch, start: startBatch } as const;

export const order = (verb: BatchVerb, batch: string, now: number): Call => ({
  text: `${verb} ${batch}`,
  isIdempotent: false, // the second answer is null: the batch is no longer where the verb starts from
  model: (state) => people.order(state, verb, batch, now),
  store: (db) => ORDERS[verb](db, { target: TARGET, id: batch, now }),
});

/** The selection is frozen the first time the call is made, and the same whenever it is made again. */
export const replay = (given: Omit<people.Replay, "newest">, newest: number): Call => {
  const filter = given.batch === null ? {} : { batchId: given.batch };
  let newestLetter: number | null = null;
  return {
    text: `replay ${given.batch ?? "all"} as ${given.id}`,
    isIdempotent: true,
    model: (state) => people.replay(state, { ...given, newest }),
    store: async (db) => {
      newestLetter ??= (await countReplayable(db, TARGET, filter)).newestLetter;
      return replayJobs(db, { id: given.id, target: TARGET, filter, newestLetter, now: given.now });
    },
  };
};
