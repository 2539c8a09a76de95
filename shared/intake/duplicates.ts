/**
 * Rows that name the same token: what only the whole file can tell. And rows that were refused for it before and
 * come back as they are: the token they name is another row's, so sent alone they must not take it. Pure.
 */
import type { JobKey } from "../job/job.ts";
import type { ColumnPlan } from "./columns.ts";
import { errorAt, type Place, type ProblemText, type RowProblem } from "./problem.ts";

export const DUPLICATE_TOKEN_ID = "row.duplicate_token_id";

/** Said of the later row: the first occurrence keeps the id. */
export const duplicateTokenId = (
  row: { readonly line: number; readonly tokenId: string; readonly firstLine: number },
  plan: ColumnPlan,
): RowProblem =>
  errorAt(placeOf(row, plan), {
    code: DUPLICATE_TOKEN_ID,
    message: `Expected each token id once, got ${row.tokenId} on line ${row.firstLine} and again on line ${row.line}.`,
    next: "Give one of the two rows another id, or remove it.",
  });

const placeOf = ({ line, tokenId }: { line: number; tokenId: string }, plan: ColumnPlan): Place => {
  const index = plan.idSource === "own" ? plan.ownIdIndex : (plan.fields.tokenId ?? null);
  return { line, column: index === null ? "tokenId" : (plan.headers[index] ?? "tokenId"), value: tokenId };
};

/** Whether identical rows are different tokens (derived ids, told apart by an ordinal) or a mistake. */
export const repeatsAreTokens = (plan: ColumnPlan): boolean => plan.idSource === "derived";

/** Where a result file says why a row was refused, and which id it had then. */
export type RefusalColumns = { readonly code: number; readonly tokenId: number };

/** The last of each name: a file that went back twice has the columns twice, and the last ones are the latest. */
export function refusalColumns(headers: readonly string[]): RefusalColumns | null {
  const lastOf = (name: string): number => headers.findLastIndex((header) => header.toLowerCase() === name);
  const [code, tokenId] = [lastOf("_code"), lastOf("_token_id")];
  return code < 0 || tokenId < 0 ? null : { code, tokenId };
}

/** Whether the row was refused because another one has this id, which it still names. */
export const wasRefusedFor = (
  cells: readonly string[],
  columns: RefusalColumns | null,
  tokenId: string,
): boolean =>
  columns !== null && cells[columns.code] === DUPLICATE_TOKEN_ID && cells[columns.tokenId] === tokenId;

/** Said of such a row. @param holder the job that the token was last taken for; null where nobody knows one. */
export const stillDuplicate = (tokenId: string, holder: JobKey | null): ProblemText => ({
  code: DUPLICATE_TOKEN_ID,
  message: `Expected each token id once, got ${tokenId}, which ${holder ? `line ${holder.line} of batch ${holder.batchId}` : "another row"} has: this row was refused for it before.`,
  next: "Give this row another id; or, to make that token what this row says, empty its _code cell.",
});
