/**
 * What every command works with: the terminal, the client, and how to write a command that the reader can
 * type. Made from the global options and from MINTLINE_URL and MINTLINE_TOKEN; nothing else is read.
 */
import { setTimeout } from "node:timers/promises";
import type { Command } from "commander";
import type { CallFailure } from "../shared/api/call.ts";
import { type Client, createClient } from "../shared/api/client.ts";
import { type ExitCode, tellFailure, tellFault, usageFault } from "./failure.ts";
import { createTerminal, type Terminal } from "./terminal.ts";

export type Context = {
  readonly terminal: Terminal;
  readonly client: Client;
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<unknown>;
  /** The whole line to type for a subcommand of ours: `npx --no mintline collection publish 900`. */
  readonly typed: (subcommand: string) => string;
  /** Tells why a call failed and answers with the exit code. */
  readonly failed: (failure: CallFailure) => ExitCode;
};

type GlobalOptions = { url?: string; token?: string };

const DEFAULT_URL = "http://127.0.0.1:8787";
const DEFAULT_TOKEN = "local";

/** Runs a command's body and keeps its exit code for when all output is written. */
export async function run(command: Command, body: (context: Context) => Promise<ExitCode>): Promise<void> {
  const { argv, env, stdout, stderr } = process;
  const options: GlobalOptions = command.optsWithGlobals();
  const terminal = createTerminal(wantsJson(argv, env), stdout, stderr, Date.now);
  const { MINTLINE_URL, MINTLINE_TOKEN } = env;
  const url = options.url || MINTLINE_URL || DEFAULT_URL;
  process.exitCode = isHttpUrl(url)
    ? await body(contextOf(terminal, { ...options, url }, MINTLINE_TOKEN, options.url))
    : tellFault(
        terminal,
        usageFault(
          "cli.bad_url",
          `Expected the address of a deployment, such as ${DEFAULT_URL}, got "${url}".`,
          "Correct --url or MINTLINE_URL.",
        ),
      );
}

/** @param typedUrl the address if it was typed: then it is repeated in what we tell people to type. */
function contextOf(
  terminal: Terminal,
  { url, token }: { url: string; token?: string },
  fromEnvironment: string | undefined,
  typedUrl: string | undefined,
): Context {
  const tokenFrom = token
    ? "--token"
    : fromEnvironment
      ? "MINTLINE_TOKEN"
      : `the default "${DEFAULT_TOKEN}", which works only on 127.0.0.1 and only where API_TOKENS is not set`;
  // A token is never repeated: it would end up in a shell's history.
  const again = typedUrl ? ` --url ${typedUrl}` : "";
  return {
    terminal,
    client: createClient({ url, token: token || fromEnvironment || DEFAULT_TOKEN }),
    now: Date.now,
    sleep: (ms) => setTimeout(ms),
    typed: (subcommand) => `npx --no mintline ${subcommand}${again}`,
    failed: (failure) => tellFailure(terminal, failure, tokenFrom),
  };
}

/**
 * `--json`, wherever it stands. `npx --no mintline --json status` hands it to npm instead of us, because npx
 * takes `mintline` for the value of `--no`; npm then says so in the environment of what it runs.
 */
export const wantsJson = (
  argv: readonly string[],
  { npm_command, npm_config_json }: NodeJS.ProcessEnv,
): boolean => argv.includes("--json") || (npm_command === "exec" && npm_config_json === "true");

const isHttpUrl = (text: string): boolean => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
