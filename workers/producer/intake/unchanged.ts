/** Rows that are upstream exactly as they stand here are completed without a call, some thousand at a time. */
import { type IntakeBatch, moveIntake, recordStep } from "../../../shared/store/intake.ts";
import { completeUnchanged, hasManifest, lineAhead } from "../../../shared/store/intake-tokens.ts";
import { goIf, type IntakeContext, type Next } from "./context.ts";
import { finish } from "./finish.ts";
import { placeWith, type StateOf } from "./state.ts";

const ROWS = 5_000;

export async function markUnchanged(
  batch: IntakeBatch,
  state: StateOf<"unchanged">,
  ctx: IntakeContext,
): Promise<Next> {
  const { options } = batch;
  if (options.force || (state.after === 0 && !(await hasManifest(ctx.db, batch)))) return finish(batch, ctx);
  const through = await lineAhead(ctx.db, batch.id, state.after, ROWS);
  if (through === null) return finish(batch, ctx);
  const complete = completeUnchanged(batch, {
    after: state.after,
    through,
    publish: options.publish,
    refreshMedia: options.refreshMedia,
    now: ctx.now(),
  });
  const to = placeWith(batch.place, { phase: "unchanged", after: through });
  return goIf(await recordStep(ctx.db, [complete], moveIntake(batch, { to, now: ctx.now() })));
}
