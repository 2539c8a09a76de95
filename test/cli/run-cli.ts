/** Runs the CLI as people do: its own process, its own environment, output piped. */
import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { compiled } from "../tooling/compiled.ts";

export type Ran = { code: number | null; stdout: string; stderr: string };

/** How the bin is started; the first word is the program. */
const DIRECTLY: Through = [process.execPath, "cli/mintline.ts"];
/** As people type it in the clone. */
export const NPX: Through = ["npx", "--no", "mintline"];

type Through = readonly [string, ...string[]];
type Running = { url?: string; env?: Record<string, string>; stdin?: string; through?: Through };

/** `process.execPath` is the Node that runs the tests, which `npx` puts first on the path for the CLI too. */
export async function runCli(
  args: string[],
  { url, env = {}, stdin, through = DIRECTLY }: Running = {},
): Promise<Ran> {
  const [command, ...before] = through;
  const { PATH = "" } = process.env;
  const child = spawn(command, [...before, ...args], {
    env: { PATH, ...compiled, ...(url === undefined ? {} : { MINTLINE_URL: url }), ...env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  child.stdin.end(stdin ?? "");
  const exited = new Promise<number | null>((resolve) => child.once("close", resolve));
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), exited]);
  return { code, stdout, stderr };
}

/** Each line of stdout as JSON; throws if one is not. */
export const jsonLines = (ran: Ran): unknown[] =>
  ran.stdout
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as unknown);

export const lastLine = (ran: Ran): string => ran.stdout.trimEnd().split("\n").at(-1) ?? "";
