/** What the sweep does for dead letters: replays whose message was lost go on, the old are taken away. */
import { DAY, LIMITS } from "../../../shared/limits.ts";
import { pruneLetters, pruneReplays } from "../../../shared/store/discards.ts";
import { listRunningReplays, listStalledReplays, readReplay } from "../../../shared/store/replay-progress.ts";
import type { SweepContext } from "./sweep.ts";

/** Sends the message of a replay that stood still; and ends those whose end nobody has asked for. */
export async function sweepReplays(ctx: SweepContext): Promise<number> {
  const { db, config, now } = ctx;
  const { target, startedAt } = config;
  const before = now() - LIMITS.messageLostMs;
  const stalled = await listStalledReplays(db, { target, before, startedAt, limit: LIMITS.sweepRows });
  for (const id of stalled) await ctx.intake.send({ v: 1, r: id });
  for (const id of await listRunningReplays(db, target, LIMITS.sweepRows)) {
    await readReplay(db, target, id, now());
  }
  return stalled.length;
}

/** Dead letters are kept for their days and never capped in number; each sweep takes away a bounded part. */
export async function pruneOld({ db, config, now }: SweepContext): Promise<number> {
  const before = now() - config.deadLetterDays * DAY;
  const given = { target: config.target, before, limit: LIMITS.sweepJobs };
  return (await pruneLetters(db, given)) + (await pruneReplays(db, given));
}
