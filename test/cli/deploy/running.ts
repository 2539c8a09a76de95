/** Runs the real `cli/deploy.ts`, in its own process and with its own Wrangler, against the stand-in. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { compiled } from "../../tooling/compiled.ts";
import { ACCOUNT_ID, API_TOKEN, type StandIn } from "./stand-in.ts";

export type Ran = {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Everything that was asked of anybody but 127.0.0.1. */
  readonly elsewhere: string;
};

/** Each deploy takes seconds alone, and many times that where `npm test` keeps every core busy: ends what hangs. */
export const PATIENT = { testTimeout: 300_000, hookTimeout: 300_000 };

type Running = {
  readonly env?: Record<string, string>;
  readonly stdin?: string;
  readonly onStart?: (child: ChildProcess) => void;
};

/** A test that ran out of time leaves its deploy running: nothing of it may outlive the tests. */
const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) killGroup(child);
});

const project = resolve(import.meta.dirname, "../../..");

/** What a machine without login would have: an empty home, so that no login of Wrangler's is found. */
export async function runDeploy(
  standIn: Pick<StandIn, "url"> | null,
  args: readonly string[],
  { env = {}, stdin = "", onStart }: Running = {},
): Promise<Ran> {
  const home = mkdtempSync(join(tmpdir(), "mintline-deploy-"));
  const report = join(home, "elsewhere");
  const { PATH = "" } = process.env;
  const login: Record<string, string> =
    standIn === null
      ? {}
      : {
          CLOUDFLARE_API_BASE_URL: `${standIn.url}/client/v4`,
          CLOUDFLARE_API_TOKEN: API_TOKEN,
          CLOUDFLARE_ACCOUNT_ID: ACCOUNT_ID,
        };
  const child = spawn(process.execPath, ["cli/deploy.ts", ...args], {
    cwd: project,
    env: {
      ...{ PATH, HOME: home, XDG_CONFIG_HOME: home, ONLY_HERE_REPORT: report },
      ...compiled,
      NODE_OPTIONS: `--import ${join(import.meta.dirname, "only-here.ts")}`,
      ...login,
      ...env,
    },
    stdio: ["pipe", "pipe", "pipe"],
    // A group of its own: a test that kills it takes its Wrangler along.
    detached: true,
  });
  running.add(child);
  child.once("close", () => running.delete(child));
  onStart?.(child);
  child.stdin.on("error", () => {}); // It may end without having read it.
  child.stdin.end(stdin);
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((done) =>
    child.once("close", (code, signal) => done({ code, signal })),
  );
  const [stdout, stderr, ended] = await Promise.all([text(child.stdout), text(child.stderr), exited]);
  const elsewhere = existsSync(report) ? readFileSync(report, "utf8") : "";
  rmSync(home, { recursive: true, force: true });
  return { ...ended, stdout, stderr, elsewhere };
}

/** Kills the deploy and all that it started, as a closed laptop would. */
export function killGroup(child: ChildProcess): void {
  if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
}

/** What a deploy to this environment leaves in the clone. */
export const folderOf = (environment: string): string => join(project, ".wrangler/cloudflare", environment);
