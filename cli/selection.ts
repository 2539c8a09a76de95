/** Which dead letters a command is about: the options that replay and discard share, and the filter they make. */
import type { Command } from "commander";
import type { DeadLetterSelection } from "../shared/api/contract.ts";
import { type Fault, usageFault } from "./failure.ts";
import { isoTime, repeated, text, wholeNumber } from "./options.ts";

export type SelectionOptions = {
  batch?: string;
  step?: string;
  code?: string;
  group?: string;
  httpStatus?: number;
  host?: string;
  line?: number;
  since?: string;
  until?: string;
  q?: string;
  job?: string[];
};

export const withSelection = (command: Command): Command =>
  command
    .option("--batch <batch>", "only this batch", text)
    .option("--group <fingerprint>", "only this cause, as `dead-letters --group` shows it", text)
    .option("--code <code>", "only this reason, such as media.not_found", text)
    .option("--step <step>", "only this step, such as upload-asset", text)
    .option("--http-status <n>", "only this HTTP status", wholeNumber(100))
    .option("--host <host>", "only this host", text)
    .option("--line <n>", "only this line of the file", wholeNumber(1))
    .option("--since <time>", "not before, such as 2026-11-23T10:00:00Z", isoTime)
    .option("--until <time>", "before", isoTime)
    .option("--q <text>", "only with this text in message, name, code or token id", text)
    .option("--job <id>", "only this job, bat_…:17; may be given many times", repeated);

/** Without any part: null, because to take all there are must be said and not forgotten. */
export function selectionOf(options: SelectionOptions): DeadLetterSelection | null {
  const { batch, step, code, group, httpStatus, host, line, since, until, q, job } = options;
  const filter = {
    ...(batch === undefined ? {} : { batchId: batch }),
    ...(step === undefined ? {} : { step }),
    ...(code === undefined ? {} : { code }),
    ...(group === undefined ? {} : { fingerprint: group }),
    ...(httpStatus === undefined ? {} : { httpStatus }),
    ...(host === undefined ? {} : { host }),
    ...(line === undefined ? {} : { line }),
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
    ...(q === undefined ? {} : { q }),
    ...(job === undefined ? {} : { jobIds: job }),
  };
  return Object.keys(filter).length > 0 ? filter : null;
}

/** @param what the verb, in the sentence of what to type next. */
export const selectionRequired = (what: string, typed: (subcommand: string) => string): Fault =>
  usageFault(
    "cli.filter_required",
    "Expected at least one of --batch, --group, --code, --step, --http-status, --host, --line, --since, --until, --q and --job, got none.",
    `See what there is with \`${typed("dead-letters --group")}\`, then say which of it to ${what}.`,
  );
