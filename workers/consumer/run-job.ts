/** One job of a delivery, top to bottom: run its steps, decide, say what is to be recorded. */
import { type AttemptRecord, type JobError, NO_OUTPUTS } from "../../shared/job/job.ts";
import { decide, type RunOutcome, type Verdict } from "../../shared/job/verdict.ts";
import type { ClaimedJob } from "../../shared/store/claim.ts";
import type { Halt, Settlement } from "../../shared/store/settle.ts";
import type { ConsumerContext } from "./context.ts";
import type { Delivery } from "./delivery.ts";
import { runSteps } from "./steps/index.ts";
import { type Run, startRun } from "./steps/run.ts";

/** Everything that a settle needs to know of one job. */
export type JobResult = {
  readonly settlement: Settlement;
  readonly verdict: Verdict;
  readonly halt: Halt | null;
};

/** The newest attempts that are kept on a job: waiting can go on for days, a row in D1 ends at 2 MB. */
const ATTEMPTS_KEPT = 30;

export async function runJob(job: ClaimedJob, delivery: Delivery, ctx: ConsumerContext): Promise<JobResult> {
  const run = startRun(ctx, delivery, job);
  const outcome = blameHost(await runSteps(run), delivery);
  const { maxAttempts } = ctx.config;
  const verdict = decide(outcome, {
    attempt: job.attempt,
    maxAttempts,
    now: ctx.now(),
    random: ctx.random,
  });
  if (verdict.kind === "halt") delivery.stopBatch(job.batchId);
  return { settlement: toSettlement(run, outcome, verdict, ctx.now()), verdict, halt: toHalt(job, verdict) };
}

/**
 * Which failure is the call's and which the host's shows only beside the other calls: where nobody gets an answer,
 * the job has not failed. Said here, at the end, and not where a call fails: within a run its outcome stays unknown,
 * and what may have been sent must be remembered as such.
 */
function blameHost(outcome: RunOutcome, delivery: Delivery): RunOutcome {
  if (outcome.kind !== "failed" || outcome.failure.reason !== "outcome_unknown") return outcome;
  if (!delivery.pass.isDown()) return outcome;
  return { ...outcome, failure: { ...outcome.failure, reason: "upstream_down" } };
}

/** A job that was never started: its delivery ran out of time. */
export function putDown(job: ClaimedJob): JobResult {
  const { batchId, line, attempt, outputs, attempts } = job;
  const untouched = { step: null, scheduledAt: null, outcome: null, error: null, evidence: null };
  return {
    settlement: { batchId, line, state: "pending", attempt, outputs, attempts, ...untouched },
    verdict: { kind: "release" },
    halt: null,
  };
}

const STATE = {
  complete: "completed",
  retry: "retryable",
  snooze: "snoozed",
  bury: "dead",
  halt: "pending",
  hold: "pending",
  release: "pending",
} as const satisfies Record<Verdict["kind"], Settlement["state"]>;

/** Waiting, stopping and crashing cost no attempt. */
const COSTS_ATTEMPT: readonly Verdict["kind"][] = ["complete", "retry", "bury"];

function toSettlement(run: Run, outcome: RunOutcome, verdict: Verdict, endedAt: number): Settlement {
  const { job } = run;
  const costs = COSTS_ATTEMPT.includes(verdict.kind) ? 1 : 0;
  return {
    batchId: job.batchId,
    line: job.line,
    state: STATE[verdict.kind],
    attempt: job.attempt + costs,
    step: outcome.kind === "failed" ? outcome.step : (run.records.at(-1)?.step ?? null),
    outputs: run.outputs,
    attempts: withRecord(run, verdict, endedAt),
    scheduledAt: verdict.kind === "retry" ? verdict.at : verdict.kind === "snooze" ? verdict.until : null,
    outcome: verdict.kind === "complete" ? verdict.outcome : null,
    error: errorOf(verdict),
    evidence: verdict.kind === "bury" ? verdict.evidence : null,
    ...(job.batch.kind === "submit" ? {} : ofFollowUp(run, verdict)),
  };
}

/** A row that was left alone says nothing of the token any more: that is another job's now. */
function ofFollowUp({ job, drifts }: Run, verdict: Verdict): Partial<Settlement> {
  const { supersededBy, batch } = job;
  if (verdict.kind !== "complete") return { kind: batch.kind };
  return { kind: batch.kind, drifts, supersededBy, ...(supersededBy !== null && { outputs: NO_OUTPUTS }) };
}

const errorOf = (verdict: Verdict): JobError | null => ("error" in verdict ? verdict.error : null);

const RECORDED = {
  complete: "completed",
  retry: "retryable",
  snooze: "snoozed",
  bury: "dead",
  halt: "halted",
  hold: "released",
  release: "released",
} as const satisfies Record<Verdict["kind"], AttemptRecord["outcome"]>;

function withRecord(run: Run, verdict: Verdict, endedAt: number): AttemptRecord[] {
  const record: AttemptRecord = {
    attempt: run.job.attempt + 1,
    startedAt: run.startedAt,
    endedAt,
    outcome: RECORDED[verdict.kind],
    steps: run.records,
    error: errorOf(verdict),
  };
  return [...run.job.attempts, record].slice(-ATTEMPTS_KEPT);
}

const toHalt = (job: ClaimedJob, verdict: Verdict): Halt | null =>
  verdict.kind === "halt"
    ? { batchId: job.batchId, runEpoch: job.batch.runEpoch, halted: verdict.halted }
    : null;
