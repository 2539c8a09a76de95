/**
 * The local stack: the emulator (where no METADATA_URL is set), both Workers in one runtime, and the sweep that
 * production's cron would fire. `npm start` and `npm run demo` are this with a different end.
 */
import { join } from "node:path";
import { readConfig, type Variables } from "../../shared/config.ts";
import { fail, ok, type Result } from "../../shared/result.ts";
import type { Child } from "./child.ts";
import { type Emulator, emulatorReady, startEmulator } from "./emulator.ts";
import { childDied, notReady, portInUse, refusedConfig, type StackFault, stateDirBusy } from "./faults.ts";
import { readyWithinMs } from "./limits.ts";
import { isMigrated, type LeftAlone, leftAlone } from "./local-d1.ts";
import { bindablePort } from "./ports.ts";
import { type NotReady, untilReady } from "./readiness.ts";
import { writeRunFiles } from "./run-files.ts";
import type { Environment, Settings } from "./settings.ts";
import { lockStateDir, type StateDir, stateDir } from "./state-dir.ts";
import { createSupervisor, type Supervisor } from "./supervisor.ts";
import { startSweepTicker } from "./sweep-ticker.ts";
import { startMigrating, startWorkers } from "./wrangler.ts";

export type StackOptions = {
  /** The folder of package.json. */
  readonly project: string;
  readonly settings: Settings;
  /** What the children inherit. */
  readonly environment: Environment;
  readonly now: () => number;
  /** A line for people, while it starts or later about the sweep. */
  readonly tell: (line: string) => void;
};

export type Running = {
  readonly url: string;
  readonly emulatorUrl: string | null;
  /** As everything stored is keyed: `emulator#1`. */
  readonly target: string;
  readonly leftAlone: LeftAlone;
  readonly state: StateDir;
};

export type Stack = {
  /** Takes requests, or why not; in that case everything is stopped already. */
  readonly started: Promise<Result<Running, StackFault>>;
  /** Resolves once everything is stopped because a child ended by itself. */
  readonly broken: Promise<StackFault>;
  /** Stops what runs, at whatever stage; may be called twice. */
  readonly stop: () => Promise<void>;
};

export function startStack(options: StackOptions): Stack {
  const supervisor = createSupervisor();
  return { started: start(options, supervisor), broken: supervisor.broken, stop: supervisor.stop };
}

async function start(options: StackOptions, supervisor: Supervisor): Promise<Result<Running, StackFault>> {
  try {
    const running = await bringUp(options, supervisor);
    if (running.ok) return running;
    await supervisor.stop();
    return fail(supervisor.cause() ?? running.error);
  } catch (defect) {
    await supervisor.stop();
    throw defect;
  }
}

async function bringUp(options: StackOptions, supervisor: Supervisor): Promise<Result<Running, StackFault>> {
  const { settings, project } = options;
  const state = stateDir(settings.stateDir);

  const lock = await lockStateDir(state.root);
  if (!lock) return fail(stateDirBusy(state.root));
  supervisor.onStop(lock.release);
  const port = await bindablePort(settings.port);
  if (port === null) return fail(portInUse(settings.port));

  const emulator = settings.usesEmulator ? await bringUpEmulator(options, supervisor, state, port) : null;
  const variables = completeVariables(settings.variables, emulator, options.now());
  const config = readConfig(variables);
  if (!config.ok) return fail(refusedConfig(config.error));

  await writeRunFiles(project, state, { variables, queueBatchSize: settings.queueBatchSize });
  const migrated = await migrate(options, supervisor, state);
  if (!migrated.ok) return migrated;
  const others = leftAlone(state.root, config.value.target);

  const url = `http://127.0.0.1:${port}`;
  const workers = startWorkers(state, options.environment, port);
  supervisor.adopt(workers);
  const late = await firstNotReady([
    ...(emulator ? [{ child: emulator.child, found: emulatorReady(emulator, supervisor.stopping) }] : []),
    { child: workers, found: untilReady(`${url}/healthz`, workers, readyWithinMs, supervisor.stopping) },
  ]);
  if (late) return fail(late);
  workers.rememberFamily();

  const sweeps = startSweepTicker({
    url,
    onFailure: (failure) => options.tell(`sweep failed: ${failure}; its log: ${state.workersLog}`),
  });
  supervisor.onStop(sweeps.stop);
  return ok({
    url,
    emulatorUrl: emulator?.url ?? null,
    target: config.value.target,
    leftAlone: others,
    state,
  });
}

/** All of them wait at the same time: neither needs the other to start, only to work. */
async function firstNotReady(
  waits: readonly { readonly child: Child; readonly found: Promise<NotReady | null> }[],
): Promise<StackFault | null> {
  const outcomes = await Promise.all(waits.map(async ({ child, found }) => ({ child, found: await found })));
  const stuck = outcomes.filter(({ found }) => found !== null);
  const worst = stuck.find(({ found }) => found?.reason === "died") ?? stuck[0];
  return worst?.found ? notReady(worst.child, worst.found) : null;
}

async function bringUpEmulator(
  { project, settings, environment, tell }: StackOptions,
  supervisor: Supervisor,
  state: StateDir,
  nextTo: number,
): Promise<Emulator> {
  const projectId = Number(settings.variables.PROJECT_ID ?? 1);
  const emulator = await startEmulator(project, state, environment, { projectId, nextTo });
  supervisor.adopt(emulator.child);
  if (emulator.movedFrom !== null) {
    tell(
      `The emulator's port ${emulator.movedFrom} is taken, so it moved: URLs published before no longer open.`,
    );
  }
  return emulator;
}

/** What the person set wins; the emulator fills in its address, its keys and its media host. */
export function completeVariables(
  given: Variables,
  emulator: Pick<Emulator, "url" | "key" | "publicKey"> | null,
  startedAt: number,
): Variables {
  const own: Variables = { ...given, STARTED_AT: String(startedAt) };
  if (!emulator) return own;
  return {
    EMULATOR_URL: emulator.url,
    JWT_ACCESS_KEY: emulator.key,
    PROJECT_ACCESS_KEY: emulator.publicKey,
    MEDIA_PRIVATE_HOSTS: new URL(emulator.url).host,
    ...own,
  };
}

async function migrate(
  options: StackOptions,
  supervisor: Supervisor,
  state: StateDir,
): Promise<Result<null, StackFault>> {
  if (isMigrated(state.root, join(options.project, "shared/store/migrations"))) return ok(null);
  const migrating = startMigrating(state, options.environment);
  supervisor.onStop(migrating.stop);
  const { code } = await migrating.ended;
  return code === 0 ? ok(null) : fail(await childDied(migrating));
}
