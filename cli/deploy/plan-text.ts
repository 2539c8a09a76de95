/** What a deploy says before it acts: the plan, the bundles, what the account's plan carries, what it costs. Pure. */
import { KB } from "../../shared/limits.ts";
import { FREE_PLAN_TEXT, type WorkersPlan } from "../../shared/plans.ts";
import type { Terminal } from "../terminal.ts";
import type { Bundle } from "./bundle.ts";
import { WORKERS } from "./committed.ts";
import type { Wanted } from "./complete.ts";
import { costNotes, costTable, MILLION_JOBS } from "./cost.ts";
import type { Step } from "./plan.ts";
import { MONTHLY_DOLLARS } from "./prices.ts";
import { REQUIRED_SECRETS } from "./secrets.ts";

export function tellPlan(
  terminal: Terminal,
  wanted: Wanted,
  steps: readonly Step[],
  comparedWith: string,
): void {
  terminal.say(`Plan for ${wanted.environment}, ${comparedWith}:`);
  terminal.table(
    steps.map(({ verb, thing, name, detail }, at) => [`  ${at + 1}`, verb, thing, name, detail]),
  );
  terminal.say(
    "     Durable Object UpstreamGate comes and goes with the consumer.",
    `     secrets: consumer ${REQUIRED_SECRETS.consumer.join(", ")}; producer ${REQUIRED_SECRETS.producer.join(", ")} (only what is missing is asked for)`,
    "     then: doctor, against the deployed producer",
    "",
    "Variables:",
  );
  for (const id of WORKERS) {
    const vars = Object.entries(wanted.workers[id].config.vars).map(
      ([name, value]) => `${name}=${String(value)}`,
    );
    terminal.say(`  ${id}: ${vars.join(" ")}`);
  }
}

export function tellBundles(terminal: Terminal, bundles: readonly Bundle[]): void {
  terminal.say("", "Bundles:");
  terminal.table(
    bundles.map(({ worker, rawBytes, gzipBytes }) => [
      `  ${worker}`,
      kilobytes(rawBytes),
      `gzip ${kilobytes(gzipBytes)}`,
    ]),
  );
}

/** @param known the account's plan; null: it could not be read; undefined: no account was asked */
export function tellCosts(
  terminal: Terminal,
  chosen: WorkersPlan,
  known: WorkersPlan | null | undefined,
): void {
  const account =
    known === undefined
      ? "no account was asked"
      : known === null
        ? "the account's plan could not be read, and Free refuses what is configured for Paid"
        : `the account is on Workers ${known === "free" ? "Free" : "Paid"}`;
  terminal.say(
    "",
    `What the plan carries (configured for Workers ${chosen === "free" ? "Free" : "Paid"}; ${account}):`,
    `  ${FREE_PLAN_TEXT}`,
    `  Otherwise Workers Paid, $${MONTHLY_DOLLARS} a month: ten jobs a delivery, messages kept for 14 days, no daily limit.`,
    "",
    "What a million tokens cost on Workers Paid, itemised:",
  );
  terminal.table(costTable(MILLION_JOBS).map(([first = "", ...rest]) => [`  ${first}`, ...rest]));
  terminal.say(...costNotes(MILLION_JOBS).map((note) => `  ${note}`), "");
}

const kilobytes = (bytes: number): string =>
  `${(bytes / KB).toLocaleString("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 })} kB`;
