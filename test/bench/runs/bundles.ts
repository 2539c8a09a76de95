/** What is uploaded for each Worker, as `wrangler deploy` would, and how long its start takes here. */
import { spawnSync } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { atMost, type Figure, judged, told } from "../figures.ts";
import type { Run } from "./run.ts";

const CONFIGS = { producer: "wrangler.toml", consumer: "workers/consumer/wrangler.toml" } as const;
const STARTS = 3;

export const bundlesRun: Run = {
  name: "bundles",
  measures: "size of each Worker's bundle and its start-up time",
  always: true,
  async perform() {
    const figures: Figure[] = [];
    for (const worker of ["producer", "consumer"] as const) {
      const directory = await mkdtemp(join(tmpdir(), "mintline-bundle-"));
      try {
        const { raw, gzip } = await bundle(CONFIGS[worker], directory);
        const starts = Array.from({ length: STARTS }, () => startUpMs(CONFIGS[worker], directory));
        figures.push(
          judged(`bundle of the ${worker}, gzip`, gzip / 1_000, "kB", atMost(300)),
          told(`bundle of the ${worker}, raw`, raw / 1_000, "kB"),
          told(`start-up of the ${worker}`, Math.min(...starts), "ms", `active CPU, best of ${STARTS}`),
        );
      } finally {
        await rm(directory, { recursive: true, force: true });
      }
    }
    return figures;
  },
};

async function bundle(config: string, directory: string): Promise<{ raw: number; gzip: number }> {
  wrangler(["deploy", "--dry-run", "--outdir", directory, "--config", config]);
  const names = (await readdir(directory)).filter((name) => !name.endsWith(".map") && name !== "README.md");
  const files = await Promise.all(names.map((name) => readFile(join(directory, name))));
  const all = Buffer.concat(files);
  return { raw: all.length, gzip: gzipSync(all).length };
}

/** `wrangler check startup` runs the module in a local workerd under its profiler. */
function startUpMs(config: string, directory: string): number {
  const said = wrangler([
    "check",
    "startup",
    "--config",
    config,
    "--outfile",
    join(directory, "startup.cpuprofile"),
  ]);
  const active = /Active: ([\d.]+) ms/.exec(said)?.[1];
  if (active === undefined) throw new Error(`Expected the active time of a start-up, got:\n${said}`);
  return Number(active);
}

function wrangler(args: readonly string[]): string {
  const { PATH = "", HOME = "" } = process.env;
  const env = {
    PATH,
    HOME,
    NO_COLOR: "1",
    CI: "1",
    WRANGLER_SEND_METRICS: "false",
    WRANGLER_WRITE_LOGS: "false",
  };
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ["node_modules/wrangler/bin/wrangler.js", ...args],
    {
      encoding: "utf8",
      env: env as unknown as NodeJS.ProcessEnv,
    },
  );
  if (status !== 0) throw new Error(`wrangler ${args.join(" ")} ended with ${status}:\n${stdout}\n${stderr}`);
  return stdout;
}
