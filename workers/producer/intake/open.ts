/** The first steps of intake: what kind of file it is, what its columns mean, what only all rows can tell of them. */
import { fileGone } from "../../../shared/intake/file-problems.ts";
import { type Opening, openFile, planOpening } from "../../../shared/intake/opening.ts";
import { isError, type RowProblem } from "../../../shared/intake/problem.ts";
import { readSlice } from "../../../shared/intake/slices.ts";
import { clipped } from "../../../shared/intake/source.ts";
import { isOver, look, type Survey, settle } from "../../../shared/intake/survey.ts";
import { countProblems, newTally } from "../../../shared/intake/tally.ts";
import {
  endInvalid,
  type IntakeBatch,
  insertRowErrors,
  moveIntake,
  recordStep,
} from "../../../shared/store/intake.ts";
import { endIf, goIf, type IntakeContext, type Next } from "./context.ts";
import { openR2 } from "./r2-source.ts";
import type { IntakeState, StateOf } from "./state.ts";

export async function openSource(batch: IntakeBatch, ctx: IntakeContext): Promise<Next> {
  const source = await openR2(ctx.bucket, batch.sourceKey);
  if (source === null) return endWith(batch, [fileGone()], ctx);
  const opened = await openFile(source, batch.options);
  if (!opened.ok) return endWith(batch, opened.error, ctx);
  const { opening, survey: asked, warnings } = opened.value;
  return asked
    ? beginSurvey(batch, { opening, survey: asked, warnings }, ctx)
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

type Asked = {
  readonly opening: Opening;
  readonly survey: Survey;
  readonly warnings: readonly RowProblem[];
};

async function beginSurvey(
  batch: IntakeBatch,
  { opening, survey: asked, warnings }: Asked,
  ctx: IntakeContext,
): Promise<Next> {
  const tally = newTally();
  const kept = countProblems(tally, warnings);
  const state: IntakeState = { phase: "survey", opening, survey: asked, listed: tally.listed };
  const move = moveIntake(batch, {
    to: { ...opening.rows, state: JSON.stringify(state) },
    add: { ...tally },
    now: ctx.now(),
  });
  return goIf(await recordStep(ctx.db, insertRowErrors(batch.id, kept), move));
}

/** One slice of looking at cells, or at the keys of JSON, whose names alone do not say what they are. */
export async function survey(
  batch: IntakeBatch,
  state: StateOf<"survey">,
  ctx: IntakeContext,
): Promise<Next> {
  const source = await openR2(ctx.bucket, batch.sourceKey);
  if (source === null) return endWith(batch, [fileGone()], ctx);
  const rows = clipped(source, state.opening.end);
  let { survey: seen } = state;
  let at = { offset: batch.place.offset, line: batch.place.line };
  for await (const piece of readSlice(rows, at, state.opening.dialect)) {
    seen = look(seen, piece.records);
    at = piece.next;
  }
  if (at.offset >= rows.size || isOver(seen)) {
    return beginRows(batch, settle(state.opening, seen), [], state.listed, ctx);
  }
  const next = { ...at, state: JSON.stringify({ ...state, survey: seen }) };
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
  const state: IntakeState = {
    phase: "parse",
    opening,
    listed: tally.listed,
    spellings: {},
    sum: { media: 0, bytes: 0 },
  };
  const move = moveIntake(batch, {
    to: { ...opening.rows, state: JSON.stringify(state) },
    add: { ...tally },
    mapping: plan,
    now: ctx.now(),
  });
  return goIf(await recordStep(ctx.db, insertRowErrors(batch.id, kept), move));
}
