/**
 * Keeps a bounded window of messages in the queue, shared evenly between the running batches. Called by
 * whoever makes room: the last intake slice, a settle, resume, replay, the sweep.
 */
import { ulid } from "ulid";
import type { BatchKind, Priority } from "./job/batch.ts";
import type { JobKey } from "./job/job.ts";
import type { JobMessage } from "./job/message.ts";
import { LIMITS, PLATFORM } from "./limits.ts";
import type { Log } from "./log.ts";
import type { Db } from "./store/db.ts";
import { type DispatchableBatch, listDispatchable, queueJobs } from "./store/dispatches.ts";
import { releaseHold } from "./store/holds.ts";

export type DispatchContext = {
  readonly db: Db;
  readonly jobs: Queue<JobMessage>;
  readonly target: string;
  readonly now: () => number;
  readonly log: Log;
};

/** Fills the window, unless the target is held back. @returns how many messages were sent. */
export async function dispatch(ctx: DispatchContext): Promise<number> {
  const { batches, hold } = await listDispatchable(ctx.db, ctx.target);
  const held = heldAt(hold, ctx.now());
  if (held === "void") await releaseHold(ctx.db, ctx.target);
  let sent = 0;
  const kinds = new Map(batches.map(({ id, kind }) => [id, kind]));
  for (const { id, share } of sharesUnder(held, batches)) {
    const keys = await queueJobs(ctx.db, {
      batchId: id,
      dispatchId: ulid(ctx.now()),
      now: ctx.now(),
      limit: share,
    });
    await sendJobs(ctx, keys, 0, kinds.get(id));
    sent += keys.length;
  }
  return sent;
}

/** `trying`: it is time that somebody asks again. `void`: nobody has, so nothing is known to hold any more. */
export type Held = "no" | "yes" | "trying" | "void";

export function heldAt(hold: { until: number } | null, now: number): Held {
  if (hold === null) return "no";
  if (now < hold.until) return "yes";
  return now < hold.until + LIMITS.holdVoidMs ? "trying" : "void";
}

/**
 * A hold is lifted by one job that gets through. Its message was kept back by whoever met the shut gate; where that
 * one is lost, and only there, dispatch sends one in its place.
 */
function sharesUnder(held: Held, batches: readonly DispatchableBatch[]): { id: string; share: number }[] {
  if (held === "yes") return [];
  const shares = shareWindow(batches);
  if (held !== "trying") return shares;
  if (batches.some(({ queued }) => queued > 0)) return [];
  return shares.slice(0, 1).map(({ id }) => ({ id, share: 1 }));
}

/** Messages that should be outstanding at this speed: about three seconds of it. */
export const windowFor = (ratePerSecond: number): number =>
  Math.max(LIMITS.windowMin, Math.min(LIMITS.windowMax, Math.ceil(ratePerSecond * LIMITS.windowSeconds)));

/** Whether a settle left so little outstanding that its caller should dispatch. */
export const hasRoom = (batch: { pending: number; queued: number; ratePerSecond: number }): boolean =>
  batch.pending > 0 && batch.queued < windowFor(batch.ratePerSecond) / 2;

/** Parts of the window: so much more is sent of a batch of high priority, and nobody is left without. */
const WEIGHT: Readonly<Record<Priority, number>> = { high: 16, normal: 4, low: 1 };

type Wanting = {
  readonly id: string;
  readonly queued: number;
  readonly want: number;
  readonly weight: number;
};

/**
 * How many messages each batch may send now. The queue hands them out in the order in which they came, so a share of
 * the window is a share of the work. Batches of one priority have even shares, whatever their size, so that a hundred
 * rows behind twenty thousand do not wait for them; what one cannot use goes to the others, the most urgent first.
 */
export function shareWindow(batches: readonly DispatchableBatch[]): { id: string; share: number }[] {
  const wanting = batches.map(toWanting);
  const window = windowFor(batches.reduce((sum, batch) => sum + batch.ratePerSecond, 0));
  const weights = wanting.reduce((sum, { want, weight }) => sum + (want > 0 ? weight : 0), 0);
  let room = window - batches.reduce((sum, batch) => sum + batch.queued, 0);
  const shares = wanting.map((batch) => {
    const due = Math.max(1, Math.floor((window * batch.weight) / Math.max(1, weights)));
    const share = Math.max(0, Math.min(batch.want, due - batch.queued));
    room -= share;
    return { ...batch, share };
  });
  for (const batch of shares.sort((a, b) => b.weight - a.weight)) {
    const more = Math.max(0, Math.min(batch.want - batch.share, room));
    batch.share += more;
    room -= more;
  }
  return shares.filter(({ share }) => share > 0).map(({ id, share }) => ({ id, share }));
}

const toWanting = ({ id, queued, pending, trialLeft, priority }: DispatchableBatch): Wanting => ({
  id,
  queued,
  want: Math.min(pending, trialLeft ?? pending),
  weight: WEIGHT[priority],
});

/**
 * Sends messages in the platform's portions. A failed send is logged and left: the jobs stand in D1 as
 * `queued`, or as due, and the sweep sends them again. To throw here would undo work that is already recorded.
 * @param kind of their batch, where it is known that they have one.
 */
export async function sendJobs(
  ctx: Pick<DispatchContext, "jobs" | "log">,
  keys: readonly JobKey[],
  delaySeconds: number | ((key: JobKey) => number),
  kind: BatchKind = "submit",
): Promise<void> {
  const more = kind === "submit" ? {} : { k: kind };
  for (let from = 0; from < keys.length; from += PLATFORM.sendBatchMessages) {
    const messages = keys.slice(from, from + PLATFORM.sendBatchMessages).map((key) => ({
      body: { v: 1 as const, b: key.batchId, l: key.line, ...more },
      delaySeconds: typeof delaySeconds === "number" ? delaySeconds : delaySeconds(key),
    }));
    try {
      await ctx.jobs.sendBatch(messages);
    } catch (error) {
      ctx.log.error("dispatch.send_failed", { messages: messages.length, error: String(error) });
    }
  }
}
