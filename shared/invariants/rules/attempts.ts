/** Attempts are runs that ended in a verdict: waiting, stopping and crashing cost none. Pure. */
import type { AttemptRecord } from "../../job/job.ts";
import type { Facts, JobFact } from "../facts.ts";
import type { Indexed } from "../index-facts.ts";
import { type Violation, violation } from "../violation.ts";
import { isInOutage, isOfAccount, isWait } from "./waiting.ts";

const COSTS = new Set<AttemptRecord["outcome"]>(["completed", "retryable", "dead"]);

/** A job keeps its newest records only (`ATTEMPTS_KEPT` of the consumer); beyond them nothing can be said. */
const RECORDS_KEPT = 30;

/** Within so long of its beginning nobody can know that it is an outage and not this row's bad luck. */
const OUTAGE_GRACE_MS = 10_000;

export const burntAttempts = (index: Indexed): Violation[] =>
  index.store.jobs.flatMap((job) =>
    [...tooMany(job, index.maxAttempts), ...uncounted(job), ...forNothing(job, index)].map((message) =>
      violation("attempt.burnt", { batchId: job.batchId, line: job.line }, message),
    ),
  );

const tooMany = ({ attempt }: JobFact, maxAttempts: number): string[] =>
  attempt > maxAttempts ? [`expected at most ${maxAttempts} attempts, found ${attempt}`] : [];

/** The number against the records: counted back from the newest, each attempt that cost one is there once. */
function uncounted({ attempt, attempts, error }: JobFact): string[] {
  if (error?.code === "job.unwritable") return [];
  const counted = attempts.filter(({ outcome }) => COSTS.has(outcome)).map((record) => record.attempt);
  let expected = attempt;
  while (expected > 0 && counted.at(-1) === expected) {
    counted.pop();
    expected -= 1;
  }
  const isCut = attempts.length >= RECORDS_KEPT && counted.length === 0;
  if (expected === 0 || isCut) return [];
  const told = attempts.map((record) => `${record.attempt} ${record.outcome}`).join(", ") || "none";
  return [`attempt is ${attempt}, but the runs on record are: ${told}`];
}

function forNothing({ attempts }: JobFact, { outages = [] }: Facts): string[] {
  return attempts.flatMap(({ attempt, outcome, error, endedAt }) => {
    if (!COSTS.has(outcome) || error === null) return [];
    const what = `attempt ${attempt} was counted for ${error.code} (HTTP ${error.httpStatus ?? "none"})`;
    if (isWait(error)) return [`${what}, which only asked to wait`];
    if (isOfAccount(error)) return [`${what}, which is the account's fault`];
    return isInOutage(error, endedAt, outages, OUTAGE_GRACE_MS) ? [`${what} in the midst of an outage`] : [];
  });
}
