/**
 * A Redis of the bench's own on a free port of 127.0.0.1, started from what the machine has. Nothing is kept on disk
 * (`--save "" --appendonly no`): that is its fastest, and a promise less than Mintline and the script make.
 */
import { spawnSync } from "node:child_process";
import { freePort } from "../../support/start.ts";
import { lines } from "../line-process.ts";

export type RunningRedis = { readonly port: number; readonly pid: number; stop(): Promise<void> };

export const HOW_TO_INSTALL = "redis-server is not installed: apt-get install redis-server";

/** `Redis server v=7.0.15 …`, or null where there is none. */
export function redisVersion(): string | null {
  const { stdout, status } = spawnSync("redis-server", ["--version"], { encoding: "utf8" });
  return status === 0 ? (/v=(\S+)/.exec(stdout)?.[1] ?? "of unknown version") : null;
}

export async function startRedis(directory: string): Promise<RunningRedis> {
  const port = await freePort();
  const child = lines(
    [
      "redis-server",
      ...["--bind", "127.0.0.1", "--port", String(port), "--dir", directory],
      ...["--save", "", "--appendonly", "no", "--daemonize", "no"],
    ],
    {},
  );
  for (;;) if (/Ready to accept connections/.test(await child.line())) break;
  return { port, pid: child.pid, stop: child.stop };
}
