/**
 * Keeps every promise that nobody may be keeping: leases that ran out, messages that vanished, an intake that
 * stopped, batches whose last job was taken away. Each part does bounded work and is safe to run twice at
 * once, because every statement states what it expects; nothing that people wait for may depend on it.
 */
import { ulid } from "ulid";
import type { Config } from "../../../shared/config.ts";
import { dispatch, sendJobs } from "../../../shared/dispatch.ts";
import type { IntakeMessage, JobMessage } from "../../../shared/job/message.ts";
import { LIMITS } from "../../../shared/limits.ts";
import type { Log } from "../../../shared/log.ts";
import {
  finishIdleBatches,
  listCancelledWithOpenJobs,
  listStalledIntakes,
} from "../../../shared/store/batches.ts";
import type { Db } from "../../../shared/store/db.ts";
import { listStaleDispatches, queueDueJobs, requeueStale } from "../../../shared/store/dispatches.ts";
import { findLostLeases } from "../../../shared/store/leases.ts";
import { cancelJobs, rescueJobs } from "../../../shared/store/release.ts";

export type SweepContext = {
  readonly db: Db;
  readonly jobs: Queue<JobMessage>;
  readonly intake: Queue<IntakeMessage>;
  readonly config: Config;
  readonly now: () => number;
  readonly log: Log;
};

/** What one sweep did, counted; all zero when everybody kept their promises. */
export type SweepReport = {
  readonly rescued: number;
  readonly resent: number;
  readonly due: number;
  readonly intakes: number;
  readonly cancelled: number;
  readonly dispatched: number;
};

export async function sweep(ctx: SweepContext): Promise<SweepReport> {
  const report = {
    rescued: await rescue(ctx),
    resent: await resendLost(ctx),
    due: await sendDue(ctx),
    intakes: await restartIntakes(ctx),
    cancelled: await cancelInPieces(ctx),
    dispatched: 0,
  };
  await finishIdleBatches(ctx.db, { target: ctx.config.target, now: ctx.now() });
  report.dispatched = await dispatch({ ...ctx, target: ctx.config.target });
  if (Object.values(report).some((count) => count > 0)) ctx.log.info("sweep.done", report);
  return report;
}

/** Messages, leases and slices from before the last start are gone by nature (design §2.11). */
const age = ({ config, now }: SweepContext, lostMs: number) => ({
  target: config.target,
  now: now(),
  before: now() - lostMs,
  startedAt: config.startedAt,
});

async function rescue(ctx: SweepContext): Promise<number> {
  const leases = await findLostLeases(ctx.db, { ...age(ctx, 0), limit: 100 });
  let rescued = 0;
  for (const leaseId of leases) {
    const keys = await rescueJobs(ctx.db, { leaseId, now: ctx.now() });
    await sendJobs(ctx, keys, 0);
    rescued += keys.length;
  }
  return rescued;
}

async function resendLost(ctx: SweepContext): Promise<number> {
  const given = age(ctx, LIMITS.messageLostMs);
  const stale = await listStaleDispatches(ctx.db, { ...given, limit: 100 });
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

async function cancelInPieces(ctx: SweepContext): Promise<number> {
  const batches = await listCancelledWithOpenJobs(ctx.db, ctx.config.target);
  let cancelled = 0;
  for (const batchId of batches) {
    cancelled += await cancelJobs(ctx.db, { batchId, now: ctx.now(), limit: LIMITS.sweepJobs });
  }
  return cancelled;
}
