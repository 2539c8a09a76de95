/**
 * Writes `STATE_DIR/run`: a copy of the sources as they are now, and in it, where the committed ones would
 * stand, both completed configurations. Wrangler reloads when a source changes, and the local queue forgets its
 * messages at every reload, so what runs must not be what somebody edits; and relative paths stay as committed.
 */
import { chmod, cp, mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { parse } from "smol-toml";
import type { StateDir } from "./state-dir.ts";
import { completeConfig, type LocalRun, WorkerConfig } from "./worker-configs.ts";

/** All that bundling the Workers reads; `package.json` and the tsconfigs decide how. */
const SOURCES = ["workers", "shared", "package.json", "tsconfig.json"];

export async function writeRunFiles(project: string, state: StateDir, run: LocalRun): Promise<void> {
  await rm(state.run, { recursive: true, force: true });
  await mkdir(state.run, { recursive: true, mode: 0o700 });
  await Promise.all(
    SOURCES.map((name) => cp(join(project, name), join(state.run, name), { recursive: true })),
  );
  await symlink(join(project, "node_modules"), join(state.run, "node_modules"), "junction");
  await complete("producer", join(project, "wrangler.toml"), state.producerConfig, run);
  await complete("consumer", join(project, "workers/consumer/wrangler.toml"), state.consumerConfig, run);
}

async function complete(
  worker: "producer" | "consumer",
  committed: string,
  target: string,
  run: LocalRun,
): Promise<void> {
  const toml = WorkerConfig.parse(parse(await readFile(committed, "utf8")));
  const { config, secrets } = completeConfig(worker, toml, run);
  await writePrivate(target, JSON.stringify(config, null, 2));
  await writePrivate(join(dirname(target), ".dev.vars"), secrets);
}

/** @param path is made readable by its owner only, also where it was there with wider rights */
async function writePrivate(path: string, text: string): Promise<void> {
  await writeFile(path, text, { mode: 0o600 });
  await chmod(path, 0o600);
}
