/**
 * Rows of one batch with other cells: each is read from the file, changed, and judged by the rules of intake. All of
 * them are judged before the first is written, so that a patch with a defect changes nothing.
 */
import type { ColumnPlan } from "../../../shared/intake/columns.ts";
import { errorAt, type RowProblem } from "../../../shared/intake/problem.ts";
import { type CheckedRow, checkRow, type RowContext } from "../../../shared/intake/row.ts";
import { jobId } from "../../../shared/job/job.ts";
import { type EditableRow, type EditedRow, findTokens, readEditable } from "../../../shared/store/edits.ts";
import type { ProducerContext } from "../context.ts";
import { storeInline } from "../intake/inline-media.ts";
import { loadMediaSet } from "../intake/media-set.ts";
import { type BatchFile, type Record, recordsOn } from "./batch-file.ts";
import { type Cells, cellsEdited, changeCells, changesBetween, outputsAfter, withOwnId } from "./change.ts";
import { notDead, tokenMade, tokenTaken } from "./problems.ts";

/** What somebody asks for: a letter's row, with these cells. `place`: where they asked for it, in a patch. */
export type AskedEdit = {
  readonly letterId: number;
  readonly line: number;
  readonly cells: Cells;
  /** The line of the patch; null: the request was for this one row. */
  readonly place: number | null;
};

export type Judged = {
  readonly rows: readonly EditedRow[];
  /** How many say what the row says already. */
  readonly unchanged: number;
  /** Errors and warnings. */
  readonly problems: readonly RowProblem[];
};

type Context = Pick<ProducerContext, "db" | "bucket" | "config">;

/** Rows are held until all of them are judged, so they are read and judged some at a time. */
const ROWS_AT_ONCE = 200;

export async function judgeEdits(
  ctx: Context,
  batchId: string,
  asked: readonly AskedEdit[],
  file: BatchFile,
): Promise<Judged> {
  const context = await contextOf(ctx, file);
  const sorted = asked.toSorted((a, b) => a.line - b.line);
  const rows: EditedRow[] = [];
  const problems: RowProblem[] = [];
  let unchanged = 0;
  for (let from = 0; from < sorted.length; from += ROWS_AT_ONCE) {
    const some = sorted.slice(from, from + ROWS_AT_ONCE);
    const editable = new Map(
      (
        await readEditable(
          ctx.db,
          some.map(({ letterId }) => letterId),
        )
      ).map((row) => [row.line, row]),
    );
    const found = new Map<number, Record>();
    for await (const record of recordsOn(
      file,
      some.map(({ line }) => line),
    ))
      found.set(record.line, record);
    for (const one of some) {
      const judged = await judgeOne(ctx, {
        file,
        context,
        asked: one,
        row: editable.get(one.line),
        record: found.get(one.line),
      });
      problems.push(...judged.problems.map((problem) => ({ ...problem, line: one.place ?? problem.line })));
      if (judged.row === "same") unchanged += 1;
      else if (judged.row !== null) rows.push(judged.row);
    }
  }
  problems.push(...(await doubledTokens(ctx, batchId, rows, sorted)));
  return { rows, unchanged, problems };
}

async function contextOf(ctx: Context, { batch, plan }: BatchFile): Promise<RowContext> {
  return {
    plan,
    collectionId: batch.collection_id,
    firstTokenId: batch.options.firstTokenId,
    media: {
      set: await loadMediaSet(ctx.db, ctx.config.target, batch.options.mediaSet),
      privateHosts: ctx.config.mediaPrivateHosts,
    },
  };
}

type One = {
  readonly file: BatchFile;
  readonly context: RowContext;
  readonly asked: AskedEdit;
  readonly row: EditableRow | undefined;
  readonly record: Record | undefined;
};

async function judgeOne(
  ctx: Context,
  { file, context, asked, row, record }: One,
): Promise<{ row: EditedRow | "same" | null; problems: readonly RowProblem[] }> {
  if (row === undefined || record === undefined) {
    return {
      row: null,
      problems: [errorAt(placeOf(asked), notDead(jobId({ batchId: file.batch.id, line: asked.line })))],
    };
  }
  const { headers } = context.plan;
  const before = changeCells(record, headers, cellsEdited(row.edits, context.plan));
  const after = changeCells(before, headers, asked.cells);
  const own = withOwnId(after, context.plan, row.token_id);
  const checked = await check(ctx, own.record, { ...context, plan: own.plan });
  if (checked === null || checked.kind === "invalid") return { row: null, problems: checked?.problems ?? [] };
  const { args, text } = checked;
  const isOther = args.tokenId !== row.token_id;
  if (isOther && row.may_be_made) {
    const place = { ...placeOf(asked), column: idColumn(context.plan), value: args.tokenId };
    return { row: null, problems: [errorAt(place, tokenMade(row.token_id, args.tokenId))] };
  }
  if (!isOther && text === row.args_text) return { row: "same", problems: checked.problems };
  const outputs = isOther ? null : outputsAfter(row.outputs, row.args, args);
  const edited: EditedRow = {
    letterId: row.letter_id,
    batchId: row.batch_id,
    line: row.line,
    cells: changesBetween(before, after, headers),
    tokenBefore: row.token_id,
    argsBefore: row.args_text,
    tokenId: args.tokenId,
    args: text,
    outputs: outputs && JSON.stringify(outputs),
  };
  return { row: edited, problems: checked.problems };
}

/** A row without a cell is a valid one nowhere: intake skips it, and an edit must not end so. */
async function check(ctx: Context, record: Record, context: RowContext): Promise<CheckedRow | null> {
  const checked = checkRow(record, 0, context);
  return checked?.kind === "valid" && checked.inline.length > 0
    ? storeInline(ctx.bucket, checked, context.plan)
    : checked;
}

/** Token ids that another row of the batch has, or another row of the same patch gets. */
async function doubledTokens(
  ctx: Context,
  batchId: string,
  rows: readonly EditedRow[],
  asked: readonly AskedEdit[],
): Promise<RowProblem[]> {
  const moved = rows.filter(({ tokenId, tokenBefore }) => tokenId !== tokenBefore);
  const taken = new Map(
    await findTokens(
      ctx.db,
      batchId,
      moved.map(({ tokenId }) => tokenId),
    ),
  );
  return moved.flatMap(({ line, tokenId }) => {
    const other = taken.get(tokenId);
    taken.set(tokenId, line);
    const place = asked.find((one) => one.line === line)?.place ?? line;
    return other === undefined
      ? []
      : [errorAt({ line: place, column: "tokenId", value: tokenId }, tokenTaken(tokenId, other))];
  });
}

const placeOf = ({ place, line }: AskedEdit) => ({ line: place ?? line, column: "", value: null });

function idColumn({ idSource, ownIdIndex, fields, headers }: ColumnPlan): string {
  const index = idSource === "own" ? ownIdIndex : (fields.tokenId ?? null);
  return index === null ? "tokenId" : (headers[index] ?? "tokenId");
}
