/**
 * One intake message: takes a batch in `validating` as far as it comes in a short time, then sends the next
 * message. A message says only which batch; where it stands is in D1, so any message, also a second one, goes
 * on from there, and whoever comes too late finds that the batch has moved and leaves.
 */
import { LIMITS } from "../../../shared/limits.ts";
import { type IntakeBatch, readIntake } from "../../../shared/store/intake.ts";
import { letOthersFirst } from "../others-first.ts";
import { checkCollection } from "./check.ts";
import type { IntakeContext, Next } from "./context.ts";
import { copySource } from "./copy.ts";
import { findDuplicates } from "./duplicates.ts";
import { finish } from "./finish.ts";
import { listUpstream } from "./list.ts";
import { openSource, survey } from "./open.ts";
import { parseSlice } from "./parse.ts";
import { shareAddresses } from "./share.ts";
import { type IntakeState, readState } from "./state.ts";
import { markUnchanged } from "./unchanged.ts";

export type { IntakeContext } from "./context.ts";

/**
 * Several steps a message, because a hop through the queue costs more than most of them; but no longer than
 * this, so that one large file does not keep the others waiting.
 */
const MESSAGE_MS = 2_000;

export async function runIntake(batchId: string, ctx: IntakeContext): Promise<void> {
  const until = ctx.now() + MESSAGE_MS;
  for (;;) {
    const batch = await readIntake(ctx.db, ctx.config.target, batchId);
    if (batch === null || isEarly(batch, ctx.now())) return;
    const next = await takeStep(batch, ctx);
    if (next.kind === "lost") return;
    if (next.kind === "end") {
      ctx.log.info("intake.ended", { batchId, rows: batch.rows, runs: next.run });
      return next.run ? ctx.dispatch() : undefined;
    }
    if (next.kind === "wait") return ctx.sendIntake(batchId, next.seconds);
    if (ctx.now() >= until) return ctx.sendIntake(batchId);
    await letOthersFirst();
  }
}

/** A message of the sweep's while another, delayed one is on its way. */
const isEarly = ({ waiting }: IntakeBatch, now: number): boolean =>
  (waiting?.until ?? 0) > now + LIMITS.dueToleranceMs;

function takeStep(batch: IntakeBatch, ctx: IntakeContext): Promise<Next> {
  const state: IntakeState = readState(batch.place.state);
  switch (state.phase) {
    case "open":
      return openSource(batch, ctx);
    case "survey":
      return survey(batch, state, ctx);
    case "parse":
      return parseSlice(batch, state, ctx);
    case "share":
      return shareAddresses(batch, state, ctx);
    case "duplicates":
      return findDuplicates(batch, state, ctx);
    case "check":
      return checkCollection(batch, state, ctx);
    case "list":
      return listUpstream(batch, state, ctx);
    case "unchanged":
      return markUnchanged(batch, state, ctx);
    case "copy":
      return copySource(batch, state, ctx);
    case "done":
      return finish(batch, ctx);
  }
}
