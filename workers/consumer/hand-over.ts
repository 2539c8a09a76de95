/**
 * The local broker hands over one delivery after the other, so there a delivery would last as long as its slowest job,
 * and for all that time the others' places stay empty. So it is answered as soon as its last job has begun, and the
 * next one, already claimed, finds each place the moment that it is free. Not in production, where other invocations
 * run beside this one and each is answered when its outcomes are on record.
 *
 * What is lost with the process is lost to the local queue anyway, which keeps its messages in memory; the lease says
 * which jobs ran, and the sweep puts them back.
 */
import { sendJobs } from "../../shared/dispatch.ts";
import type { ClaimedJob } from "../../shared/store/claim.ts";
import { afterwards } from "./afterwards.ts";
import type { ConsumerContext } from "./context.ts";
import type { Delivery } from "./delivery.ts";
import { createPlaces, type Places } from "./places.ts";
import { sendShortWaits } from "./short-waits.ts";
import type { Work } from "./work.ts";

/** After a failed settle: by then the lease has run out or D1 has come back. */
export const RETRY_SETTLE_SECONDS = 15;

/** By how many jobs run side by side, which is one number for as long as an isolate lives. */
const shared = new Map<number, Places>();

/** The places that all deliveries of this isolate share; null: each has its own. */
export function sharedPlaces({ config, now }: ConsumerContext): Places | null {
  if (config.startedAt === 0) return null;
  const places = shared.get(config.jobConcurrency) ?? createPlaces({ places: config.jobConcurrency, now });
  shared.set(config.jobConcurrency, places);
  return places;
}

/** What follows when a delivery ends that was answered before: what is not on record is sent once more. */
export async function endAnswered(
  work: Work,
  claimed: readonly ClaimedJob[],
  delivery: Delivery,
  ctx: ConsumerContext,
): Promise<void> {
  try {
    const recorded = await work.done;
    await sendShortWaits(recorded, ctx);
    const open = claimed.filter((job) => !recorded.isSettled(job));
    await sendJobs(ctx, open, RETRY_SETTLE_SECONDS);
    await afterwards({ batches: recorded.batches, delivery }, ctx);
  } catch (error) {
    ctx.log.error("delivery.end_failed", { jobs: claimed.length, error: String(error) });
    await sendJobs(ctx, claimed, RETRY_SETTLE_SECONDS);
  }
}
