/** One delivery of job messages: let in, claim, run, settle. With `admit.ts` and `refuse.ts` the only place that says ack and retry. */
import { dispatch, sendJobs } from "../../shared/dispatch.ts";
import { type JobKey, jobId } from "../../shared/job/job.ts";
import { LIMITS } from "../../shared/limits.ts";
import { type ClaimedJob, claimJobs } from "../../shared/store/claim.ts";
import type { SettledBatch } from "../../shared/store/settle.ts";
import { type Admitted, admit } from "./admit.ts";
import { afterwards } from "./afterwards.ts";
import type { ConsumerContext } from "./context.ts";
import { type Delivery, leaseMs, startDelivery } from "./delivery.ts";
import { readMessages } from "./messages.ts";
import { probeHost } from "./probe.ts";
import { refuse } from "./refuse.ts";
import { type JobResult, putDown, runJob } from "./run-job.ts";
import { createSettler } from "./settler.ts";

export async function consume(messages: MessageBatch<unknown>, ctx: ConsumerContext): Promise<void> {
  const delivered = readMessages(messages);
  for (const message of delivered.surplus) message.ack();
  if (delivered.wakes > 0) await wake(ctx);
  if (delivered.byJob.size === 0) return;
  const admitted = await admit(delivered, ctx);
  if (admitted === null) return;

  const lease = newLease(ctx);
  const claimed = await claim(admitted.keys, lease, ctx);
  if (claimed.length < admitted.keys.length) {
    await refuse(delivered.pick(admitted.keys), claimed, lease.id, ctx);
  }
  const delivery = startDelivery(ctx, lease, claimed, admitted.pass);
  const results = await runAll(claimed, delivery, admitted, ctx);
  await sendShortWaits(
    results.all.filter(({ settlement }) => results.settled.has(jobId(settlement))),
    ctx,
  );
  for (const job of claimed) {
    const message = delivered.byJob.get(jobId(job))?.message;
    if (results.settled.has(jobId(job))) message?.ack();
    else message?.retry({ delaySeconds: RETRY_SETTLE_SECONDS });
  }
  await afterwards({ batches: results.batches, delivery }, ctx);
}

/** The jobs beside it are to run, whatever becomes of this; what fails here, the sweep does. */
async function wake(ctx: ConsumerContext): Promise<void> {
  try {
    await dispatch({ ...ctx, target: ctx.config.target });
  } catch (error) {
    ctx.log.error("wake.failed", { error: String(error) });
  }
}

/** After a failed settle: by then the lease has run out or D1 has come back. */
const RETRY_SETTLE_SECONDS = 15;

type Lease = { readonly id: string; readonly takenAt: number; readonly expiresAt: number };

function newLease(ctx: ConsumerContext): Lease {
  const takenAt = ctx.now();
  return { id: crypto.randomUUID(), takenAt, expiresAt: takenAt + leaseMs(ctx.config.callTimeoutMs) };
}

const claim = (keys: readonly JobKey[], lease: Lease, ctx: ConsumerContext): Promise<ClaimedJob[]> =>
  claimJobs(ctx.db, {
    keys,
    leaseId: lease.id,
    target: ctx.config.target,
    now: lease.takenAt,
    expiresAt: lease.expiresAt,
    toleranceMs: LIMITS.dueToleranceMs,
  });

type Results = {
  readonly all: readonly JobResult[];
  readonly settled: ReadonlySet<string>;
  readonly batches: ReadonlyMap<string, SettledBatch>;
};

/** Runs the jobs `JOB_CONCURRENCY` at a time and settles them; a job too late to start is put down again. */
async function runAll(
  claimed: readonly ClaimedJob[],
  delivery: Delivery,
  { pass }: Admitted,
  ctx: ConsumerContext,
): Promise<Results> {
  const settler = createSettler(ctx, delivery.leaseId);
  const all: JobResult[] = [];
  const queue = claimed.values();
  const work = async (): Promise<void> => {
    for (const job of queue) {
      const tooLate = ctx.now() - delivery.startedAt > LIMITS.startJobsForMs;
      const result = tooLate ? putDown(job) : await runJob(job, delivery, ctx);
      all.push(result);
      settler.add(result);
    }
  };
  try {
    if (pass.answer.kind === "probe") await probeHost(claimed, delivery, ctx);
    await Promise.all(Array.from({ length: ctx.config.jobConcurrency }, work));
    return { all, ...(await settler.finish()) };
  } finally {
    delivery.end();
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
