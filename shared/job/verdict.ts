/**
 * What becomes of a job after a run: the table of design §6 as one pure function.
 * No I/O. No clock, no dice: both are handed in.
 */
import { backoffSeconds } from "./backoff.ts";
import type { Halted } from "./batch.ts";
import type { Evidence, Failure, FailureReason } from "./failure.ts";
import type { JobError, JobOutcome, Step } from "./job.ts";

/** How a run ended. `stopped`: put down between two steps because somebody or something asked us to. */
export type RunOutcome =
  | { readonly kind: "completed"; readonly outcome: JobOutcome }
  | { readonly kind: "failed"; readonly step: Step; readonly failure: Failure }
  | { readonly kind: "stopped" };

export type Verdict =
  | { readonly kind: "complete"; readonly outcome: JobOutcome }
  | { readonly kind: "retry"; readonly at: number; readonly error: JobError }
  | {
      readonly kind: "snooze";
      readonly until: number;
      readonly error: JobError;
      /** Null: only this job waits, for the end of its own lost run. */
      readonly reason: "rate_limited" | "media_host_down" | null;
      readonly host: string | null;
    }
  | { readonly kind: "bury"; readonly error: JobError; readonly evidence: Evidence | null }
  | { readonly kind: "halt"; readonly halted: Halted; readonly error: JobError }
  /** Nothing can be done for any job just now: put back, at no cost, until Sequence answers again. */
  | { readonly kind: "hold"; readonly error: JobError }
  | { readonly kind: "release" };

export type VerdictContext = {
  /** Attempts of the job that ended in a verdict before this one. */
  readonly attempt: number;
  readonly maxAttempts: number;
  readonly now: number;
  readonly random: () => number;
};

/** Where nobody names a time: long enough that a limit per second has passed, short enough to lose little. */
const SNOOZE_SECONDS = 5;

/**
 * A wait that somebody else dictates has bounds: a `Retry-After` of a year would lose the row, and one of 0 would
 * send the job round at the price of a call each time, for as long as the other side likes.
 */
const DICTATED_SECONDS = { min: 1, max: 3_600 } as const;
const dictated = (seconds: number): number =>
  Math.min(Math.max(seconds, DICTATED_SECONDS.min), DICTATED_SECONDS.max);

type Disposition = "retry" | "snooze" | "bury" | "halt" | "hold";

/** One line a reason; the compiler asks for a new line when a reason is added. */
const DISPOSITION: Record<FailureReason, Disposition> = {
  rate_limited: "snooze",
  media_waiting: "snooze",
  too_early: "snooze",
  outcome_unknown: "retry",
  upstream_down: "hold",
  conflict: "retry",
  media_unavailable: "retry",
  unnamed: "retry",
  invalid: "bury",
  not_found: "bury",
  token_exists: "bury",
  media_refused: "bury",
  account: "halt",
};

/** What a snoozed job tells its batch that it waits for. */
const AWAITED: { readonly [reason in FailureReason]?: "rate_limited" | "media_host_down" } = {
  rate_limited: "rate_limited",
  media_waiting: "media_host_down",
};

export function decide(run: RunOutcome, context: VerdictContext): Verdict {
  if (run.kind === "completed") return { kind: "complete", outcome: run.outcome };
  if (run.kind === "stopped") return { kind: "release" };
  return decideFailure(run.step, run.failure, context);
}

function decideFailure(step: Step, failure: Failure, context: VerdictContext): Verdict {
  const disposition = DISPOSITION[failure.reason];
  const attempt = context.attempt + 1;
  switch (disposition) {
    case "snooze": {
      const seconds = dictated(failure.retryAfterSeconds ?? SNOOZE_SECONDS);
      return {
        kind: "snooze",
        until: context.now + Math.ceil(seconds * 1000 * (1 + 0.1 * context.random())),
        error: errorOf(step, failure, true),
        reason: AWAITED[failure.reason] ?? null,
        host: failure.evidence?.host ?? null,
      };
    }
    case "halt": {
      const { code, message, next } = failure;
      return { kind: "halt", halted: { code, message, next }, error: errorOf(step, failure, true) };
    }
    case "hold":
      return { kind: "hold", error: errorOf(step, failure, true) };
    case "bury":
      return { kind: "bury", error: errorOf(step, failure, false), evidence: failure.evidence };
    case "retry": {
      if (attempt >= context.maxAttempts) {
        return { kind: "bury", error: spent(step, failure, attempt), evidence: failure.evidence };
      }
      const waitMs = Math.max(
        backoffSeconds(attempt, context.random) * 1000,
        dictated(failure.retryAfterSeconds ?? 0) * 1000,
      );
      return { kind: "retry", at: context.now + Math.ceil(waitMs), error: errorOf(step, failure, true) };
    }
  }
}

const errorOf = (step: Step, failure: Failure, retryable: boolean): JobError => ({
  step,
  code: failure.code,
  message: failure.message,
  next: failure.next,
  httpStatus: failure.httpStatus,
  retryable,
});

const spent = (step: Step, failure: Failure, attempts: number): JobError => ({
  ...errorOf(step, failure, false),
  message: `${failure.message} (given up after ${attempts} attempt${attempts === 1 ? "" : "s"})`,
});
