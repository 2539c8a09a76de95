/**
 * One slice of the file: its rows become jobs, its faults row errors. Jobs go in as they come, keyed by line;
 * totals and place move once, with the last of them. So a slice that is done twice, or by two at once, or cut
 * off in the middle and begun again, leaves the same rows and is counted once.
 */
import { type AddressCollector, collectAddresses } from "../../../shared/intake/addresses.ts";
import { fileGone, trailingFalse } from "../../../shared/intake/file-problems.ts";
import { hashOf } from "../../../shared/intake/hash-lists.ts";
import { isDerivedRow } from "../../../shared/intake/ids.ts";
import { planOpening } from "../../../shared/intake/opening.ts";
import type { RowProblem } from "../../../shared/intake/problem.ts";
import type { Piece } from "../../../shared/intake/records.ts";
import { type CheckedRow, checkRow, type RowContext } from "../../../shared/intake/row.ts";
import { readSlice } from "../../../shared/intake/slices.ts";
import { clipped } from "../../../shared/intake/source.ts";
import { type SpellingCheck, spellingCheck } from "../../../shared/intake/spelling.ts";
import { countProblems, countRow, newTally, type Tally } from "../../../shared/intake/tally.ts";
import type { JobArgs } from "../../../shared/job/job.ts";
import { LIMITS } from "../../../shared/limits.ts";
import { type IntakeBatch, moveIntake, recordStep } from "../../../shared/store/intake.ts";
import { markSource } from "../../../shared/store/source-marks.ts";
import { isWatched, letOthersFirst } from "../others-first.ts";
import { goIf, type IntakeContext, type Next } from "./context.ts";
import { nameHolders } from "./holders.ts";
import { storeInline } from "./inline-media.ts";
import { keepList } from "./lists.ts";
import { loadMediaSet } from "./media-set.ts";
import { endWith } from "./open.ts";
import { openR2 } from "./r2-source.ts";
import { type RowBuffer, rowBuffer } from "./row-buffer.ts";
import type { IntakeState, MediaSum, StateOf } from "./state.ts";

export async function parseSlice(
  batch: IntakeBatch,
  state: StateOf<"parse">,
  ctx: IntakeContext,
): Promise<Next> {
  const { opening } = state;
  const source = await openR2(ctx.bucket, batch.sourceKey);
  if (source === null) return endWith(batch, [fileGone()], ctx);
  const rows = clipped(source, opening.end);
  const context: RowContext = {
    plan: planOpening(opening, batch.options).plan,
    collectionId: batch.collectionId,
    firstTokenId: batch.options.firstTokenId,
    media: {
      set: await loadMediaSet(ctx.db, batch.target, batch.options.mediaSet),
      privateHosts: ctx.config.mediaPrivateHosts,
    },
  };
  const tally = newTally(state.listed);
  const buffer = rowBuffer(batch, ctx.now(), () => bites().rows);
  const spelling = spellingCheck(state.spellings);
  const addresses = collectAddresses();
  const slice: Slice = {
    ...{ context, tally, buffer, spelling, addresses, bucket: ctx.bucket },
    sum: state.sum ? { ...state.sum } : null,
    tokens: [],
    derived: [],
    refusals: [],
  };
  let at = { offset: batch.place.offset, line: batch.place.line };
  for await (const piece of readSlice(rows, at, opening.dialect, LIMITS.sliceBytes, () => bites().bytes)) {
    await readPiece(piece, batch.rows.total, slice);
    at = piece.next;
    await letOthersFirst();
    if (slice.refusals.length > 0) {
      buffer.addProblems(await nameHolders(ctx.db, batch, slice.refusals.splice(0)));
    }
    const full = buffer.takeFull();
    if (full.length === 0) continue;
    await ctx.db.batch(full);
    await letOthersFirst();
  }
  await keepList(batch, "addresses", addresses.list(), ctx);
  await keepList(batch, "tokens", Float64Array.from(slice.tokens), ctx);
  await keepList(batch, "derived", Float64Array.from(slice.derived), ctx);
  const over = at.offset >= rows.size;
  if (over && opening.tailLines > 0)
    buffer.addProblems(countProblems(tally, [trailingFalse(at.line, opening.tailLines)]));
  const after: IntakeState = over
    ? { phase: "share", opening, listed: tally.listed }
    : { phase: "parse", opening, listed: tally.listed, spellings: spelling.spellings() };
  const move = moveIntake(batch, {
    to: { ...at, state: JSON.stringify({ ...after, sum: slice.sum ?? undefined }) },
    add: tally,
    now: ctx.now(),
  });
  // A file of one slice is found again without a mark, and costs no row.
  const marks = batch.place.offset > opening.rows.offset ? [markSource(batch)] : [];
  return goIf(await recordStep(ctx.db, [...marks, ...buffer.takeAll()], move));
}

const bites = () => (isWatched() ? LIMITS.intakeSmallBites : LIMITS.intakeBites);

type Slice = {
  readonly context: RowContext;
  readonly tally: Tally;
  readonly buffer: RowBuffer;
  readonly spelling: SpellingCheck;
  readonly addresses: AddressCollector;
  /** The hash of each token id. */
  readonly tokens: number[];
  /** See `lists.ts`. */
  readonly derived: number[];
  /** The problems of invalid rows. */
  readonly refusals: RowProblem[];
  readonly sum: MediaSum | null;
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
    const problems = countRow(slice.tally, row);
    if (row.kind !== "valid") {
      slice.refusals.push(...problems);
      continue;
    }
    slice.buffer.addProblems(problems);
    if (isDerivedRow(record, slice.context.plan)) slice.derived.push(row.line);
    slice.buffer.addProblems(countProblems(slice.tally, slice.spelling.check(row)));
    slice.buffer.addJob(row);
    slice.addresses.add(row.line, row.args);
    slice.tokens.push(hashOf(row.args.tokenId));
    if (slice.sum) addMedia(slice.sum, row.args);
  }
}

function addMedia(sum: MediaSum, { media }: JobArgs): void {
  sum.media += media.length;
  for (const { source } of media) if (source.kind === "set") sum.bytes += source.bytes;
}
