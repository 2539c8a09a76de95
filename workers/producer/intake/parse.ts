/**
 * One slice of the file: its rows become jobs, its faults row errors. Jobs go in as they come, keyed by line;
 * totals and place move once, with the last of them. So a slice that is done twice, or by two at once, or cut
 * off in the middle and begun again, leaves the same rows and is counted once.
 */
import { fileGone } from "../../../shared/intake/file-problems.ts";
import { planOpening } from "../../../shared/intake/opening.ts";
import type { Piece } from "../../../shared/intake/records.ts";
import { type CheckedRow, checkRow, type RowContext } from "../../../shared/intake/row.ts";
import { readSlice } from "../../../shared/intake/slices.ts";
import { countRow, newTally, type Tally } from "../../../shared/intake/tally.ts";
import { type IntakeBatch, moveIntake, recordStep } from "../../../shared/store/intake.ts";
import { goIf, type IntakeContext, type Next } from "./context.ts";
import { storeInline } from "./inline-media.ts";
import { loadMediaSet } from "./media-set.ts";
import { endWith } from "./open.ts";
import { openR2 } from "./r2-source.ts";
import { type RowBuffer, rowBuffer } from "./row-buffer.ts";
import type { IntakeState, StateOf } from "./state.ts";

type Parsing = StateOf<"parse"> & { opening: NonNullable<StateOf<"parse">["opening"]> };

export async function parseSlice(batch: IntakeBatch, state: Parsing, ctx: IntakeContext): Promise<Next> {
  const source = await openR2(ctx.bucket, batch.sourceKey);
  if (source === null) return endWith(batch, [fileGone()], ctx);
  const context: RowContext = {
    plan: planOpening(state.opening, batch.options).plan,
    collectionId: batch.collectionId,
    firstTokenId: batch.options.firstTokenId,
    media: {
      set: await loadMediaSet(ctx.db, batch.target, batch.options.mediaSet),
      privateHosts: ctx.config.mediaPrivateHosts,
    },
  };
  const tally = newTally(state.listed);
  const buffer = rowBuffer(batch, ctx.now());
  let at = { offset: batch.place.offset, line: batch.place.line };
  for await (const piece of readSlice(source, at, state.opening.dialect)) {
    await readPiece(piece, batch.rows.total, { context, tally, buffer, bucket: ctx.bucket });
    at = piece.next;
    // Between two pieces, so that the API in this isolate gets its turn.
    await ctx.db.batch(buffer.takeFull());
  }
  const over = at.offset >= source.size;
  const { opening } = state;
  const after: IntakeState = over
    ? { phase: "duplicates", opening, listed: tally.listed, removed: 0 }
    : { phase: "parse", opening, listed: tally.listed };
  const move = moveIntake(batch, {
    to: { ...at, state: JSON.stringify(after) },
    add: tally,
    now: ctx.now(),
  });
  return goIf(await recordStep(ctx.db, buffer.takeAll(), move));
}

type Slice = {
  readonly context: RowContext;
  readonly tally: Tally;
  readonly buffer: RowBuffer;
  readonly bucket: R2Bucket;
};

async function readPiece(piece: Piece, rowsBefore: number, slice: Slice): Promise<void> {
  for (const record of piece.records) {
    const checked = checkRow(record, rowsBefore + slice.tally.total, slice.context);
    if (checked === null) continue;
    const row: CheckedRow =
      checked.kind === "valid" && checked.inline.length > 0
        ? await storeInline(slice.bucket, checked, slice.context.plan)
        : checked;
    slice.buffer.addProblems(countRow(slice.tally, row));
    if (row.kind === "valid") slice.buffer.addJob(row);
  }
}
