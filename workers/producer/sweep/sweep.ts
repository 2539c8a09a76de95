/**
 * Keeps every promise that nobody may be keeping: leases that ran out, messages that vanished, an intake that
 * stopped, batches whose last job was taken away, uploads that broke off. Each part does bounded work and is safe to run twice at
 * once, because every statement states what it expects; nothing that people wait for may depend on it.
 */
import { ulid } from "ulid";
import type { Config } from "../../../shared/config.ts";
import { dispatch, heldAt, sendJobs } from "../../../shared/dispatch.ts";
import type { IntakeMessage, JobMessage, ReplayMessage } from "../../../shared/job/message.ts";
import { LIMITS } from "../../../shared/limits.ts";
import type { Log } from "../../../shared/log.ts";
import { dropReceiving, listAbandoned } from "../../../shared/store/batch-receive.ts";
import {
  finishIdleBatches,
  listCancelledWithOpenJobs,
  listStalledIntakes,
} from "../../../shared/store/batches.ts";
import type { Db } from "../../../shared/store/db.ts";
import { listStaleDispatches, queueDueJobs, requeueStale } from "../../../shared/store/dispatches.ts";
import { readHold } from "../../../shared/store/holds.ts";
import { findLostLeases } from "../../../shared/store/leases.ts";
import { listStalledRefreshes } from "../../../shared/store/refreshes.ts";
import { cancelJobs, rescueJobs } from "../../../shared/store/release.ts";
import { sweepUploads } from "../uploads/sweep.ts";
import { pruneOld, sweepReplays } from "./dead-letters.ts";
import { sweepSpool } from "./spool.ts";

export type SweepContext = {
  readonly db: Db;
  readonly bucket: R2Bucket;
  readonly jobs: Queue<JobMessage>;
  readonly intake: Queue<IntakeMessage | ReplayMessage>;
  readonly config: Config;
  readonly now: () => number;
  readonly log: Log;
};

/** What one sweep did, counted; all zero when everybody kept their promises. */
export type SweepReport = {
  rescued: number;
  resent: number;
  due: number;
  intakes: number;
  refreshes: number;
  cancelled: number;
  forgotten: number;
  uploads: number;
  spooled: number;
  replays: number;
  pruned: number;
  dispatched: number;
};

type Part = (ctx: SweepContext) => Promise<number>;

/** In this order: what is put back or found due is there for dispatch, which comes last. */
const PARTS: readonly (readonly [keyof SweepReport, Part])[] = [
  ["rescued", rescue],
  ["resent", unlessHeld(resendLost)],
  ["due", unlessHeld(sendDue)],
  ["intakes", restartIntakes],
  ["refreshes", restartRefreshes],
  ["cancelled", cancelInPieces],
  ["replays", sweepReplays],
  ["forgotten", forgetAbandoned],
  ["uploads", sweepUploads],
  ["spooled", sweepSpool],
  ["pruned", pruneOld],
  ["dispatched", finishAndDispatch],
];

/** Each part is done whatever became of the others: one lease or queue in trouble must not hold up every batch. */
export async function sweep(ctx: SweepContext): Promise<SweepReport> {
  const report: SweepReport = {
    rescued: 0,
    resent: 0,
    due: 0,
    intakes: 0,
    refreshes: 0,
    cancelled: 0,
    forgotten: 0,
    uploads: 0,
    spooled: 0,
    replays: 0,
    pruned: 0,
    dispatched: 0,
  };
  for (const [name, part] of PARTS) {
    report[name] = await unharmed(ctx, name, 0, () => part(ctx));
  }
  if (Object.values(report).some((count) => count > 0)) ctx.log.info("sweep.done", report);
  return report;
}

async function unharmed<T>(
  ctx: SweepContext,
  part: string,
  otherwise: T,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    ctx.log.error("sweep.part_failed", { part, error });
    return otherwise;
  }
}

/** Messages, leases and slices from before the last start are gone by nature (design §2.11). */
const age = ({ config, now }: SweepContext, lostMs: number) => ({
  target: config.target,
  now: now(),
  before: now() - lostMs,
  startedAt: config.startedAt,
});

async function rescue(ctx: SweepContext): Promise<number> {
  const leases = await findLostLeases(ctx.db, { ...age(ctx, 0), limit: LIMITS.sweepRows });
  let rescued = 0;
  for (const leaseId of leases) {
    const lost = { leaseId, now: ctx.now(), startedAt: ctx.config.startedAt };
    const keys = await unharmed(ctx, `lease ${leaseId}`, [], () => rescueJobs(ctx.db, lost));
    await sendJobs(ctx, keys, 0);
    rescued += keys.length;
  }
  return rescued;
}

/** Behind a shut gate these would only be put back again; what they promise, the next sweep keeps. */
function unlessHeld(part: Part): Part {
  return async (ctx) => {
    const hold = await readHold(ctx.db, ctx.config.target);
    return heldAt(hold, ctx.now()) === "yes" ? 0 : part(ctx);
  };
}

async function resendLost(ctx: SweepContext): Promise<number> {
  const given = age(ctx, LIMITS.messageLostMs);
  const stale = await listStaleDispatches(ctx.db, { ...given, limit: LIMITS.sweepRows });
  let resent = 0;
  for (const one of stale) {
    if (resent >= LIMITS.sweepJobs) break;
    const keys = await requeueStale(ctx.db, { ...given, ...one });
    await sendJobs(ctx, keys, 0);
    resent += keys.length;
  }
  return resent;
}

async function sendDue(ctx: SweepContext): Promise<number> {
  const keys = await queueDueJobs(ctx.db, {
    ...age(ctx, 0),
    dispatchId: ulid(ctx.now()),
    delayedMessageMs: LIMITS.delayedMessageMs,
    lostMs: LIMITS.messageLostMs,
    limit: LIMITS.sweepJobs,
  });
  await sendJobs(ctx, keys, 0);
  return keys.length;
}

async function restartIntakes(ctx: SweepContext): Promise<number> {
  const stalled = await listStalledIntakes(ctx.db, age(ctx, LIMITS.messageLostMs));
  for (const batchId of stalled) await ctx.intake.send({ v: 1, b: batchId });
  return stalled.length;
}

async function restartRefreshes(ctx: SweepContext): Promise<number> {
  const stalled = await listStalledRefreshes(ctx.db, age(ctx, LIMITS.messageLostMs));
  for (const id of stalled) await ctx.intake.send({ v: 1, b: id });
  return stalled.length;
}

async function cancelInPieces(ctx: SweepContext): Promise<number> {
  const batches = await listCancelledWithOpenJobs(ctx.db, ctx.config.target);
  let cancelled = 0;
  for (let piece = 0; piece < LIMITS.sweepPieces; piece += 1) {
    const batchId = batches[0];
    if (batchId === undefined) break;
    const turned = await cancelJobs(ctx.db, { batchId, now: ctx.now(), limit: LIMITS.sweepJobs });
    cancelled += turned;
    if (turned < LIMITS.sweepJobs) batches.shift();
  }
  return cancelled;
}

/**
 * An upload that broke off with its isolate has nobody to clean up after it. The object goes first: where the
 * second step fails, the row is there for the next sweep to do both again, and nothing is left that no row names.
 */
async function forgetAbandoned(ctx: SweepContext): Promise<number> {
  const given = { ...age(ctx, LIMITS.receivingMs), limit: LIMITS.sweepRows };
  const abandoned = await listAbandoned(ctx.db, given);
  if (abandoned.length === 0) return 0;
  await ctx.bucket.delete(abandoned.map(({ sourceKey }) => sourceKey));
  for (const { id } of abandoned) await dropReceiving(ctx.db, id);
  return abandoned.length;
}

async function finishAndDispatch(ctx: SweepContext): Promise<number> {
  await finishIdleBatches(ctx.db, { target: ctx.config.target, now: ctx.now() });
  return dispatch({ ...ctx, target: ctx.config.target });
}
