/**
 * Tokens that are upstream although this deployment did not make them. Where Sequence overwrites on create in
 * silence, only a look beforehand can protect them; so each that this batch names is noted, and the consumer
 * will look before it writes.
 */
import { type IntakeBatch, moveIntake, recordStep } from "../../../shared/store/intake.ts";
import { noteUpstream } from "../../../shared/store/intake-tokens.ts";
import { settleFailure } from "./check.ts";
import { goIf, type IntakeContext, type Next } from "./context.ts";
import { type IntakeState, placeWith, type StateOf } from "./state.ts";

/** As Sequence's own scripts ask. A page is about 10 MB at most, and each costs one reading of the batch. */
const PAGE_SIZE = 10_000;
/** No collection is so large; a server that never says that it is done is not believed for ever. */
const PAGES_MAX = 1_000;

/** One page. Pages count from 0; where a server counts from 1 the first comes twice, which does no harm. */
export async function listUpstream(
  batch: IntakeBatch,
  state: StateOf<"list">,
  ctx: IntakeContext,
): Promise<Next> {
  const listed = await ctx.sequence.listTokens({
    collectionId: batch.collectionId,
    page: { page: state.page, pageSize: PAGE_SIZE },
  });
  if (!listed.ok) return settleFailure(batch, state, listed.error, ctx);
  const ids = listed.value.tokens.map(({ tokenId }) => tokenId);
  const first = ids[0] ?? null;
  const over = !listed.value.page.more || first === null;
  const stuck = !over && ((state.page > 1 && first === state.first) || state.page >= PAGES_MAX);
  if (stuck) ctx.log.warn("intake.listing_stuck", { batchId: batch.id, page: state.page });
  const next: IntakeState =
    over || stuck
      ? { phase: "unchanged", after: 0 }
      : { phase: "list", page: state.page + 1, first, tries: 0 };
  const move = moveIntake(batch, {
    to: placeWith(batch.place, next),
    waiting: null,
    now: ctx.now(),
  });
  return goIf(await recordStep(ctx.db, [noteUpstream(batch.id, batch, JSON.stringify(ids))], move));
}
