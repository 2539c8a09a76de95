/** Which token a row is: the id in the file, the one it had before, one derived from its cells, or its number. Pure. */
import { deriveTokenId, MAX_TOKEN_ID, parseTokenId } from "../job/token-id.ts";
import { tokenIdProblem } from "./cells.ts";
import type { ColumnPlan } from "./columns.ts";
import { stillDuplicate, wasRefusedFor } from "./duplicates.ts";
import type { Row } from "./reading.ts";
import { cellOf, type FileRecord } from "./records.ts";

/**
 * The canonical token id, or `""` where there is none; what is wrong with it is noted. Derived ids are those of a first occurrence: how often
 * a row stood in the file before shows only when all of it was read, see `repeatTokenId`.
 */
export function readTokenId(row: Row, index: number): string {
  const { plan, firstTokenId } = row.context;
  switch (plan.idSource) {
    case "file":
      return given(row, row.text("tokenId"));
    case "own": {
      const cell = row.cells[plan.ownIdIndex ?? -1] ?? "";
      return cell === "" ? derived(row) : given(row, cell);
    }
    case "derived":
      return derived(row);
    case "sequential": {
      const id = BigInt(firstTokenId) + BigInt(index);
      if (id <= MAX_TOKEN_ID) return id.toString();
      row.error("tokenId", tokenIdProblem(id.toString(), "too_large"));
      return "";
    }
  }
}

function given(row: Row, cell: string): string {
  const { plan } = row.context;
  const parsed = parseTokenId(cell);
  if (parsed.ok && !wasRefusedFor(row.cells, plan.refusal, parsed.value)) return parsed.value;
  const index = plan.idSource === "own" ? plan.ownIdIndex : (plan.fields.tokenId ?? null);
  const column = index === null ? "tokenId" : (plan.headers[index] ?? "tokenId");
  if (parsed.ok) {
    row.errorAt({ column, value: parsed.value }, stillDuplicate(parsed.value, null));
    return parsed.value;
  }
  row.errorAt({ column, value: cell === "" ? null : cell }, tokenIdProblem(cell, parsed.error));
  return "";
}

/** Whether the row's id is derived from its cells although the file has a column of ids, which is empty here. */
export const isDerivedRow = (record: FileRecord, plan: ColumnPlan): boolean =>
  plan.idSource === "own" && cellOf(record, plan.headers, plan.ownIdIndex ?? -1) === "";

const derived = (row: Row): string =>
  deriveTokenId({ collectionId: row.context.collectionId, cells: ownCells(row), ordinal: 0 });

const ownCells = ({ cells, context: { plan } }: Row): [string, string][] =>
  plan.ownCells.map((index) => [plan.headers[index] ?? "", cells[index] ?? ""]);
