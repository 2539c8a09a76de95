/** One delivery of job messages: let in, claim, run, settle. With `admit.ts` and `refuse.ts` the only place that says ack and retry. */
import { dispatch } from "../../shared/dispatch.ts";
import type { JobKey } from "../../shared/job/job.ts";
import { LIMITS } from "../../shared/limits.ts";
import { type ClaimedJob, claimJobs } from "../../shared/store/claim.ts";
import { admit } from "./admit.ts";
import { afterwards } from "./afterwards.ts";
import type { ConsumerContext } from "./context.ts";
import { leaseMs, startDelivery } from "./delivery.ts";
import { endAnswered, RETRY_SETTLE_SECONDS, sharedPlaces } from "./hand-over.ts";
import { readMessages } from "./messages.ts";
import { probeHost } from "./probe.ts";
import { refuse } from "./refuse.ts";
import { sendShortWaits } from "./short-waits.ts";
import { startWork } from "./work.ts";

/** @param outlive keeps the isolate at work on a promise after the delivery was answered. */
export async function consume(
  messages: MessageBatch<unknown>,
  ctx: ConsumerContext,
  outlive: (promise: Promise<void>) => void,
): Promise<void> {
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
  const probe = async (): Promise<void> => {
    if (admitted.pass.answer.kind === "probe") await probeHost(claimed, delivery, ctx);
  };
  const places = sharedPlaces(ctx);
  const work = startWork(claimed, delivery, { first: probe, places }, ctx);
  if (places !== null) {
    await work.allBegun;
    for (const { message } of delivered.pick(claimed)) message.ack();
    return outlive(endAnswered(work, claimed, delivery, ctx));
  }
  const recorded = await work.done;
  await sendShortWaits(recorded, ctx);
  for (const { key, message } of delivered.pick(claimed)) {
    if (recorded.isSettled(key)) message.ack();
    else message.retry({ delaySeconds: RETRY_SETTLE_SECONDS });
  }
  await afterwards({ batches: recorded.batches, delivery }, ctx);
}

/** The jobs beside it are to run, whatever becomes of this; what fails here, the sweep does. */
async function wake(ctx: ConsumerContext): Promise<void> {
  try {
    await dispatch({ ...ctx, target: ctx.config.target });
  } catch (error) {
    ctx.log.error("wake.failed", { error: String(error) });
  }
}

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
