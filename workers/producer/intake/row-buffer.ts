/** Gathers rows and problems into statements of a size that D1 takes. */
import type { RowProblem } from "../../../shared/intake/problem.ts";
import type { CheckedRow } from "../../../shared/intake/row.ts";
import { LIMITS } from "../../../shared/limits.ts";
import type { Statement } from "../../../shared/store/db.ts";
import { type IntakeBatch, insertJobs, insertRowErrors, jobMember } from "../../../shared/store/intake.ts";

export type RowBuffer = {
  addJob(row: CheckedRow & { kind: "valid" }): void;
  addProblems(problems: readonly RowProblem[]): void;
  /** The statements that are full. */
  takeFull(): Statement[];
  /** All that is left. */
  takeAll(): Statement[];
};

/** @param rowsAtOnce of one statement; a function, because it may become another number on the way. */
export function rowBuffer(batch: IntakeBatch, now: number, rowsAtOnce: () => number): RowBuffer {
  let full: Statement[] = [];
  let rows: string[] = [];
  let chars = 0;
  let problems: RowProblem[] = [];

  const closeRows = (): void => {
    if (rows.length > 0) full.push(insertJobs(batch, `{${rows.join(",")}}`, now));
    [rows, chars] = [[], 0];
  };
  const closeProblems = (): void => {
    if (problems.length > 0) full.push(...insertRowErrors(batch.id, problems));
    problems = [];
  };
  const takeFull = (): Statement[] => {
    const taken = full;
    full = [];
    return taken;
  };
  return {
    addJob({ line, args, text }) {
      const row = jobMember({ line, tokenId: args.tokenId, args: text });
      if (rows.length >= rowsAtOnce() || chars + row.length > LIMITS.insertChars) closeRows();
      rows.push(row);
      chars += row.length + 1;
    },
    addProblems(more) {
      if (more.length === 0) return;
      problems.push(...more);
      if (problems.length >= LIMITS.insertRows) closeProblems();
    },
    takeFull,
    takeAll() {
      closeRows();
      closeProblems();
      return takeFull();
    },
  };
}
