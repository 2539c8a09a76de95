/** One delivery of job messages: claim, run, settle. The only place that says ack and retry. */
import { dispatch, hasRoom, sendJobs } from "../../shared/dispatch.ts";
import { jobId } from "../../shared/job/job.ts";
import { LIMITS, PLATFORM, SECOND } from "../../shared/limits.ts";
import { type ClaimedJob, claimJobs, explainRefusals, type Refusal } from "../../shared/store/claim.ts";
import { putBackJobs } from "../../shared/store/release.ts";
import { countDrift, type SettledBatch } from "../../shared/store/settle.ts";
import type { ConsumerContext } from "./context.ts";
import { type Delivery, leaseMs, startDelivery } from "./delivery.ts";
import { type Delivered, readMessages } from "./messages.ts";
import { type JobResult, putDown, runJob } from "./run-job.ts";
import { createSettler } from "./settler.ts";

export async function consume(messages: MessageBatch<unknown>, ctx: ConsumerContext): Promise<void> {
  const delivered = readMessages(messages);
  for (const message of delivered.surplus) message.ack();
  if (delivered.byJob.size === 0) return;

  const lease = newLease(ctx);
  const keys = [...delivered.byJob.values()].map(({ key }) => key);
  const claimed = await claimJobs(ctx.db, {
    keys,
    leaseId: lease.id,
    target: ctx.config.target,
    now: lease.takenAt,
    expiresAt: lease.expiresAt,
    toleranceMs: LIMITS.dueToleranceMs,
  });
  if (claimed.length < keys.length) await refuse(delivered, claimed, lease.id, ctx);

  const delivery = startDelivery(ctx, lease, claimed);
  const results = await runAll(claimed, delivery, ctx);
  await sendShortWaits(
    results.all.filter(({ settlement }) => results.settled.has(jobId(settlement))),
    ctx,
  );
  for (const job of claimed) {
    const message = delivered.byJob.get(jobId(job))?.message;
    if (results.settled.has(jobId(job))) message?.ack();
    else message?.retry({ delaySeconds: RETRY_SETTLE_SECONDS });
  }
  await afterwards(results, ctx);
}

/** After a failed settle: by then the lease has run out or D1 has come back. */
const RETRY_SETTLE_SECONDS = 15;

function newLease(ctx: ConsumerContext): { id: string; takenAt: number; expiresAt: number } {
  const takenAt = ctx.now();
  return { id: crypto.randomUUID(), takenAt, expiresAt: takenAt + leaseMs(ctx.config.callTimeoutMs) };
}

type Results = {
  readonly all: readonly JobResult[];
  readonly settled: ReadonlySet<string>;
  readonly batches: ReadonlyMap<string, SettledBatch>;
};

/** Runs the jobs `JOB_CONCURRENCY` at a time and settles them; a job too late to start is put down again. */
async function runAll(
  claimed: readonly ClaimedJob[],
  delivery: Delivery,
  ctx: ConsumerContext,
): Promise<Results> {
  const settler = createSettler(ctx, delivery.leaseId);
  const all: JobResult[] = [];
  const queue = claimed.values();
  const mayStart = await reserveCalls(claimed, delivery, ctx);
  const work = async (): Promise<void> => {
    for (const job of queue) {
      const tooLate = ctx.now() - delivery.startedAt > LIMITS.startJobsForMs;
      const result = !mayStart
        ? putDown(job, ctx.now() + GATE_DOWN_MS)
        : tooLate
          ? putDown(job)
          : await runJob(job, delivery, ctx);
      all.push(result);
      settler.add(result);
    }
  };
  try {
    await Promise.all(Array.from({ length: ctx.config.jobConcurrency }, work));
    return { all, ...(await settler.finish()) };
  } finally {
    delivery.end();
  }
}

/** Put back at once, a job would come back at once, and so round and round until the gate answers. */
const GATE_DOWN_MS = 5 * SECOND;

/** Where the gate cannot be asked nobody knows the ceiling's state, so nothing is started. */
async function reserveCalls(
  claimed: readonly ClaimedJob[],
  delivery: Delivery,
  ctx: ConsumerContext,
): Promise<boolean> {
  try {
    await delivery.pacer.reserve(claimed.reduce((sum, job) => sum + callsOf(job), 0));
    return true;
  } catch (error) {
    ctx.log.error("gate.unreachable", { error: String(error) });
    return false;
  }
}

/** Sequence calls that a job without faults makes: the token, its publication, two an asset, a look. */
const callsOf = (job: ClaimedJob): number => 2 + 2 * job.args.media.length + (job.firstTouch ? 0 : 1);

/**
 * What may follow from recorded outcomes: a fuller window, a last count. The sweep does the first as well, and
 * neither is a reason to deliver again what is on record, so a failure here is only logged.
 */
async function afterwards({ batches }: Results, ctx: ConsumerContext): Promise<void> {
  try {
    if ([...batches.values()].some((batch) => batch.state === "running" && hasRoom(batch))) {
      await dispatch({ ...ctx, target: ctx.config.target });
    }
    for (const batch of batches.values()) {
      if (batch.state !== "finished") continue;
      const drift = await countDrift(ctx.db, batch.id);
      if (drift.length > 0) ctx.log.error("batch.counters_drifted", { batchId: batch.id, drift });
    }
  } catch (error) {
    ctx.log.error("delivery.afterwards_failed", { error: String(error) });
  }
}

/** A wait of up to a minute becomes a delayed message; a longer one stays in D1 until dispatch sends it. */
async function sendShortWaits(results: readonly JobResult[], ctx: ConsumerContext): Promise<void> {
  const dueAt = new Map<string, number>();
  for (const { settlement } of results) {
    const wait = (settlement.scheduledAt ?? Number.POSITIVE_INFINITY) - ctx.now();
    if (wait <= LIMITS.delayedMessageMs) dueAt.set(jobId(settlement), Math.max(0, Math.ceil(wait / 1000)));
  }
  const keys = results.map(({ settlement }) => settlement).filter((key) => dueAt.has(jobId(key)));
  await sendJobs(ctx, keys, (key) => dueAt.get(jobId(key)) ?? 0);
}

/** While another run works on the same token; long enough for most runs, short beside the lease. */
const TOKEN_BUSY_SECONDS = 10;

/** While D1 does not say why: soon, but not at once. */
const UNEXPLAINED_SECONDS = 5;

/**
 * Says ack or retry to every message whose job was not claimed (design §2.4). Never throws: the jobs that were
 * claimed beside them are to run, whatever becomes of these.
 */
async function refuse(
  delivered: Delivered,
  claimed: readonly ClaimedJob[],
  leaseId: string,
  ctx: ConsumerContext,
): Promise<void> {
  const mine = new Set(claimed.map(jobId));
  const others = [...delivered.byJob.values()].filter(({ key }) => !mine.has(jobId(key)));
  try {
    const keys = others.map(({ key }) => key);
    const refusals = await explainRefusals(ctx.db, { keys, target: ctx.config.target, leaseId });
    const back = await putBack(refusals, ctx);
    for (const refusal of refusals) {
      const message = delivered.byJob.get(jobId(refusal))?.message;
      const delaySeconds = back.has(jobId(refusal)) ? null : comeBackIn(refusal, ctx.now());
      if (delaySeconds === null) message?.ack();
      else message?.retry({ delaySeconds });
    }
  } catch (error) {
    ctx.log.error("refusal.failed", { messages: others.length, error: String(error) });
    for (const { message } of others) message.retry({ delaySeconds: UNEXPLAINED_SECONDS });
  }
}

/** Puts the jobs of stopped batches back to `pending`. @returns the ids of those that are. */
async function putBack(refusals: readonly Refusal[], ctx: ConsumerContext): Promise<ReadonlySet<string>> {
  const keys = refusals.filter(({ why }) => why === "batch_stopped");
  if (keys.length === 0) return new Set();
  const given = { keys, target: ctx.config.target, now: ctx.now(), onlyStopped: true };
  return new Set((await putBackJobs(ctx.db, given)).map(jobId));
}

/** Seconds until the message should come again; null: somebody else keeps the promise, so it may go. */
export function comeBackIn(refusal: Refusal, now: number): number | null {
  switch (refusal.why) {
    case "unknown":
    case "final":
    case "pending":
    case "running":
      return null;
    // Found stopped, but not put back: the batch was resumed in between, and this is the job's only message.
    case "batch_stopped":
      return 1;
    case "token_busy":
      return TOKEN_BUSY_SECONDS;
    case "early":
      return Math.min(
        PLATFORM.queueDelaySeconds,
        Math.max(1, Math.ceil(((refusal.dueAt ?? now) - now) / 1000)),
      );
  }
}
