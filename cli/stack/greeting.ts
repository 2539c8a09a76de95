/** What `npm start` says before `ready`: where things are, what it leaves alone, and what the doctor found. */
import { setTimeout as wait } from "node:timers/promises";
import { createClient } from "../../shared/api/client.ts";
import type { Finding } from "../../shared/api/contract.ts";
import { doctorWithinMs } from "./limits.ts";
import type { LeftAlone } from "./local-d1.ts";
import type { Environment, Settings } from "./settings.ts";
import type { Running } from "./stack.ts";

export async function greeting(
  running: Running,
  settings: Settings,
  environment: Environment,
): Promise<string[]> {
  return [
    ...addressLines(running, settings),
    ...leftAloneLines(running.target, running.leftAlone),
    ...(settings.usesEmulator ? [] : await doctorLines(running.url, doctorToken(settings, environment))),
  ];
}

function addressLines({ url, emulatorUrl, target, state }: Running, settings: Settings): string[] {
  const token = settings.variables.API_TOKENS === undefined ? "token: local" : "tokens: as in API_TOKENS";
  return [
    `API       ${url}  (${token})`,
    ...(emulatorUrl === null ? [] : [`emulator  ${emulatorUrl}/  (what is published there)`]),
    `target    ${target}`,
    `state     ${state.root}  (logs in log/)`,
  ];
}

function leftAloneLines(target: string, others: LeftAlone): string[] {
  return others.map(
    ({ target: other, batches }) =>
      `left alone: ${batches} unfinished ${batches === 1 ? "batch" : "batches"} of ${other}; this start runs only those of ${target}`,
  );
}

/** The word `local` opens the API only while no tokens are configured, and of those only hashes are known here. */
function doctorToken(settings: Settings, { MINTLINE_TOKEN }: Environment): string | null {
  return settings.variables.API_TOKENS === undefined ? "local" : (MINTLINE_TOKEN ?? null);
}

async function doctorLines(url: string, token: string | null): Promise<string[]> {
  if (token === null) {
    return ["doctor: set MINTLINE_TOKEN to an admin token of yours and type `npx --no mintline doctor`"];
  }
  const report = await Promise.race([createClient({ url, token }).doctor(), wait(doctorWithinMs, null)]);
  if (report === null) {
    return ["doctor: no answer yet, METADATA_URL is slow; type `npx --no mintline doctor` later"];
  }
  if (!report.ok) {
    const { error } = report;
    return [
      `doctor: ${error.reason === "refused" ? `${error.problem.detail} ${error.problem.next}` : error.message}`,
    ];
  }
  return findingLines(report.value.findings);
}

/** As `mintline doctor` shows them. */
const MARKS = { ok: "ok     ", warning: "warning", error: "ERROR  " } as const;

const findingLines = (findings: readonly Finding[]): string[] =>
  findings.flatMap(({ severity, check, message, next }) => [
    `${MARKS[severity]}  ${check}: ${message}`,
    ...(next === null ? [] : [`         next: ${next}`]),
  ]);
