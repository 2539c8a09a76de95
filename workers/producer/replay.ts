/**
 * One replay on its way: some of its letters are put back, then a message to ourselves brings the next. A message says
 * only which replay; how far it has come is in D1, so any message, also a second one, goes on from there.
 */
import { LIMITS, SECOND } from "../../shared/limits.ts";
import { putBackLetters } from "../../shared/store/replay-jobs.ts";
import { goOnSelecting, type ReplayRow, readReplayRow } from "../../shared/store/replays.ts";
import { dispatchNow, type ProducerContext } from "./context.ts";

type Context = ProducerContext;

/** @param turn `first`: within the request, one piece only, so that the answer does not wait. */
export async function runReplay(ctx: Context, id: string, turn: "first" | "next"): Promise<void> {
  const until = ctx.now() + (turn === "first" ? 0 : LIMITS.replayMessageMs);
  let put = 0;
  for (;;) {
    const row = await readReplayRow(ctx.db, ctx.config.target, id);
    if (row === null) return;
    if (row.state === "selecting") {
      await goOnSelecting(ctx.db, row);
      continue;
    }
    const waiting = row.selected - row.put_back - row.left_out;
    if (row.state !== "running" || waiting <= 0) break;
    const most = turn === "first" ? LIMITS.replayFirst : LIMITS.replayPiece;
    const limit = Math.min(most, allowance(row, ctx.now()));
    const done = limit > 0 ? await putBackLetters(ctx.db, { id, limit, now: ctx.now() }) : 0;
    put += done;
    if (done >= waiting) break;
    // Nothing more may be put back just now, or the others at the queue have waited long enough.
    if (done === 0 || row.per_second !== null || ctx.now() >= until) {
      await sendNext(ctx, row);
      break;
    }
  }
  if (put > 0 && turn === "next") await dispatchNow(ctx);
}

/**
 * How many may be put back by now: what the pace allows since the replay began, and a second's worth at its start. One
 * that stood still does not catch up more than a minute's worth at once.
 */
export function allowance(
  {
    per_second,
    created_at,
    put_back,
    left_out,
  }: Pick<ReplayRow, "per_second" | "created_at" | "put_back" | "left_out">,
  now: number,
): number {
  if (per_second === null) return LIMITS.replayPiece;
  const seconds = 1 + Math.max(0, now - created_at) / SECOND;
  const due = Math.floor(seconds * per_second) - put_back - left_out;
  return Math.max(0, Math.min(due, Math.ceil(60 * per_second), LIMITS.replayPiece));
}

async function sendNext(ctx: Context, { id, per_second }: ReplayRow): Promise<void> {
  const delaySeconds = per_second === null ? 0 : Math.max(1, Math.ceil(1 / per_second));
  try {
    await ctx.intake.send({ v: 1, r: id }, { delaySeconds });
  } catch (error) {
    // The sweep sends it again.
    ctx.log.error("replay.send_failed", { replayId: id, error });
  }
}
