/** How a run may end, by the verdict that the consumer would ask for, and how that goes into a settle. */
import * as fc from "fast-check";
import type { Waiting } from "../../../../shared/job/batch.ts";
import type { FailureReason } from "../../../../shared/job/failure.ts";
import { type AttemptRecord, type JobKey, type JobOutputs, NO_OUTPUTS } from "../../../../shared/job/job.ts";
import { decide, type RunOutcome, type Verdict } from "../../../../shared/job/verdict.ts";
import type { Settlement as StoreSettlement } from "../../../../shared/store/settle.ts";
import { settlement } from "../../../support/store.ts";
import type { Claimed, Settlement } from "./moves.ts";
import type { Done } from "./state.ts";

export const MAX_ATTEMPTS = 3;

/** What a run met, and how far it had come by then. */
export type Ending = {
  readonly how: "completed" | "stopped" | FailureReason;
  readonly retryAfterSeconds: number | null;
  readonly reached: "nothing" | "sent" | "made" | "uploaded";
};

export const endings: fc.Arbitrary<Ending> = fc.record({
  how: fc.oneof(
    { weight: 4, arbitrary: fc.constant("completed" as const) },
    { weight: 2, arbitrary: fc.constant("stopped" as const) },
    { weight: 3, arbitrary: fc.constant("outcome_unknown" as const) },
    { weight: 3, arbitrary: fc.constantFrom("rate_limited" as const, "media_waiting" as const) },
    { weight: 3, arbitrary: fc.constantFrom("invalid" as const, "media_refused" as const) },
    { weight: 2, arbitrary: fc.constant("account" as const) },
  ),
  retryAfterSeconds: fc.constantFrom(null, 1, 90),
  reached: fc.constantFrom("nothing", "sent", "made", "uploaded"),
});

export function judge(held: Claimed, { how, retryAfterSeconds }: Ending, now: number): Verdict {
  const context = { attempt: held.attempt, maxAttempts: MAX_ATTEMPTS, now, random: () => 0.5 };
  return decide(toOutcome(how, retryAfterSeconds), context);
}

function toOutcome(how: Ending["how"], retryAfterSeconds: number | null): RunOutcome {
  if (how === "completed") return { kind: "completed", outcome: "created" };
  if (how === "stopped") return { kind: "stopped" };
  const told = { code: `test.${how}`, message: "m", next: "n", httpStatus: 500 };
  return {
    kind: "failed",
    step: "create-token",
    failure: { reason: how, ...told, retryAfterSeconds, evidence: null },
  };
}

/** Waiting, stopping and halting cost no attempt; nothing that a job had achieved is ever forgotten by a run. */
export function toSettlement(held: Claimed, verdict: Verdict, reached: Ending["reached"]): Settlement {
  const { state, attempts, due } = becomes(verdict);
  return {
    job: held.job,
    state,
    attempt: held.attempt + attempts,
    records: held.records + 1,
    due,
    outcome: verdict.kind === "complete" ? verdict.outcome : null,
    done: verdict.kind === "complete" ? reachedBy(held.done, "uploaded") : reachedBy(held.done, reached),
  };
}

function becomes(verdict: Verdict): { state: Settlement["state"]; attempts: 0 | 1; due: number | null } {
  switch (verdict.kind) {
    case "complete":
      return { state: "completed", attempts: 1, due: null };
    case "bury":
      return { state: "dead", attempts: 1, due: null };
    case "retry":
      return { state: "retryable", attempts: 1, due: verdict.at };
    case "snooze":
      return { state: "snoozed", attempts: 0, due: verdict.until };
    default:
      return { state: "pending", attempts: 0, due: null };
  }
}

const reachedBy = (done: Done, reached: Ending["reached"]): Done => ({
  made: done.made || reached === "made" || reached === "uploaded",
  sent: done.sent || reached === "sent",
  asset: reached === "uploaded" ? "uploaded" : done.asset,
});

/** The settlement as the store takes it. */
export const toStore = (key: JobKey, one: Settlement): StoreSettlement =>
  settlement(key, {
    state: one.state,
    attempt: one.attempt,
    outputs: toOutputs(one.done),
    attempts: Array.from({ length: one.records }, () => RECORD),
    scheduledAt: one.due,
    outcome: one.outcome,
    error: one.state === "completed" ? null : ERROR,
  });

const toOutputs = ({ made, sent, asset }: Done): JobOutputs => ({
  ...NO_OUTPUTS,
  token: made ? "created" : null,
  sent,
  assets: asset === "none" ? [] : [asset === "unsure" ? UNSURE : UPLOADED],
});

const UNSURE = { field: "image", id: 7, url: null, sha256: null, bytes: null, contentType: null } as const;
const UPLOADED = { ...UNSURE, url: "u", sha256: "s", bytes: 1, contentType: "image/png" } as const;
const ERROR = {
  step: "create-token",
  code: "test.error",
  message: "m",
  next: "n",
  httpStatus: 500,
  retryable: false,
} as const;
/** What a record says is of no interest here, only that there is one a run. */
const RECORD: AttemptRecord = {
  attempt: 1,
  startedAt: 1,
  endedAt: 2,
  outcome: "released",
  steps: [],
  error: null,
};

/** What the batches of snoozed jobs are said to wait for. */
export const toWaiting = (settlements: readonly Settlement[], now: number): Map<string, Waiting> =>
  new Map(
    settlements
      .filter(({ state }) => state === "snoozed")
      .map(({ job, due }) => [
        job.slice(0, job.indexOf(":")),
        { reason: "rate_limited", host: "h", since: now, until: due, message: "m" },
      ]),
  );
