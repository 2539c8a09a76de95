/**
 * The local broker hands over one delivery after the other, so there a delivery lasts as long as its slowest job, and
 * for all that time the others' places stay empty. So it is answered once few of its jobs are left, and they go on
 * behind the next one's back. Their messages come again later and find them on record. Not in production, where other
 * invocations run beside this one anyway and a message that comes again is paid for.
 */
import { LIMITS } from "../../shared/limits.ts";
import { afterwards } from "./afterwards.ts";
import type { ConsumerContext } from "./context.ts";
import type { Delivery } from "./delivery.ts";
import { sendShortWaits } from "./short-waits.ts";
import type { Recorded, Work } from "./work.ts";

/** Deliveries of this isolate that were answered and still have jobs running. */
let tails = 0;

/** @returns what is on record where the delivery may be answered now; null: it is to be seen to its end. */
export async function handOver(work: Work, { config }: ConsumerContext): Promise<Recorded | null> {
  const isLocal = config.startedAt > 0;
  if (!isLocal || tails >= LIMITS.tailsAtOnce) return null;
  await work.fewLeft;
  if (work.left() === 0) return null;
  const early = await work.record();
  return work.left() === 0 ? null : early;
}

/** The jobs that were left: what became of them is on record, and what follows from it is done. */
export async function endTail(
  work: Work,
  early: Recorded,
  delivery: Delivery,
  ctx: ConsumerContext,
): Promise<void> {
  tails += 1;
  try {
    const recorded = await work.done;
    await sendShortWaits(recorded, early, ctx);
    await afterwards({ batches: recorded.batches, delivery }, ctx);
  } catch (error) {
    ctx.log.error("delivery.tail_failed", { error: String(error) });
  } finally {
    tails -= 1;
  }
}
