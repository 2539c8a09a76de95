/** A patch against what is there: which dead row each of its lines means, and what that row would become. */
import { errorAt, type RowProblem } from "../../../shared/intake/problem.ts";
import { type FoundLetter, findLetters } from "../../../shared/store/edits.ts";
import type { ProducerContext } from "../context.ts";
import { type BatchFile, openBatchFile } from "./batch-file.ts";
import { columnNamed } from "./change.ts";
import { type AskedEdit, type Judged, judgeEdits } from "./edit.ts";
import type { Patch, PatchRow } from "./patch-file.ts";
import { noFile, patchAmbiguous, patchUnknownRow, unknownColumn } from "./problems.ts";

/** One answer for each batch that the patch means rows of, and one for what it means nowhere. */
export async function judgePatch(
  ctx: ProducerContext,
  patch: Patch,
  batchId: string | null,
): Promise<Judged[]> {
  const { byBatch, problems } = await findRows(ctx, patch, batchId);
  const judged: Judged[] = [{ rows: [], unchanged: 0, problems }];
  for (const [id, rows] of byBatch) {
    const file = await openBatchFile(ctx, id);
    if (!file.ok) {
      const problems = rows.map(({ row, letter }) => {
        const place = { line: row.place, column: patch.keyColumn, value: row.key };
        return errorAt(place, noFile({ batchId: id, line: letter.line }, file.error));
      });
      judged.push({ rows: [], unchanged: 0, problems });
      continue;
    }
    const columns = columnsOf(patch, file.value);
    if (columns.problems.length > 0) {
      judged.push({ rows: [], unchanged: 0, problems: columns.problems });
    } else {
      judged.push(
        await judgeEdits(
          ctx,
          id,
          rows.map((one) => askedOf(one, columns.indexes)),
          file.value,
        ),
      );
    }
  }
  return judged;
}

type Meant = { readonly row: PatchRow; readonly letter: FoundLetter };

async function findRows(ctx: ProducerContext, patch: Patch, batchId: string | null) {
  const values = patch.rows.map(({ key }) => (patch.by === "line" ? Number(key) : key));
  const letters = await findLetters(ctx.db, { target: ctx.config.target, batchId, by: patch.by, values });
  const byKey = Map.groupBy(letters, (letter) => String(letter[patch.by]));
  const problems: RowProblem[] = [];
  const meant: Meant[] = [];
  for (const row of patch.rows) {
    const found = byKey.get(row.key) ?? [];
    const place = { line: row.place, column: patch.keyColumn, value: row.key };
    const [only] = found;
    if (only === undefined) problems.push(errorAt(place, patchUnknownRow(patch.by, row.key)));
    else if (found.length === 1) meant.push({ row, letter: only });
    else {
      const batches = found.slice(0, 3).map(({ batch_id }) => batch_id);
      problems.push(errorAt(place, patchAmbiguous(patch.by, row.key, batches)));
    }
  }
  return { byBatch: Map.groupBy(meant, ({ letter }) => letter.batch_id), problems };
}

/** Columns of the patch by the index of the file's. */
function columnsOf(
  { columns, headerLine }: Patch,
  { plan }: BatchFile,
): { indexes: ReadonlyMap<string, number>; problems: RowProblem[] } {
  const indexes = new Map<string, number>();
  const problems: RowProblem[] = [];
  for (const column of columns) {
    const index = columnNamed(plan, column);
    if (index !== null) indexes.set(column, index);
    else {
      const place = { line: headerLine, column, value: null };
      problems.push(errorAt(place, unknownColumn(column, plan.headers)));
    }
  }
  return { indexes, problems };
}

const askedOf = ({ row, letter }: Meant, indexes: ReadonlyMap<string, number>): AskedEdit => ({
  letterId: letter.id,
  line: letter.line,
  cells: new Map(
    [...row.cells].flatMap(([column, value]) => {
      const index = indexes.get(column);
      return index === undefined ? [] : [[index, value] as const];
    }),
  ),
  place: row.place,
});
