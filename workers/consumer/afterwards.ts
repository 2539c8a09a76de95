/**
 * What follows once a delivery's outcomes are on record: the gates hear what was met, holds begin or end, the window
 * is filled, a last count is taken. The sweep does what matters of it as well, and nothing here is a reason to
 * deliver again what is on record, so a failure is only logged.
 */
import { dispatch, hasRoom, sendJobs } from "../../shared/dispatch.ts";
import { LIMITS } from "../../shared/limits.ts";
import { dropDispatches, queueDueJobs } from "../../shared/store/dispatches.ts";
import { releaseHold } from "../../shared/store/holds.ts";
import { countDrift, type SettledBatch } from "../../shared/store/settle.ts";
import { wakeJobs } from "../../shared/store/wake.ts";
import type { ConsumerContext } from "./context.ts";
import type { Delivery } from "./delivery.ts";
import { keepHold } from "./hold.ts";

type Ended = { readonly batches: ReadonlyMap<string, SettledBatch>; readonly delivery: Delivery };

export async function afterwards({ batches, delivery }: Ended, ctx: ConsumerContext): Promise<void> {
  await Promise.all([
    unharmed(ctx, "gate", () => closeGate(delivery, ctx)),
    unharmed(ctx, "media_gates", () => closeMediaGates(delivery, ctx)),
  ]);
  await unharmed(ctx, "dispatch", () => fillWindow(batches, delivery, ctx));
  await unharmed(ctx, "count", () => countFinished(batches, ctx));
}

async function unharmed(ctx: ConsumerContext, part: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    ctx.log.error("delivery.afterwards_failed", { part, error: String(error) });
  }
}

async function closeGate({ pass }: Delivery, ctx: ConsumerContext): Promise<void> {
  const after = await pass.close();
  if (after.kind === "shut") return keepHold(after, ctx);
  if (pass.answer.kind === "probe") await releaseHold(ctx.db, ctx.config.target);
}

/** The first fetch that got through wakes everybody who waits for that host. */
async function closeMediaGates({ mediaGates }: Delivery, ctx: ConsumerContext): Promise<void> {
  const { target, startedAt } = ctx.config;
  const hosts = await mediaGates.close();
  let woken = 0;
  for (const host of hosts) woken += await wakeJobs(ctx.db, { target, host, now: ctx.now() });
  if (woken === 0) return;
  const keys = await queueDueJobs(ctx.db, {
    target,
    dispatchId: crypto.randomUUID(),
    now: ctx.now(),
    startedAt,
    delayedMessageMs: LIMITS.delayedMessageMs,
    lostMs: LIMITS.messageLostMs,
    limit: LIMITS.windowMax,
  });
  await sendJobs(ctx, keys, 0);
}

/** After a probe in any case: where it went unused somebody else must try, and where it succeeded all may. */
async function fillWindow(
  batches: ReadonlyMap<string, SettledBatch>,
  { pass }: Delivery,
  ctx: ConsumerContext,
): Promise<void> {
  const room = [...batches.values()].some((batch) => batch.state === "running" && hasRoom(batch));
  if (room || pass.answer.kind === "probe") await dispatch({ ...ctx, target: ctx.config.target });
}

async function countFinished(
  batches: ReadonlyMap<string, SettledBatch>,
  ctx: ConsumerContext,
): Promise<void> {
  for (const batch of batches.values()) {
    if (batch.state !== "finished") continue;
    const drift = await countDrift(ctx.db, batch.id);
    if (drift.length > 0) ctx.log.error("batch.counters_drifted", { batchId: batch.id, drift });
    await dropDispatches(ctx.db, batch.id);
  }
}
