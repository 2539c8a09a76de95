/**
 * The demo's own world: a temporary state, free ports, an environment in which nothing of the person's stands, so
 * that neither an earlier run nor a `.env` with a real key can be touched or can help.
 */
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { createClient } from "../../shared/api/client.ts";
import type { Context } from "../context.ts";
import { EXIT, tellFailure } from "../failure.ts";
import { projectDir } from "../stack/project.ts";
import { type Environment, readSettings, withoutWorkerVariables } from "../stack/settings.ts";
import { type Running, type Stack, startStack } from "../stack/stack.ts";
import type { Terminal } from "../terminal.ts";
import { MEDIA } from "./examples.ts";

export type Stage = {
  readonly stack: Stack;
  /** Where the emulator's media host reads from: a copy, so that mending it changes no example. */
  readonly mediaDir: string;
  /** Stops the stack; takes the temporary state away, or leaves it with its logs for whoever must look. */
  readonly clear: (keepState: boolean) => Promise<void>;
};

/** A progress bar of a run of seconds should move more often than once a second. */
const ASK_EVERY_MS = 150;

/** @throws if the demo's own settings are refused, which only a defect can do: none come from the person. */
export async function setStage(terminal: Terminal): Promise<Stage> {
  const stateDir = await mkdtemp(join(tmpdir(), "mintline-demo-"));
  const mediaDir = join(stateDir, "media");
  await cp(MEDIA, mediaDir, { recursive: true });
  const environment = demoEnvironment(process.env, stateDir, mediaDir);
  const settings = readSettings(environment, stateDir);
  if (!settings.ok) throw new Error(`The demo's settings are refused: ${JSON.stringify(settings.error)}`);
  const stack = startStack({
    project: projectDir,
    settings: settings.value,
    environment,
    now: Date.now,
    tell: (line) => terminal.note(line),
  });
  const clear = async (keepState: boolean): Promise<void> => {
    await stack.stop();
    if (keepState) terminal.complain(`State and logs are kept in ${stateDir}.`);
    else await rm(stateDir, { recursive: true, force: true });
  };
  return { stack, mediaDir, clear };
}

function demoEnvironment(own: Environment, stateDir: string, mediaDir: string): Environment {
  const inherited = Object.entries(withoutWorkerVariables(own)).filter(
    ([name]) => !name.startsWith("EMULATOR_") && name !== "QUEUE_BATCH_SIZE",
  );
  return {
    ...Object.fromEntries(inherited),
    PORT: "0",
    STATE_DIR: stateDir,
    EMULATOR_MEDIA_DIR: mediaDir,
  };
}

/**
 * The CLI's own context, so that the demo goes the way that a person's `mintline submit` goes.
 * @param isOver true once somebody has ended the demo: that its calls then fail is no news to them
 */
export function contextOf(running: Running, terminal: Terminal, isOver: () => boolean): Context {
  return {
    terminal,
    client: createClient({ url: running.url, token: "local" }),
    now: Date.now,
    sleep: (ms) => wait(Math.min(ms, ASK_EVERY_MS)),
    typed: (subcommand) => `npx --no mintline --url ${running.url} ${subcommand}`,
    failed: (failure) => (isOver() ? EXIT.rows : tellFailure(terminal, failure, "the demo")),
  };
}
