/**
 * How the CLI ends: the four exit codes, and the one shape in which every failure is told. People read it on
 * stderr; with `--json` it is `{"error": {code, message, next, …}}` on stdout, the stream that a script reads.
 */
import * as z from "zod";
import type { CallFailure } from "../shared/api/call.ts";
import type { Problem } from "../shared/api/contract.ts";
import type { Terminal } from "./terminal.ts";

export const EXIT = {
  good: 0,
  /** Some rows are dead or invalid, or what was looked at is not in order. */
  rows: 1,
  /** Wrong use: the same command cannot work, however often it is tried. */
  usage: 2,
  /** Could not reach, or not allowed: the command may be right, and something else must change. */
  unreachable: 3,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Something that the CLI itself found wrong. `code` is `area.reason`. */
export type Fault = {
  readonly code: string;
  readonly message: string;
  readonly next: string;
  readonly exit: ExitCode;
};

export const usageFault = (code: string, message: string, next: string): Fault => ({
  code,
  message,
  next,
  exit: EXIT.usage,
});

/** Tells a fault and answers with its exit code, so that a command ends with `return tellFault(…)`. */
export function tellFault(terminal: Terminal, fault: Fault): ExitCode {
  const { exit, ...error } = fault;
  terminal.emit({ error });
  terminal.complain(`error ${fault.code}: ${fault.message}`, `next: ${fault.next}`);
  return exit;
}

/** Tells why a call came to nothing and answers with the exit code. `tokenFrom` says where the token was found. */
export function tellFailure(terminal: Terminal, failure: CallFailure, tokenFrom: string): ExitCode {
  return failure.reason === "refused"
    ? tellProblem(terminal, failure.problem, tokenFrom)
    : tellFault(terminal, faultOf(failure));
}

function faultOf(failure: Exclude<CallFailure, { reason: "refused" }>): Fault {
  const origin = originOf(failure.url);
  if (failure.reason === "unreachable") {
    return {
      code: "cli.unreachable",
      message: `Cannot reach ${origin}: ${failure.message}.`,
      next: "Is `npm start` running? Start it, or name the deployment with --url or MINTLINE_URL.",
      exit: EXIT.unreachable,
    };
  }
  return {
    code: "cli.unreadable",
    message: `${origin} answered, but not as Mintline does. ${failure.message}`,
    next: "Check --url or MINTLINE_URL: it must be the address that `npm start` prints, or that of your deployed producer.",
    exit: EXIT.unreachable,
  };
}

function tellProblem(terminal: Terminal, problem: Problem, tokenFrom: string): ExitCode {
  const { type: _type, title: _title, detail, code, next, ...more } = problem;
  terminal.emit({ error: { code, message: detail, next, ...more } });
  terminal.complain(`error ${code}: ${detail}`, ...moreProblems(problem), `next: ${next}`);
  if (problem.status === 401 || problem.status === 403)
    terminal.complain(`The token came from ${tokenFrom}.`);
  return exitFor(problem.status);
}

/** A configuration error names every problem at once; showing only the first would cost a round for each. */
function moreProblems(problem: Problem): string[] {
  const listed = MoreProblems.safeParse(problem);
  if (!listed.success) return [];
  return listed.data.problems.map(({ line, column, code, message, next }) => {
    const place = [...(line ? [`line ${line}`] : []), ...(column ? [column] : [])].join(", ");
    return `  - ${place === "" ? "" : `${place}: `}${code}: ${message} ${next}`;
  });
}

/** Of a configuration they have no place, of rows they have line and column. */
const MoreProblems = z.looseObject({
  problems: z.array(
    z.object({
      line: z.number().optional(),
      column: z.string().optional(),
      code: z.string(),
      message: z.string(),
      next: z.string(),
    }),
  ),
});

/** 4xx says that the request is wrong, except the few that ask for another token, account or moment. */
function exitFor(status: number): ExitCode {
  const elsewhere = [401, 403, 408, 424, 429];
  return status >= 400 && status < 500 && !elsewhere.includes(status) ? EXIT.usage : EXIT.unreachable;
}

function originOf(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : url;
}
