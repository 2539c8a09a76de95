/**
 * A whole file through the same rules as in the Worker, without one: what `mintline validate` does offline.
 * Memory grows only with the token ids (to find duplicates), never with the rows.
 */
import type { BatchOptions } from "../job/batch.ts";
import type { JobArgs } from "../job/job.ts";
import { repeatTokenId } from "../job/token-id.ts";
import type { ColumnPlan } from "./columns.ts";
import { DATA_URL_NAME } from "./data-url.ts";
import { duplicateTokenId, repeatsAreTokens } from "./duplicates.ts";
import { noRows, trailingFalse } from "./file-problems.ts";
import { isDerivedRow } from "./ids.ts";
import type { MediaContext } from "./media-cells.ts";
import {
  describeDialect,
  type Opened,
  type Opening,
  type OpenOptions,
  openFile,
  planOpening,
} from "./opening.ts";
import { isError, type RowProblem } from "./problem.ts";
import { rarity, type TraitSummary } from "./rarity.ts";
import { type CheckedRow, checkRow } from "./row.ts";
import { readSlice } from "./slices.ts";
import { type ByteSource, clipped } from "./source.ts";
import { spellingCheck } from "./spelling.ts";
import { isOver, look, settle } from "./survey.ts";
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
  readonly traits: readonly TraitSummary[];
  /** Files of the media set that some row uses. */
  readonly usedFiles: ReadonlySet<string>;
};

const SAMPLES = 5;

/** @param onRow sees every row that holds anything, in the file's order, its id as it will be. */
export async function validateFile(
  source: ByteSource,
  options: FileOptions,
  media: MediaContext,
  onRow: (row: CheckedRow) => void = () => undefined,
): Promise<FileReport> {
  const tally = newTally();
  const opened = await openFile(source, options);
  if (!opened.ok) return report(tally, { problems: countProblems(tally, opened.error) });
  const opening = await surveyFile(source, opened.value);
  const { plan, problems: doubts } = planOpening(opening, options);
  const wrong = doubts.filter(isError);
  if (wrong.length > 0) return report(tally, { problems: countProblems(tally, wrong) });
  const problems = countProblems(tally, [...opened.value.warnings, ...doubts]);
  const found: Found = { plan, opening, problems, samples: [], usedFiles: new Set(), traits: [] };
  const context = { plan, collectionId: options.collectionId, firstTokenId: options.firstTokenId, media };
  const seen: Seen = new Map();
  const spelling = spellingCheck();
  const summary = rarity();
  const rows = clipped(source, opening.end);
  let at = opening.rows;
  while (at.offset < rows.size) {
    for await (const piece of readSlice(rows, at, opening.dialect)) {
      at = piece.next;
      for (const record of piece.records) {
        const row = checkRow(record, tally.total, context);
        if (row === null) continue;
        const isDerived = repeatsAreTokens(plan) || isDerivedRow(record, plan);
        const judged = judgeRepeat(row, plan, isDerived, seen);
        problems.push(...countRow(tally, judged));
        if (judged.kind === "valid") {
          problems.push(...countProblems(tally, spelling.check(judged)));
          summary.add(judged.args);
          keep(judged.args, found);
        }
        onRow(judged);
      }
    }
  }
  if (opening.tailLines > 0)
    problems.push(...countProblems(tally, [trailingFalse(at.line, opening.tailLines)]));
  if (tally.total === 0) problems.push(...countProblems(tally, [noRows(0)]));
  return report(tally, { ...found, traits: summary.summary() });
}

/** What all cells must be looked at for; most files have nothing of the kind. */
async function surveyFile(source: ByteSource, { opening, survey: asked }: Opened): Promise<Opening> {
  if (asked === null) return opening;
  let survey = asked;
  const rows = clipped(source, opening.end);
  for (let at = opening.rows; at.offset < rows.size && !isOver(survey); ) {
    for await (const piece of readSlice(rows, at, opening.dialect)) {
      at = piece.next;
      survey = look(survey, piece.records);
    }
  }
  return settle(opening, survey);
}

type Seen = Map<string, { line: number; times: number }>;

function judgeRepeat(row: CheckedRow, plan: ColumnPlan, isDerived: boolean, seen: Seen): CheckedRow {
  if (row.kind === "invalid") return row;
  const { tokenId } = row.args;
  const first = seen.get(tokenId);
  if (first === undefined) {
    seen.set(tokenId, { line: row.line, times: 1 });
    return row;
  }
  if (isDerived) {
    const ordinal = first.times++;
    return { ...row, args: { ...row.args, tokenId: repeatTokenId(tokenId, ordinal) } };
  }
  const problem = duplicateTokenId({ line: row.line, tokenId, firstLine: first.line }, plan);
  return { kind: "invalid", line: row.line, problems: [...row.problems, problem] };
}

type Found = {
  readonly plan?: ColumnPlan;
  readonly opening?: Opening;
  readonly problems: RowProblem[];
  readonly samples?: JobArgs[];
  readonly usedFiles?: Set<string>;
  readonly traits?: readonly TraitSummary[];
};

function keep(args: JobArgs, { samples, usedFiles }: Found): void {
  if (samples && samples.length < SAMPLES) samples.push(args);
  for (const { source } of args.media) {
    if (source.kind === "set" && source.fileName !== DATA_URL_NAME) usedFiles?.add(source.fileName);
  }
}

const report = ({ total, valid, invalid, warnings }: Tally, found: Found): FileReport => ({
  format: found.plan?.format ?? null,
  dialect: found.opening ? describeDialect(found.opening.dialect) : null,
  mapping: found.plan?.mapping ?? {},
  rows: { total, valid, invalid },
  warnings,
  problems: found.problems,
  samples: found.samples ?? [],
  traits: found.traits ?? [],
  usedFiles: found.usedFiles ?? new Set(),
});
