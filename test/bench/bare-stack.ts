/** `wrangler dev` with one bare Worker alone, its state in a folder: the same runtime as `npm start` uses. */
import { spawn } from "node:child_process";
import { freePort } from "../support/start.ts";

export type BareStack = { readonly url: string; readonly pid: number; stop(): Promise<void> };

/** @param worker its folder beside this file. */
export async function startBare(worker: "bare-r2" | "bare-calls", stateDir: string): Promise<BareStack> {
  const { PATH = "", HOME = "" } = process.env;
  const url = `http://127.0.0.1:${await freePort()}`;
  const child = spawn(
    process.execPath,
    [
      "node_modules/wrangler/bin/wrangler.js",
      ...["dev", "--config", `test/bench/${worker}/wrangler.toml`, "--persist-to", stateDir],
      ...["--ip", "127.0.0.1", "--port", new URL(url).port, "--inspector-port", "0"],
      "--show-interactive-dev-session=false",
    ],
    { env: { PATH, HOME, ...QUIET }, stdio: ["ignore", "pipe", "pipe"], detached: true },
  );
  const said: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => said.push(String(data)));
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  await answering(url, ended, () => said.join(""));
  return {
    url,
    pid: child.pid ?? -1,
    async stop() {
      if (child.pid !== undefined) process.kill(-child.pid, "SIGTERM");
      await ended;
    },
  };
}

/** Speaks to nobody outside this machine. */
const QUIET = {
  CI: "1",
  NO_COLOR: "1",
  WRANGLER_SEND_METRICS: "false",
  WRANGLER_SEND_ERROR_REPORTS: "false",
  WRANGLER_HIDE_BANNER: "true",
  WRANGLER_WRITE_LOGS: "false",
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
  // As `npm start` has them: each would record every event of every request.
  X_LOCAL_OBSERVABILITY: "false",
  X_LOCAL_EXPLORER: "false",
};

async function answering(url: string, ended: Promise<void>, said: () => string): Promise<void> {
  let over = false;
  void ended.then(() => {
    over = true;
  });
  for (;;) {
    if (over) throw new Error(`wrangler dev ended before it answered:\n${said()}`);
    const answer = await fetch(url, { method: "POST" }).catch(() => null);
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
