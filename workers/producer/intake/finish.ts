/** The end of intake: the batch runs, waits for its start, or has nothing to do. */
import { countJobs, finishIntake, type IntakeBatch, recordStep } from "../../../shared/store/intake.ts";
import { forecastJobs } from "../../../shared/store/intake-tokens.ts";
import { endIf, type IntakeContext, type Next } from "./context.ts";
import { planOf } from "./plan.ts";

export async function finish(batch: IntakeBatch, ctx: IntakeContext): Promise<Next> {
  const { options } = batch;
  const { jobs, unchanged } = await countJobs(ctx.db, batch);
  if (jobs !== batch.rows.valid) {
    ctx.log.error("intake.miscounted", { batchId: batch.id, jobs, valid: batch.rows.valid });
  }
  const plan = options.dryRun
    ? planOf(await forecastJobs(ctx.db, batch), options, ctx.config.maxCallsPerSecond)
    : null;
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
