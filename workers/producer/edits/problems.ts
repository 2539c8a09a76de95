/** What can be wrong with an edit beside the row itself, and how it is told. Pure. */
import type { Problem } from "../../../shared/api/contract.ts";
import { suggest } from "../../../shared/api/nearest.ts";
import { problem } from "../../../shared/api/problems.ts";
import { isError, type ProblemText, quote, type RowProblem } from "../../../shared/intake/problem.ts";
import type { FollowUpKind } from "../../../shared/job/batch.ts";
import { type JobKey, jobId } from "../../../shared/job/job.ts";
import { LIMITS } from "../../../shared/limits.ts";
import type { NoFile } from "./batch-file.ts";

/** Every defect with its line, column and next step; nothing was changed. */
export function editInvalid(problems: readonly RowProblem[]): Problem {
  const errors = problems.filter(isError);
  const [first] = errors;
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : "";
  return problem(
    "edit.invalid",
    `Expected rows that can be published, got: ${first?.message ?? "nothing to change"}${more}`,
    `${first?.next ?? "Name the cells to change."} Nothing was changed; correct what \`problems\` names and send it again.`,
    { defects: errors.length, problems: problems.slice(0, LIMITS.patchProblems) },
  );
}

export const overtaken = (expected: number, edited: number): Problem =>
  problem(
    "edit.overtaken",
    `Expected to change ${expected} dead rows, changed ${edited}: the others were edited or replayed by somebody else meanwhile.`,
    "Look at the dead letters again and send what is still to be changed.",
    { expected, edited },
  );

export const unknownColumn = (column: string, headers: readonly string[]): ProblemText => ({
  code: "row.unknown_column",
  message: `Expected a column of the submitted file, got ${quote(column)}.`,
  next: suggest(
    column,
    headers.filter((header) => header !== ""),
  ),
});

export const noFile = (key: JobKey, found: NoFile): ProblemText =>
  found.why === "gone" ? batchFileGone(key.batchId) : ofFollowUp(key, found);

const batchFileGone = (batchId: string): ProblemText => ({
  code: "batch.file_gone",
  message: `Expected the submitted file of batch ${batchId}, got nothing: it is not in R2 any more.`,
  next: "Submit the corrected rows as a new file.",
});

const DOES: Readonly<Record<FollowUpKind, string>> = {
  publish: "publishes",
  unpublish: "unpublishes",
  verify: "verifies",
};

const ofFollowUp = (
  { batchId, line }: JobKey,
  { kind, sourceId }: Extract<NoFile, { why: "follow_up" }>,
): ProblemText => ({
  code: "edit.follow_up",
  message: `Expected a row of a submitted file, got line ${line} of batch ${batchId}, which only ${DOES[kind]} what batch ${sourceId} made: the row is line ${line} of that one, where it is completed.`,
  next: `Replay it as it is once its cause is mended (\`npx --no mintline replay --job ${jobId({ batchId, line })}\`); to change the token, correct its row in \`npx --no mintline results ${sourceId}\` and submit that: a changed row updates its token.`,
});

export const notDead = (jobId: string): ProblemText => ({
  code: "dead_letter.not_open",
  message: `Expected an open dead letter of ${jobId}, found none: it was replayed or discarded meanwhile.`,
  next: "Look at the dead letters again: `npx --no mintline dead-letters`.",
});

export const tokenMade = (before: string, after: string): ProblemText => ({
  code: "row.token_id_made",
  message: `Expected the token id to stay ${before}, got ${after}: token ${before} may have been made for this row already, and would be left behind.`,
  next: "Correct the other cells and replay, or discard this row and submit it with its new id.",
});

export const tokenTaken = (tokenId: string, line: number): ProblemText => ({
  code: "row.duplicate_token_id",
  message: `Expected each token id once in the batch, got ${tokenId}, which line ${line} has.`,
  next: "Give the row an id that no other row has.",
});

export const patchKey = (columns: readonly string[]): ProblemText => ({
  code: "patch.key_required",
  message: `Expected a column "line" or "token_id" that says which rows are meant, got ${columns.map(quote).join(", ") || "no columns"}.`,
  next: "Add a column `line` with the line of each row in the submitted file, as the dead letters show it.",
});

export const patchNoCells = (): ProblemText => ({
  code: "patch.no_columns",
  message: "Expected at least one column with changed cells, got only the one that names the rows.",
  next: "Add the columns to change, named as in the submitted file.",
});

export const patchUnknownRow = (by: string, value: string): ProblemText => ({
  code: "patch.no_such_row",
  message: `Expected the ${by} of an open dead letter, got ${quote(value)}.`,
  next: "Take it from `npx --no mintline dead-letters BATCH`; only dead rows can be changed.",
});

export const patchAmbiguous = (by: string, value: string, batches: readonly string[]): ProblemText => ({
  code: "patch.ambiguous_row",
  message: `Expected one dead letter with ${by} ${quote(value)}, found one in each of ${batches.join(", ")}.`,
  next: "Name the batch: add ?batchId=… to the address (`npx --no mintline edit --patch FILE --batch BATCH`).",
});

export const patchRepeated = (by: string, value: string, line: number): ProblemText => ({
  code: "patch.repeated_row",
  message: `Expected each row once, got ${by} ${quote(value)} here and on line ${line}.`,
  next: "Put all changes of a row on one line.",
});

export const patchTooManyRows = (): ProblemText => ({
  code: "patch.too_many_rows",
  message: `Expected at most ${LIMITS.patchRows} rows in one patch, got more.`,
  next: "Send it in several files.",
});

export const patchUnreadable = (text: string): ProblemText => ({
  code: "patch.unreadable_row",
  message: `Expected a row of the patch, got ${quote(text)}, which cannot be read as CSV.`,
  next: "Check the quotes on this line.",
});
