/**
 * Files that Wrangler is given: under `.wrangler/`, which git ignores, readable by their owner. The configuration
 * of each Worker, and for the time of one upload its new secrets, which are deleted in any case: after the
 * upload, when this process ends or is interrupted, and at the next start should it have been killed.
 */
import { createHash } from "node:crypto";
import { rmSync } from "node:fs";
import { chmod, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Bundle, hashOf } from "./bundle.ts";
import type { WorkerId } from "./committed.ts";
import { databaseOf, type WantedWorker } from "./complete.ts";

/** What the uploaded Worker says it is: of its modules, assets and configuration. 16 hex digits tell builds apart. */
export async function buildOf(
  { config }: WantedWorker,
  bundle: Bundle,
  databaseId: string | null,
): Promise<string> {
  const { main: _main, d1_databases, ...rest } = config;
  const bindings = d1_databases.map(({ binding, database_name }) => ({ binding, database_name, databaseId }));
  const assets =
    config.assets?.directory === undefined ? null : await hashOf(config.assets.directory, ["**/*"]);
  return createHash("sha256")
    .update(JSON.stringify([bundle.sha256, assets, withoutFolders(rest), bindings]))
    .digest("hex")
    .slice(0, 16);
}

/** Where the project lies is no part of a build: CI and a laptop must come to the same. */
const withoutFolders = ({ assets, ...rest }: Omit<WantedWorker["config"], "main" | "d1_databases">) => ({
  ...rest,
  assets: assets === undefined ? null : { ...assets, directory: null },
});

/** @returns the configuration's path */
export async function writeConfig(
  folder: string,
  id: WorkerId,
  { config }: WantedWorker,
  bundle: Bundle,
  databaseId: string,
  build: string,
): Promise<string> {
  const { env: _env, ...rest } = config;
  const database = { ...databaseOf(config), database_id: databaseId };
  const path = join(folder, `${id}.json`);
  const complete = {
    ...rest,
    main: bundle.entry,
    no_bundle: true,
    // Modules that are not JavaScript lie beside the entry.
    find_additional_modules: true,
    base_dir: bundle.folder,
    d1_databases: [database],
    vars: { ...config.vars, BUILD: build },
  };
  await writePrivate(path, JSON.stringify(complete, null, 2));
  return path;
}

/** Runs `use` with a file of these secrets. */
export async function withSecretsFile<T>(
  folder: string,
  id: WorkerId,
  secrets: Readonly<Record<string, string>>,
  use: (path: string) => Promise<T>,
): Promise<T> {
  const path = secretsPath(folder, id);
  const remove = (): void => rmSync(path, { force: true });
  const interrupted = (signal: NodeJS.Signals): void => {
    remove();
    process.kill(process.pid, signal);
  };
  process.once("exit", remove);
  for (const signal of INTERRUPTS) process.once(signal, interrupted);
  try {
    await writePrivate(path, JSON.stringify(secrets));
    return await use(path);
  } finally {
    remove();
    process.off("exit", remove);
    for (const signal of INTERRUPTS) process.off(signal, interrupted);
  }
}

/** They end a process without its `exit` event. */
const INTERRUPTS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export async function removeLeftSecrets(folder: string): Promise<void> {
  await Promise.all([
    rm(secretsPath(folder, "consumer"), { force: true }),
    rm(secretsPath(folder, "producer"), { force: true }),
  ]);
}

const secretsPath = (folder: string, id: WorkerId): string => join(folder, `${id}.secrets.json`);

/** @param path is made readable by its owner only before anything stands in it */
async function writePrivate(path: string, content: string): Promise<void> {
  await mkdir(join(path, ".."), { recursive: true, mode: 0o700 });
  await writeFile(path, "", { mode: 0o600 });
  await chmod(path, 0o600);
  await writeFile(path, content);
}
