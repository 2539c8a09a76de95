/** Jobs that wait a little for their next attempt, sent once more. */
import { sendJobs } from "../../shared/dispatch.ts";
import { jobId } from "../../shared/job/job.ts";
import { LIMITS } from "../../shared/limits.ts";
import type { ConsumerContext } from "./context.ts";
import type { Recorded } from "./work.ts";

/** A wait of up to a minute becomes a delayed message; a longer one stays in D1 until dispatch sends it. */
export async function sendShortWaits({ results, isSettled }: Recorded, ctx: ConsumerContext): Promise<void> {
  const dueAt = new Map<string, number>();
  for (const { settlement } of results) {
    const wait = (settlement.scheduledAt ?? Number.POSITIVE_INFINITY) - ctx.now();
    if (!isSettled(settlement) || wait > LIMITS.delayedMessageMs) continue;
    dueAt.set(jobId(settlement), Math.max(0, Math.ceil(wait / 1000)));
  }
  const keys = results.map(({ settlement }) => settlement).filter((key) => dueAt.has(jobId(key)));
  await sendJobs(ctx, keys, (key) => dueAt.get(jobId(key)) ?? 0);
}
