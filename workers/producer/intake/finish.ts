/** The end of intake: the batch runs, waits for its start, or has nothing to do. */
import {
  countJobs,
  finishIntake,
  type IntakeBatch,
  type Lines,
  pagesOf,
  recordStep,
} from "../../../shared/store/intake.ts";
import { forecastJobs, isTouched } from "../../../shared/store/intake-tokens.ts";
import { letOthersFirst } from "../others-first.ts";
import { endIf, type IntakeContext, type Next } from "./context.ts";
import { planOf } from "./plan.ts";
import { readMediaSum } from "./state.ts";

export async function finish(batch: IntakeBatch, ctx: IntakeContext): Promise<Next> {
  const { options } = batch;
  const counts = await ofAllLines(batch, COUNTED_LINES, (lines) => countJobs(ctx.db, batch, lines));
  const jobs = counts.reduce((sum, page) => sum + page.jobs, 0);
  const unchanged = counts.reduce((sum, page) => sum + page.unchanged, 0);
  if (jobs !== batch.rows.valid) {
    ctx.log.error("intake.miscounted", { batchId: batch.id, jobs, valid: batch.rows.valid });
  }
  const plan = options.dryRun ? await forecast(batch, ctx) : null;
  const state = options.dryRun ? "planned" : jobs === unchanged ? "finished" : "running";
  const end = finishIntake(batch, {
    now: ctx.now(),
    state,
    jobs,
    unchanged,
    trialLeft: options.dryRun ? null : options.first,
    plan: plan && JSON.stringify(plan),
  });
  return endIf(await recordStep(ctx.db, [], end), state === "running");
}

/** Of a collection that nobody has touched from here all is new, and its media were summed up as they were read. */
async function forecast(batch: IntakeBatch, ctx: IntakeContext) {
  const sum = readMediaSum(batch.place.state);
  if (sum && !(await isTouched(ctx.db, batch))) {
    const all = { kind: "create", jobs: batch.rows.valid, ...sum } as const;
    return planOf([all], batch.options, ctx.config.maxCallsPerSecond);
  }
  const pages = await ofAllLines(batch, FORECAST_LINES, (lines) => forecastJobs(ctx.db, batch, lines));
  return planOf(pages.flat(), batch.options, ctx.config.maxCallsPerSecond);
}

/** Each page is some ten milliseconds of D1: to count a row costs half a microsecond, to look what it has several. */
const COUNTED_LINES = 20_000;
const FORECAST_LINES = 4_000;

async function ofAllLines<T>(
  batch: IntakeBatch,
  linesOfPage: number,
  read: (lines: Lines) => Promise<T>,
): Promise<T[]> {
  const pages: T[] = [];
  for (const lines of pagesOf(batch, linesOfPage)) {
    pages.push(await read(lines));
    await letOthersFirst();
  }
  return pages;
}
