/**
 * Asks the gate of Sequence before anything is claimed: what may not start now costs no claim, no lease and no
 * attempt, and its message goes.
 */
import type { BatchKind } from "../../shared/job/batch.ts";
import { type JobKey, jobId } from "../../shared/job/job.ts";
import { putBackJobs } from "../../shared/store/release.ts";
import type { ConsumerContext } from "./context.ts";
import { sequenceGate, stepUp } from "./gate/open-gate.ts";
import { createPass, type GateSession, type Pass } from "./gate/pass.ts";
import { keepHold } from "./hold.ts";
import type { Delivered, DeliveredJob } from "./messages.ts";

/** What may start, and through which pass. */
export type Admitted = { readonly pass: Pass; readonly keys: readonly JobKey[] };

/**
 * Sequence calls of a job without faults and with one picture. What more is needed is asked for then; what is asked for
 * and not used is time on which nobody calls. A verify reads the token, its picture, and what everybody sees of it.
 */
const CALLS_OF_A_JOB: Readonly<Record<BatchKind, number>> = {
  submit: 4,
  publish: 1,
  unpublish: 1,
  verify: 3,
};

/** While the gate cannot be asked nobody knows whether the ceiling holds, so nothing is started. */
const GATE_UNREACHABLE_SECONDS = 5;

/** @returns null: nothing may start, and every message has been answered. */
export async function admit(delivered: Delivered, ctx: ConsumerContext): Promise<Admitted | null> {
  const jobs = [...delivered.byJob.values()];
  const calls = jobs.reduce((sum, { kind }) => sum + CALLS_OF_A_JOB[kind], 0);
  const session = await enter(calls, ctx);
  if (session === null) {
    for (const { message } of jobs) message.retry({ delaySeconds: GATE_UNREACHABLE_SECONDS });
    return null;
  }
  const { answer } = session;
  if (answer.kind === "shut") {
    session.end();
    await keepHold(answer, ctx);
    await sendAway(jobs, ctx);
    return null;
  }
  const admitted = answer.kind === "probe" ? jobs.slice(0, 1) : jobs;
  if (admitted.length < jobs.length) await sendAway(jobs.slice(1), ctx);
  const options = { calls, quota: ctx.quota, now: ctx.now };
  return { pass: createPass(session, options), keys: admitted.map(({ key }) => key) };
}

async function enter(calls: number, ctx: ConsumerContext): Promise<GateSession | null> {
  try {
    return await stepUp(ctx, sequenceGate(ctx.config.target), {
      calls,
      ceiling: ctx.config.maxCallsPerSecond,
      report: null,
    });
  } catch (error) {
    ctx.log.error("gate.unreachable", { error: String(error) });
    return null;
  }
}

/**
 * Back to `pending`, where dispatch finds them when the hold is over. What is not put back is running or final, so
 * its message may go as well.
 */
async function sendAway(jobs: readonly DeliveredJob[], ctx: ConsumerContext): Promise<void> {
  const keys = jobs.map(({ key }) => key);
  try {
    const given = { keys, target: ctx.config.target, now: ctx.now(), onlyStopped: false };
    const back = await putBackJobs(ctx.db, given);
    ctx.log.info("delivery.sent_away", { jobs: jobs.length, back: back.map(jobId).length });
    for (const { message } of jobs) message.ack();
  } catch (error) {
    ctx.log.error("delivery.send_away_failed", { jobs: jobs.length, error: String(error) });
    for (const { message } of jobs) message.retry({ delaySeconds: GATE_UNREACHABLE_SECONDS });
  }
}
