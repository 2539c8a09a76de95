/** Stacks as `npm start` starts them, each test's own: ended and their folders removed after it, however it ends. */
import { afterEach, inject } from "vitest";
import { makeKey } from "../../emulator/keys.ts";
import { copyState } from "../chaos/migrated.ts";
import { emulatorAt, type TestEmulator } from "../support/emulator.ts";
import { untilBatch } from "../support/stack.ts";
import { type Started, start, temporaryState } from "../support/start.ts";

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

export const afterwards = (cleanup: () => Promise<unknown>): void => void cleanups.push(cleanup);

/** @returns a STATE_DIR with all migrations in it and nothing else. */
export async function state(): Promise<string> {
  const { dir, remove } = await temporaryState();
  afterwards(remove);
  await copyState(inject("migrated"), dir);
  return dir;
}

export async function startIn(dir: string, variables: Record<string, string> = {}): Promise<Started> {
  const started = await start(dir, variables);
  afterwards(() => started.kill().catch(() => undefined));
  return started;
}

export const key = await makeKey({ project: 1 });

/** The emulator that a stack has started for itself. */
export function sideDoor(started: Started): TestEmulator {
  if (started.emulatorUrl === null) throw new Error(`no emulator address in:\n${started.output()}`);
  return emulatorAt(started.emulatorUrl, key);
}

/** Waits until so many jobs of a batch are completed. */
export async function atLeast(started: Started, id: string, completed: number): Promise<void> {
  await untilBatch(started.client, id, ({ jobs }) => jobs.completed >= completed);
}
