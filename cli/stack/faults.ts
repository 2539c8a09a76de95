/** Why a stack did not start or did not stay: what was expected, what was found, what to do next. */
import type { ConfigProblem } from "../../shared/config.ts";
import { type Child, lastLines } from "./child.ts";
import type { NotReady } from "./readiness.ts";

export type StackFault = {
  /** `start.…` */
  readonly code: string;
  readonly message: string;
  readonly next: string;
  /** The end of a log, or further problems, a line each. */
  readonly lines: readonly string[];
  /** 2: start it otherwise. 1: it started, and something broke. */
  readonly exitCode: 1 | 2;
};

export const portInUse = (port: number): StackFault => ({
  code: "start.port_in_use",
  message: `Port ${port} on 127.0.0.1 is in use (or not allowed), so the API cannot listen there.`,
  next: `Stop what listens there, or choose another: PORT=${port < 65_535 ? port + 100 : 8787} npm start.`,
  lines: [],
  exitCode: 2,
});

export const stateDirBusy = (root: string): StackFault => ({
  code: "start.state_dir_in_use",
  message: `Another stack is running on the state in ${root}.`,
  next: "Stop that one, or keep a second state elsewhere: STATE_DIR=.wrangler/other PORT=8887 npm start.",
  lines: [],
  exitCode: 2,
});

export const refusedConfig = (problems: readonly ConfigProblem[]): StackFault => ({
  code: "start.refused_config",
  message: `The configuration has ${problems.length === 1 ? "a problem" : `${problems.length} problems`}; nothing was started.`,
  next: "Correct what is listed, in .env or in the environment, and start again.",
  lines: problems.flatMap(({ code, message, next }) => [`${code}: ${message}`, `  next: ${next}`]),
  exitCode: 2,
});

export async function childDied(child: Child): Promise<StackFault> {
  const { code, signal } = await child.ended;
  const how = signal ? `by signal ${signal}` : `with exit code ${code ?? "none: it could not be started"}`;
  return {
    code: "start.child_ended",
    message: `The ${child.name} ended unasked, ${how}; everything else was stopped.`,
    next: `Read the end of its log below (all of it: ${child.logFile}); then start again: nothing acknowledged is lost.`,
    lines: await lastLines(child.logFile),
    exitCode: 1,
  };
}

export async function notReady(child: Child, found: NotReady): Promise<StackFault> {
  if (found.reason === "died") return childDied(child);
  if (found.reason === "stopped") return stopped;
  return {
    code: "start.not_ready",
    message: `The ${child.name} did not become ready in time; the last answer was ${found.lastAnswer}.`,
    next: `Read the end of its log below (all of it: ${child.logFile}), and start again when the machine is less busy.`,
    lines: await lastLines(child.logFile),
    exitCode: 1,
  };
}

const stopped: StackFault = {
  code: "start.stopped",
  message: "Stopped before it was ready.",
  next: "Start again.",
  lines: [],
  exitCode: 1,
};

/** For people, on stderr. */
export const faultText = ({ code, message, next, lines }: StackFault): string[] => [
  `error ${code}: ${message}`,
  `next: ${next}`,
  ...lines.map((line) => `  ${line}`),
];
