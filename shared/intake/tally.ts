/** Counting rows and keeping what is shown of their problems. */
import { LIMITS } from "../limits.ts";
import { isError, type RowProblem } from "./problem.ts";
import type { CheckedRow } from "./row.ts";

export type Tally = {
  total: number;
  valid: number;
  invalid: number;
  warnings: number;
  /** Problems that were kept in full so far; more are only counted. */
  readonly listed: { errors: number; warnings: number };
};

export const newTally = (listed = { errors: 0, warnings: 0 }): Tally => ({
  total: 0,
  valid: 0,
  invalid: 0,
  warnings: 0,
  listed: { ...listed },
});

/** @returns the row's problems that are still to be kept. */
export function countRow(tally: Tally, row: CheckedRow): RowProblem[] {
  tally.total += 1;
  tally[row.kind] += 1;
  return countProblems(tally, row.problems);
}

/** Each severity has a share of its own: 10,000 doubts about colours must not hide the first error. */
export function countProblems(tally: Tally, problems: readonly RowProblem[]): RowProblem[] {
  if (problems.length === 0) return [];
  return problems.filter((problem) => {
    const kind = isError(problem) ? "errors" : "warnings";
    if (kind === "warnings") tally.warnings += 1;
    if (tally.listed[kind] >= LIMITS.rowErrorsListed) return false;
    tally.listed[kind] += 1;
    return true;
  });
}
