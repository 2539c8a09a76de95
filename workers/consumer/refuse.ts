/** Messages whose job was not claimed: why, and whether they should come again (design §2.4). */
import { type JobKey, jobId } from "../../shared/job/job.ts";
import { PLATFORM } from "../../shared/limits.ts";
import { type ClaimedJob, explainRefusals, type Refusal } from "../../shared/store/claim.ts";
import { putBackJobs } from "../../shared/store/release.ts";
import type { ConsumerContext } from "./context.ts";
import type { DeliveredJob } from "./messages.ts";

/** While another run works on the same token; long enough for most runs, short beside the lease. */
const TOKEN_BUSY_SECONDS = 10;

/** While D1 does not say why: soon, but not at once. */
const UNEXPLAINED_SECONDS = 5;

/**
 * Says ack or retry to every message whose job was not claimed. Never throws: the jobs that were claimed beside
 * them are to run, whatever becomes of these.
 */
export async function refuse(
  delivered: readonly DeliveredJob[],
  claimed: readonly ClaimedJob[],
  leaseId: string,
  ctx: ConsumerContext,
): Promise<void> {
  const mine = new Set(claimed.map(jobId));
  const others = new Map(
    delivered.filter(({ key }) => !mine.has(jobId(key))).map((one) => [jobId(one.key), one]),
  );
  try {
    const keys = [...others.values()].map(({ key }) => key);
    const refusals = await explainRefusals(ctx.db, { keys, target: ctx.config.target, leaseId });
    const back = await putBackStopped(refusals, ctx);
    for (const refusal of refusals) {
      const message = others.get(jobId(refusal))?.message;
      const delaySeconds = back.has(jobId(refusal)) ? null : comeBackIn(refusal, ctx.now());
      if (delaySeconds === null) message?.ack();
      else message?.retry({ delaySeconds });
    }
  } catch (error) {
    ctx.log.error("refusal.failed", { messages: others.size, error: String(error) });
    for (const { message } of others.values()) message.retry({ delaySeconds: UNEXPLAINED_SECONDS });
  }
}

/** Puts the jobs of stopped batches back to `pending`. @returns the ids of those that are. */
async function putBackStopped(
  refusals: readonly Refusal[],
  ctx: ConsumerContext,
): Promise<ReadonlySet<string>> {
  const keys: readonly JobKey[] = refusals.filter(({ why }) => why === "batch_stopped");
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
