/** Rows that were refused for an id of another's and come back as they are are told whose it is. */
import { DUPLICATE_TOKEN_ID, stillDuplicate } from "../../../shared/intake/duplicates.ts";
import type { RowProblem } from "../../../shared/intake/problem.ts";
import type { Db } from "../../../shared/store/db.ts";
import type { IntakeBatch } from "../../../shared/store/intake.ts";
import { listHolders } from "../../../shared/store/intake-tokens.ts";

/** @param problems of a piece of the file. Mostly none is of the kind, and nobody is asked. */
export async function nameHolders(
  db: Db,
  batch: IntakeBatch,
  problems: readonly RowProblem[],
): Promise<readonly RowProblem[]> {
  const ids = problems.flatMap(({ code, value }) => (code === DUPLICATE_TOKEN_ID ? (value ?? []) : []));
  if (ids.length === 0) return problems;
  const holders = await listHolders(db, batch, JSON.stringify(ids));
  return problems.map((problem) => {
    const tokenId = problem.code === DUPLICATE_TOKEN_ID ? problem.value : null;
    const holder = tokenId === null ? undefined : holders.get(tokenId);
    return tokenId === null || holder === undefined
      ? problem
      : { ...problem, ...stillDuplicate(tokenId, holder) };
  });
}
