/**
 * The emulator beside the Workers: a process of its own, as Sequence is. It keeps its port from start to start,
 * because the public URLs of everything published on it hold that port.
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { SignJWT } from "jose";
import { type Child, startChild } from "./child.ts";
import { emulatorReadyWithinMs } from "./limits.ts";
import { firstFreePort } from "./ports.ts";
import { type NotReady, untilReady } from "./readiness.ts";
import { type Environment, withoutWorkerVariables } from "./settings.ts";
import type { StateDir } from "./state-dir.ts";

export type Emulator = {
  readonly child: Child;
  readonly url: string;
  /** A secret key with Write access to the project. */
  readonly key: string;
  /** The public access key of the same project. */
  readonly publicKey: string;
  /** The port that it had before, if it had to give that up. */
  readonly movedFrom: number | null;
};

/** Opens nothing but an emulator on 127.0.0.1; it is the one that the emulator takes where it is told none. */
const KNOWN_SECRET = "known-to-everyone-emulator-only";

/** @param at projectId: the key's claim; nextTo: a first start takes the port after this one if it is free */
export async function startEmulator(
  projectDir: string,
  state: StateDir,
  environment: Environment,
  at: { readonly projectId: number; readonly nextTo: number },
): Promise<Emulator> {
  const before = await savedPort(state.emulatorPort);
  const port = await firstFreePort([before ?? at.nextTo + 1]);
  await mkdir(state.emulator, { recursive: true });
  await writeFile(state.emulatorPort, `${port}\n`);
  const { EMULATOR_JWT_SECRET: ownSecret } = environment;
  const secret = ownSecret || KNOWN_SECRET;
  const child = startChild({
    name: "emulator",
    args: [join(projectDir, "emulator/main.ts")],
    cwd: projectDir,
    env: {
      ...withoutWorkerVariables(environment),
      EMULATOR_PORT: String(port),
      EMULATOR_DIR: state.emulator,
      EMULATOR_JWT_SECRET: secret,
    },
    logFile: state.emulatorLog,
  });
  const movedFrom = before !== null && before !== port ? before : null;
  return {
    child,
    url: `http://127.0.0.1:${port}`,
    key: await makeKey(at.projectId, secret),
    publicKey: `emulator-public-${at.projectId}`,
    movedFrom,
  };
}

export const emulatorReady = (emulator: Emulator, stopping: AbortSignal): Promise<NotReady | null> =>
  untilReady(`${emulator.url}/`, emulator.child, emulatorReadyWithinMs, stopping);

/** Made here with the secret that both sides know, so that nothing secret has to come back out of a process. */
const makeKey = (projectId: number, secret: string): Promise<string> =>
  new SignJWT({ project: projectId })
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .sign(new TextEncoder().encode(secret));

async function savedPort(path: string): Promise<number | null> {
  try {
    const port = Number((await readFile(path, "utf8")).trim());
    return Number.isInteger(port) && port > 0 && port < 65_536 ? port : null;
  } catch {
    return null;
  }
}
