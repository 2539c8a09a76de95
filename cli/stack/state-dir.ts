/**
 * What lies where under STATE_DIR, and the promise that only one stack at a time works in it: two runtimes on
 * one local D1 lose writes to SQLITE_BUSY.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

export type StateDir = {
  /** Also what `wrangler --persist-to` gets: D1, R2 and Durable Objects stand in its `v3/`. */
  readonly root: string;
  /** Written anew at every start: the sources that this run works from, and the completed configurations. */
  readonly run: string;
  readonly producerConfig: string;
  readonly consumerConfig: string;
  /** Running Workers are found through files here: ours alone, so that two stacks do not swap messages. */
  readonly registry: string;
  readonly emulator: string;
  readonly emulatorPort: string;
  readonly workersLog: string;
  readonly migrationsLog: string;
  readonly emulatorLog: string;
};

export function stateDir(root: string): StateDir {
  const run = join(root, "run");
  return {
    root,
    run,
    producerConfig: join(run, "wrangler.json"),
    consumerConfig: join(run, "workers/consumer/wrangler.json"),
    registry: join(root, "registry"),
    emulator: join(root, "emulator"),
    emulatorPort: join(root, "emulator-port"),
    workersLog: join(root, "log/workers.log"),
    migrationsLog: join(root, "log/migrations.log"),
    emulatorLog: join(root, "log/emulator.log"),
  };
}

export type StateLock = { readonly release: () => void };

/**
 * Takes the directory for this process, or answers null where another has it. A lock of SQLite's is one of the
 * operating system's, which goes with its process however that ends; a file with a process id would outlive SIGKILL.
 */
export async function lockStateDir(root: string): Promise<StateLock | null> {
  await mkdir(root, { recursive: true });
  const database = new DatabaseSync(join(root, "lock.sqlite"), { timeout: 0 });
  try {
    database.exec("BEGIN EXCLUSIVE");
  } catch {
    database.close();
    return null;
  }
  return { release: () => database.close() };
}
