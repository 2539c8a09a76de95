/** A batch in words: four counts instead of eight, and what it waits for in place of the time left. No I/O. */
import type { Batch, Plan, RowProblem } from "../shared/api/contract.ts";
import { openJobs } from "../shared/job/batch.ts";
import { MB } from "../shared/limits.ts";
import { EXIT, type ExitCode } from "./failure.ts";

/** A follow-up has its source's name; what it does to those rows is what tells them apart. */
export const titleOf = ({ kind, name }: Batch): string => (kind === "submit" ? name : `${kind} of ${name}`);

/** The four counts that people see; `--json` has all eight. */
export const fourCounts = ({ jobs }: Batch) => ({
  waiting: openJobs(jobs) - jobs.running,
  running: jobs.running,
  done: jobs.completed,
  failed: jobs.dead,
});

export function countsText(batch: Batch): string {
  const { waiting, running, done, failed } = fourCounts(batch);
  const cancelled = batch.jobs.cancelled > 0 ? [`${batch.jobs.cancelled} cancelled`] : [];
  return [`${waiting} waiting`, `${running} running`, `${done} done`, `${failed} failed`, ...cancelled].join(
    ", ",
  );
}

/** One line that says where a batch stands; beside a bar and, when piped, alone. */
export function progressText(batch: Batch): string {
  switch (batch.state) {
    case "receiving":
      return "receiving the file";
    case "validating":
      return `validating: ${batch.rows.total} rows read, ${batch.rows.invalid} invalid`;
    case "running":
      return `${countsText(batch)} · ${waitingText(batch) ?? paceText(batch)}`;
    default:
      return countsText(batch);
  }
}

/** How many of the bar's steps are done: jobs in a final state. */
export const finishedJobs = ({ jobs }: Batch): number => jobs.completed + jobs.dead + jobs.cancelled;

function waitingText({ waiting }: Batch): string | null {
  if (!waiting) return null;
  const host = waiting.host ? ` ${waiting.host}` : "";
  const until = waiting.until ? ` until ${clockTime(waiting.until)}` : "";
  return `waits (${waiting.reason}${host}${until}): ${waiting.message}`;
}

function paceText({ ratePerSecond, etaSeconds }: Batch): string {
  const pace = ratePerSecond > 0 ? `${ratePerSecond.toFixed(1)}/s` : "starting";
  return etaSeconds === null || etaSeconds <= 0 ? pace : `${pace}, ${durationText(etaSeconds)} left`;
}

/** The first line of a batch's end. */
export function endText(batch: Batch): string {
  const { created, updated, unchanged } = batch.outcomes;
  switch (batch.state) {
    case "invalid":
      return `invalid: nothing was run${batch.rows.invalid > 0 ? `; ${plural(batch.rows.invalid, "row")} of ${batch.rows.total} cannot be used` : ""}`;
    case "planned":
      return `planned: nothing was run; ${plural(batch.rows.valid, "valid row")}, ${batch.rows.invalid} invalid`;
    case "finished":
      if (batch.kind !== "submit") return followUpText({ ...batch, kind: batch.kind });
      return `finished: ${batch.jobs.completed} done (${created} created, ${updated} updated, ${unchanged} unchanged), ${batch.jobs.dead} failed${leftOutText(batch)}`;
    default:
      return `${batch.state}: ${countsText(batch)}${leftOutText(batch)}`;
  }
}

const VERB = {
  publish: "published: TOKENS made public",
  unpublish: "unpublished: TOKENS made private",
  verify: "verified: TOKENS read back",
} as const;

/** The first line of a finished follow-up. */
export function followUpText(batch: Batch & { kind: keyof typeof VERB }): string {
  const { completed, dead } = batch.jobs;
  const { updated, unchanged } = batch.outcomes;
  const left = batch.warnings;
  const reached = batch.kind === "verify" ? completed - left : updated;
  const parts = [VERB[batch.kind].replace("TOKENS", plural(reached, "token"))];
  if (batch.kind !== "verify") parts.push(`${unchanged - left} already so`);
  if (left > 0) parts.push(`${left} left to a later batch`);
  if (batch.kind === "verify") parts.push(plural(batch.drifts, "drift"));
  return [...parts, `${dead} failed`].join(", ");
}

const leftOutText = ({ rows }: Batch): string =>
  rows.invalid > 0 ? `, ${plural(rows.invalid, "invalid row")} left out` : "";

export const planText = (plan: Plan): string[] => [
  `plan: ${plan.create} to create, ${plan.update} to update, ${plan.unchanged} unchanged, ${plan.conflict} in conflict`,
  `      ${plan.calls} calls to Sequence, ${(plan.bytes / MB).toFixed(1)} MB of media, about ${durationText(plan.seconds)}`,
];

/** The message holds the value already. What concerns no one line or column (a collection that is gone) names none. */
export function rowProblemText({ line, column, severity, code, message, next }: RowProblem): string[] {
  const place = [...(line > 0 ? [`line ${line}`] : []), ...(column === "" ? [] : [column])].join(", ");
  return [`  ${place === "" ? "" : `${place}: `}${severity} ${code}: ${message}`, `    next: ${next}`];
}

/** What `status`, `watch` and `submit --watch` exit with. Open jobs are no fault. */
export function exitForBatch(batch: Batch): ExitCode {
  // A halt is the account's doing: a key refused, a collection gone. The rows are as good as they were.
  if (batch.state === "halted") return EXIT.unreachable;
  const bad = batch.jobs.dead + batch.jobs.cancelled + batch.rows.invalid + batch.drifts;
  return bad > 0 || batch.state === "invalid" || batch.state === "cancelled" ? EXIT.rows : EXIT.good;
}

export const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;

export function durationText(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  if (seconds < 90 * 60) return `${Math.ceil(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

const clockTime = (iso: string): string => `${iso.slice(11, 19)} UTC`;
