/**
 * A whole file through the same rules as in the Worker, without one: what `mintline validate` does offline.
 * Memory grows only with the token ids (to find duplicates), never with the rows.
 */
import type { BatchOptions } from "../job/batch.ts";
import type { JobArgs } from "../job/job.ts";
import { repeatTokenId } from "../job/token-id.ts";
import type { ColumnPlan } from "./columns.ts";
import { DATA_URL_NAME } from "./data-url.ts";
import { duplicateTokenId, repeatsAreTokens, stillIds } from "./duplicates.ts";
import { noRows } from "./file-problems.ts";
import type { MediaContext } from "./media-cells.ts";
import { describeDialect, type Opening, type OpenOptions, openFile, planOpening } from "./opening.ts";
import { isError, type RowProblem } from "./problem.ts";
import { type CheckedRow, checkRow } from "./row.ts";
import { readSlice } from "./slices.ts";
import type { ByteSource } from "./source.ts";
import { countProblems, countRow, newTally, type Tally } from "./tally.ts";

export type FileOptions = OpenOptions &
  Pick<BatchOptions, "firstTokenId"> & {
    /** Part of derived ids; offline any number will do. */
    readonly collectionId: number;
  };

export type FileReport = {
  /** Null where the file could not be opened; `problems` says why. */
  readonly format: string | null;
  readonly dialect: string | null;
  readonly mapping: Readonly<Record<string, string>>;
  readonly rows: { readonly total: number; readonly valid: number; readonly invalid: number };
  /** All of them, also those that are not listed. */
  readonly warnings: number;
  /** At most LIMITS.rowErrorsListed errors and as many warnings, by line. */
  readonly problems: readonly RowProblem[];
  /** The first tokens as they will be. */
  readonly samples: readonly JobArgs[];
  /** Files of the media set that some row uses. */
  readonly usedFiles: ReadonlySet<string>;
};

const SAMPLES = 5;

/** @param onRow sees every row that holds anything, in the file's order, before duplicates are known. */
export async function validateFile(
  source: ByteSource,
  options: FileOptions,
  media: MediaContext,
  onRow: (row: CheckedRow) => void = () => undefined,
): Promise<FileReport> {
  const tally = newTally();
  const opened = await openFile(source, options);
  if (!opened.ok) return report(tally, { problems: countProblems(tally, opened.error) });
  const { warnings } = opened.value;
  const opening = await settleIds(source, opened.value.opening, opened.value.planned.undecided);
  const { plan, problems: doubts } = planOpening(opening, options);
  const wrong = doubts.filter(isError);
  if (wrong.length > 0) return report(tally, { problems: countProblems(tally, wrong) });
  const problems = countProblems(tally, [...warnings, ...doubts]);
  const found = { plan, opening, problems, samples: [] as JobArgs[], usedFiles: new Set<string>() };
  const seen = new Map<string, { line: number; times: number }>();
  const context = { plan, collectionId: options.collectionId, firstTokenId: options.firstTokenId, media };
  for (let at = opening.rows; at.offset < source.size; ) {
    for await (const piece of readSlice(source, at, opening.dialect)) {
      at = piece.next;
      for (const record of piece.records) {
        const row = checkRow(record, tally.total, context);
        if (row === null) continue;
        const judged = judgeRepeat(row, plan, seen);
        problems.push(...countRow(tally, judged));
        if (judged.kind === "valid") keep(judged.args, found);
        onRow(judged);
      }
    }
  }
  if (tally.total === 0) problems.push(...countProblems(tally, [noRows(0)]));
  return report(tally, found);
}

/** The columns that hold ids, after a look at all their cells; most files have no such column. */
async function settleIds(
  source: ByteSource,
  opening: Opening,
  undecided: readonly number[],
): Promise<Opening> {
  let candidates = undecided;
  for (let at = opening.rows; at.offset < source.size && candidates.length > 0; ) {
    for await (const piece of readSlice(source, at, opening.dialect)) {
      at = piece.next;
      candidates = stillIds(candidates, piece.records);
    }
  }
  return { ...opening, idColumns: candidates };
}

function judgeRepeat(
  row: CheckedRow,
  plan: ColumnPlan,
  seen: Map<string, { line: number; times: number }>,
): CheckedRow {
  if (row.kind === "invalid") return row;
  const { tokenId } = row.args;
  const first = seen.get(tokenId);
  if (first === undefined) {
    seen.set(tokenId, { line: row.line, times: 1 });
    return row;
  }
  if (repeatsAreTokens(plan)) {
    const ordinal = first.times++;
    return { ...row, args: { ...row.args, tokenId: repeatTokenId(tokenId, ordinal) } };
  }
  const problem = duplicateTokenId({ line: row.line, tokenId, firstLine: first.line }, plan);
  return { kind: "invalid", line: row.line, problems: [...row.problems, problem] };
}

function keep(args: JobArgs, found: { samples: JobArgs[]; usedFiles: Set<string> }): void {
  if (found.samples.length < SAMPLES) found.samples.push(args);
  for (const { source } of args.media) {
    if (source.kind === "set" && source.fileName !== DATA_URL_NAME) found.usedFiles.add(source.fileName);
  }
}

function report(
  { total, valid, invalid, warnings }: Tally,
  found: {
    plan?: ColumnPlan;
    opening?: Opening;
    problems: readonly RowProblem[];
    samples?: readonly JobArgs[];
    usedFiles?: ReadonlySet<string>;
  },
): FileReport {
  return {
    format: found.plan?.format ?? null,
    dialect: found.opening ? describeDialect(found.opening.dialect) : null,
    mapping: found.plan?.mapping ?? {},
    rows: { total, valid, invalid },
    warnings,
    problems: found.problems,
    samples: found.samples ?? [],
    usedFiles: found.usedFiles ?? new Set(),
  };
}
