/** Whether Sequence is back, asked with a call that has nothing to do with the row that happens to be first. */
import type { ClaimedJob } from "../../shared/store/claim.ts";
import type { ConsumerContext } from "./context.ts";
import type { Delivery } from "./delivery.ts";
import { Stopped } from "./stopped.ts";

/**
 * A row that Sequence cannot digest (a 500 for this token, always) would otherwise look like an outage for ever, and
 * hold everything. The answer itself does not matter, only that there is one; without it the delivery counts as down
 * and puts its job back before the first step.
 */
export async function probeHost(
  claimed: readonly ClaimedJob[],
  delivery: Delivery,
  ctx: ConsumerContext,
): Promise<void> {
  const [job] = claimed;
  if (!job) return;
  try {
    const { collectionId } = job.batch;
    await delivery.pass.through(
      () => undefined,
      () => ctx.sequence.getCollection({ collectionId }, delivery.signal),
    );
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
  }
}
