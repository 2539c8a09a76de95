/** The end of the rows: which media addresses several of them need. Nothing is written for a file that has none. */
import { sharedAddressesMax, sharedPlaces } from "../../../shared/intake/addresses.ts";
import { LIMITS } from "../../../shared/limits.ts";
import { type IntakeBatch, moveIntake, recordStep } from "../../../shared/store/intake.ts";
import { insertFetches } from "../../../shared/store/media-fetches.ts";
import { inTurns, letOthersFirst } from "../others-first.ts";
import { goIf, type IntakeContext, type Next } from "./context.ts";
import { dropLists, readLists } from "./lists.ts";
import { placeWith, type StateOf } from "./state.ts";

export async function shareAddresses(
  batch: IntakeBatch,
  { opening, listed }: StateOf<"share">,
  ctx: IntakeContext,
): Promise<Next> {
  const stops = batch.rows.invalid > 0 && batch.options.onInvalid === "stop";
  const places = stops
    ? []
    : await inTurns(
        sharedPlaces(await readLists(batch, "addresses", ctx), sharedAddressesMax(batch.rows.valid)),
      );
  // Outside the transaction that moves the batch: they are only ever added, and may be many.
  for (let from = 0; from < places.length; from += LIMITS.insertRows) {
    await ctx.db.batch([
      insertFetches(batch.id, JSON.stringify(places.slice(from, from + LIMITS.insertRows))),
    ]);
    await letOthersFirst();
  }
  const to = placeWith(batch.place, { phase: "duplicates", opening, listed, removed: 0 });
  const moved = await recordStep(ctx.db, [], moveIntake(batch, { to, now: ctx.now() }));
  if (moved) await dropLists(batch, "addresses", ctx);
  return goIf(moved);
}
