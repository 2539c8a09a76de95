/** What a shut gate of Sequence means for everybody: the target is held, and somebody asks again when it is time. */
import { LIMITS } from "../../shared/limits.ts";
import { holdTarget } from "../../shared/store/holds.ts";
import type { ConsumerContext } from "./context.ts";
import type { Answer } from "./gate/words.ts";

type Shut = Extract<Answer, { kind: "shut" }>;

/**
 * Writes the hold down, so that dispatch stops and people see why. One of those who were sent away also sends the
 * message that makes somebody dispatch when it is over; it is no job's, so that no job depends on it.
 * Never throws: where it fails, the sweep dispatches, and whoever comes too early is sent away again.
 */
export async function keepHold(shut: Shut, ctx: ConsumerContext): Promise<void> {
  const host = new URL(ctx.config.metadataUrl).host;
  const { since, until } = shut;
  const reason = shut.reason === "down" ? "upstream_down" : "rate_limited";
  try {
    await holdTarget(ctx.db, ctx.config.target, {
      reason,
      host,
      since,
      until,
      message: messageOf(shut, host),
    });
    if (shut.herald) await wakeAt(until, ctx);
  } catch (error) {
    ctx.log.error("hold.failed", { reason, until, error: String(error) });
  }
}

const messageOf = ({ reason }: Shut, host: string): string =>
  reason === "down"
    ? `${host} gives no usable answer; one job at a time tries again, and all go on with the first that succeeds.`
    : `${host} refuses more calls for now (429); the jobs go on when its time is up.`;

async function wakeAt(until: number, ctx: ConsumerContext): Promise<void> {
  const delayMs = Math.min(until - ctx.now(), LIMITS.wakeMaxMs);
  await ctx.jobs.send({ v: 1, wake: true }, { delaySeconds: Math.max(0, Math.ceil(delayMs / 1000)) });
}
