/** `npm start` as people run it: a process group of its own, its lines on stdout, its state in a folder. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type Client, createClient } from "../../shared/api/client.ts";
import { compiled } from "../tooling/compiled.ts";

export type Started = {
  readonly url: string;
  readonly emulatorUrl: string | null;
  readonly client: Client;
  readonly output: () => string;
  /** As a power cut does it: the whole process group, no farewell. */
  kill(): Promise<void>;
  stop(): Promise<number | null>;
};

const READY = /^ready (http:\/\/127\.0\.0\.1:\d+)$/;
const EMULATOR = /(http:\/\/127\.0\.0\.1:\d+)/;

/**
 * Starts and waits for `ready`; rejects with everything printed if the process ends before.
 * @param spawned is told the leader of the process group at once, for whoever must end that whatever happens
 */
export async function start(
  stateDir: string,
  variables: Record<string, string> = {},
  token = "local",
  spawned: (child: ChildProcess) => void = () => undefined,
): Promise<Started> {
  const { PATH = "", HOME = "" } = process.env;
  const port = String(await freePort());
  const env = { PATH, HOME, ...compiled, STATE_DIR: stateDir, PORT: port, ...variables };
  const child = spawn(process.execPath, ["cli/start.ts"], {
    env: env as unknown as NodeJS.ProcessEnv,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  spawned(child);
  const lines: string[] = [];
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const url = await new Promise<string>((resolve, reject) => {
    const read = (line: string) => {
      lines.push(line);
      const ready = READY.exec(line);
      if (ready?.[1]) resolve(ready[1]);
    };
    if (child.stdout) createInterface(child.stdout).on("line", read);
    if (child.stderr) createInterface(child.stderr).on("line", read);
    ended.then((code) => reject(new Error(`npm start ended with ${code}:\n${lines.join("\n")}`)), reject);
  });
  const emulator = lines
    .map((line) => (/emulator/i.test(line) ? EMULATOR.exec(line)?.[1] : null))
    .find(Boolean);
  return {
    url,
    emulatorUrl: emulator ?? null,
    client: createClient({ url, token }),
    output: () => lines.join("\n"),
    async kill() {
      signal(child, "SIGKILL");
      await ended;
    },
    stop() {
      child.kill("SIGTERM");
      return ended;
    },
  };
}

function signal(child: ChildProcess, name: NodeJS.Signals): void {
  if (child.pid !== undefined) process.kill(-child.pid, name);
}

/** A folder with a space in its name, because people have them; removed at the end. */
export async function temporaryState(): Promise<{ dir: string; remove(): Promise<void> }> {
  const dir = await mkdtemp(join(tmpdir(), "mintline state-"));
  return { dir, remove: () => rm(dir, { recursive: true, force: true }) };
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
