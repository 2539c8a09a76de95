/**
 * A D1 with all migrations, made once and copied for each run: Wrangler takes three seconds to apply them, and a
 * dozen runs begin with nothing.
 */
import { cp, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { projectDir } from "../../cli/stack/project.ts";
import { writeRunFiles } from "../../cli/stack/run-files.ts";
import { stateDir } from "../../cli/stack/state-dir.ts";
import { startMigrating } from "../../cli/stack/wrangler.ts";
import { temporaryState } from "../support/start.ts";

let made: ReturnType<typeof make> | null = null;

export async function copyMigrated(to: string): Promise<void> {
  await copyState(await migratedState(), to);
}

/** The one that is copied; made where there is none yet. */
export async function migratedState(): Promise<string> {
  made ??= make();
  return (await made).dir;
}

export async function copyState(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  await cp(join(from, "v3"), join(to, "v3"), { recursive: true });
}

export async function removeMigrated(): Promise<void> {
  await (await made)?.remove();
}

async function make(): ReturnType<typeof temporaryState> {
  const temporary = await temporaryState();
  const state = stateDir(temporary.dir);
  await writeRunFiles(projectDir, state, { variables: {}, queueBatchSize: 1 });
  const migrating = startMigrating(state, process.env);
  const { code } = await migrating.ended;
  if (code !== 0) throw new Error(`the migrations ended with ${code}; their log is ${migrating.logFile}`);
  return temporary;
}
