/** The intake of a follow-up: no file is read, its jobs are copied from those that its source completed. */
import { copyJobs } from "../../../shared/store/follow-ups.ts";
import { type IntakeBatch, recordStep } from "../../../shared/store/intake.ts";
import { lineAhead } from "../../../shared/store/intake-tokens.ts";
import { goIf, type IntakeContext, type Next } from "./context.ts";
import { finish } from "./finish.ts";
import type { IntakeState, StateOf } from "./state.ts";

/** Rows of the source looked at in one transaction: each reads its token's holder and writes one row. */
const ROWS = 2_000;

export async function copySource(
  batch: IntakeBatch,
  state: StateOf<"copy">,
  ctx: IntakeContext,
): Promise<Next> {
  const { sourceId } = batch;
  const { after } = state;
  const through = sourceId === null ? null : await lineAhead(ctx.db, sourceId, after, ROWS);
  if (sourceId === null || through === null) return finish(batch, ctx);
  const next: IntakeState = { phase: "copy", after: through };
  const to = { offset: batch.place.offset, line: through, state: JSON.stringify(next) };
  const { statements, move } = copyJobs(batch, { sourceId, after, through, to, now: ctx.now() });
  return goIf(await recordStep(ctx.db, statements, move));
}
