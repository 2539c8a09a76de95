/** Rows that name the same token: what only the whole file can tell. Pure. */
import type { ColumnPlan } from "./columns.ts";
import { errorAt, type RowProblem } from "./problem.ts";

/** Said of the later row: the first occurrence keeps the id. */
export function duplicateTokenId(
  row: { readonly line: number; readonly tokenId: string; readonly firstLine: number },
  plan: ColumnPlan,
): RowProblem {
  const index = plan.idSource === "own" ? plan.ownIdIndex : (plan.fields.tokenId ?? null);
  const column = index === null ? "tokenId" : (plan.headers[index] ?? "tokenId");
  return errorAt(
    { line: row.line, column, value: row.tokenId },
    {
      code: "row.duplicate_token_id",
      message: `Expected each token id once, got ${row.tokenId} on line ${row.firstLine} and again on line ${row.line}.`,
      next: "Give one of the two rows another id, or remove it.",
    },
  );
}

/** Whether identical rows are different tokens (derived ids, told apart by an ordinal) or a mistake. */
export const repeatsAreTokens = (plan: ColumnPlan): boolean => plan.idSource === "derived";
