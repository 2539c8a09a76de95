/**
 * Wrangler as a child: with our own Node, silent, without metrics, error reports or update checks, and with no
 * secret in its arguments or environment but the API token that it needs itself. What it says is kept and shown
 * only where it failed.
 */
import { spawn } from "node:child_process";
import { mkdir, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import * as z from "zod";
import { fail, ok, type Result } from "../../shared/result.ts";
import { withoutWorkerVariables } from "../stack/settings.ts";
import { DEPLOY } from "./numbers.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

export type WranglerFailure = {
  readonly command: string;
  /** Cloudflare's number, where a call of its API failed. */
  readonly code: number | null;
  readonly message: string;
  readonly lastLines: readonly string[];
};

export type Wrangler = (args: readonly string[]) => Promise<Result<string, WranglerFailure>>;

/** @param folder where Wrangler runs and writes its report; not the project, whose `.env` it would read */
export function createWrangler(folder: string, environment: Environment): Wrangler {
  let started = 0;
  return async (args) => {
    started += 1;
    const report = join(folder, `wrangler-report-${process.pid}-${started}.ndjson`);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const child = spawn(process.execPath, [wranglerBin(), ...args], {
      cwd: folder,
      env: {
        ...withoutWorkerVariables(environment),
        MINTLINE_TOKEN: undefined,
        ...QUIET,
        WRANGLER_OUTPUT_FILE_PATH: report,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const code = new Promise<number | null>((resolve) => {
      child.once("close", resolve);
      child.once("error", () => resolve(null));
    });
    const [said, complained, ended] = await Promise.all([text(child.stdout), text(child.stderr), code]);
    const failure = await failureIn(report);
    await rm(report, { force: true });
    if (ended === 0) return ok(said);
    const command = args.filter((word) => /^[a-z0-9]+$/.test(word)).join(" ");
    return fail({ command, ...failure, lastLines: lastLines(said + complained) });
  };
}

const wranglerBin = (): string =>
  join(dirname(createRequire(import.meta.url).resolve("wrangler/package.json")), "bin/wrangler.js");

const QUIET: Environment = {
  CI: "1",
  NO_COLOR: "1",
  FORCE_COLOR: "0",
  WRANGLER_SEND_METRICS: "false",
  WRANGLER_SEND_ERROR_REPORTS: "false",
  // The banner is what asks the npm registry for a newer version.
  WRANGLER_HIDE_BANNER: "true",
  WRANGLER_WRITE_LOGS: "false",
  WRANGLER_LOG: "log",
  WRANGLER_LOG_SANITIZE: "true",
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
  CLOUDFLARE_INCLUDE_PROCESS_ENV: "false",
  CLOUDFLARE_LOAD_DEV_VARS_FROM_DOT_ENV: "false",
};

/** Wrangler writes one JSON object a line; the last of this type says what went wrong. */
const Failed = z.looseObject({
  type: z.literal("command-failed"),
  code: z.number().optional(),
  message: z.string().optional(),
});

async function failureIn(report: string): Promise<{ code: number | null; message: string }> {
  const lines = await readFile(report, "utf8").catch(() => "");
  for (const line of lines.trim().split("\n").reverse()) {
    const failed = Failed.safeParse(parsed(line));
    if (failed.success) return { code: failed.data.code ?? null, message: failed.data.message ?? "" };
  }
  return { code: null, message: "" };
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

const lastLines = (output: string): string[] =>
  output
    .split("\n")
    .map((line) => line.trimEnd())
    .filter((line) => line.trim() !== "")
    .slice(-DEPLOY.wranglerLines);
