/** The first steps of intake: what kind of file it is, what its columns mean, which of them hold ids. */
import { stillIds } from "../../../shared/intake/duplicates.ts";
import { fileGone } from "../../../shared/intake/file-problems.ts";
import { type Opening, openFile, planOpening } from "../../../shared/intake/opening.ts";
import { isError, type RowProblem } from "../../../shared/intake/problem.ts";
import { readSlice } from "../../../shared/intake/slices.ts";
import { countProblems, newTally } from "../../../shared/intake/tally.ts";
import { LIMITS } from "../../../shared/limits.ts";
import {
  endInvalid,
  type IntakeBatch,
  insertRowErrors,
  moveIntake,
  recordStep,
} from "../../../shared/store/intake.ts";
import { endIf, goIf, type IntakeContext, type Next } from "./context.ts";
import { openR2 } from "./r2-source.ts";
import type { StateOf } from "./state.ts";

export async function openSource(batch: IntakeBatch, ctx: IntakeContext): Promise<Next> {
  const source = await openR2(ctx.bucket, batch.sourceKey);
  if (source === null) return endWith(batch, [fileGone()], ctx);
  const opened = await openFile(source, batch.options);
  if (!opened.ok) return endWith(batch, opened.error, ctx);
  const { opening, planned, warnings } = opened.value;
  return planned.undecided.length > 0
    ? beginSurvey(batch, opening, planned.undecided, warnings, ctx)
    : beginRows(batch, opening, warnings, { errors: 0, warnings: 0 }, ctx);
}

/** Ends the batch with what is wrong with the file as a whole. */
export async function endWith(
  batch: IntakeBatch,
  problems: readonly RowProblem[],
  ctx: IntakeContext,
): Promise<Next> {
  const errors = insertRowErrors(batch.id, problems);
  return endIf(await recordStep(ctx.db, errors, endInvalid(batch, ctx.now())));
}

async function beginSurvey(
  batch: IntakeBatch,
  opening: Opening,
  candidates: readonly number[],
  warnings: readonly RowProblem[],
  ctx: IntakeContext,
): Promise<Next> {
  const tally = newTally();
  const kept = countProblems(tally, warnings);
  const state = { phase: "survey" as const, opening, candidates, listed: tally.listed };
  const move = moveIntake(batch, {
    to: { ...opening.rows, state: JSON.stringify(state) },
    add: { ...tally },
    now: ctx.now(),
  });
  return goIf(await recordStep(ctx.db, insertRowErrors(batch.id, kept), move));
}

/** One slice of looking at the cells of `number`, `#` and `edition`: they are ids only if all of them are. */
export async function survey(
  batch: IntakeBatch,
  state: StateOf<"survey">,
  ctx: IntakeContext,
): Promise<Next> {
  const source = await openR2(ctx.bucket, batch.sourceKey);
  if (source === null) return endWith(batch, [fileGone()], ctx);
  let { candidates } = state;
  let at = { offset: batch.place.offset, line: batch.place.line };
  for await (const piece of readSlice(source, at, state.opening.dialect, LIMITS.sliceBytes)) {
    candidates = stillIds(candidates, piece.records);
    at = piece.next;
  }
  if (at.offset >= source.size || candidates.length === 0) {
    return beginRows(batch, { ...state.opening, idColumns: candidates }, [], state.listed, ctx);
  }
  const next = { ...at, state: JSON.stringify({ ...state, candidates }) };
  return goIf(await recordStep(ctx.db, [], moveIntake(batch, { to: next, now: ctx.now() })));
}

/** The columns are settled: says how they were understood, and goes to the first row. */
async function beginRows(
  batch: IntakeBatch,
  opening: Opening,
  warnings: readonly RowProblem[],
  listed: { errors: number; warnings: number },
  ctx: IntakeContext,
): Promise<Next> {
  const { plan, problems } = planOpening(opening, batch.options);
  if (problems.some(isError)) return endWith(batch, problems.filter(isError), ctx);
  const tally = newTally(listed);
  const kept = countProblems(tally, [...warnings, ...problems]);
  const state = { phase: "parse" as const, opening, listed: tally.listed };
  const move = moveIntake(batch, {
    to: { ...opening.rows, state: JSON.stringify(state) },
    add: { ...tally },
    mapping: plan,
    now: ctx.now(),
  });
  return goIf(await recordStep(ctx.db, insertRowErrors(batch.id, kept), move));
}
