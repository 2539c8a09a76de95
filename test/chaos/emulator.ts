/**
 * The emulator of a run, a process of its own: it goes on when the stack is killed, as Sequence would, and its
 * ledger counts everything.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import * as z from "zod";
import { readEmulator } from "../../cli/stack/facts.ts";
import type { FaultInput } from "../../emulator/faults.ts";
import type { Switches } from "../../emulator/switches.ts";
import type { UpstreamFacts } from "../../shared/invariants/facts.ts";
import { compiled } from "../tooling/compiled.ts";
import { latencyMs } from "./limits.ts";

export type EmulatorProcess = {
  readonly url: string;
  readonly host: string;
  setFaults(...faults: FaultInput[]): Promise<void>;
  clearFault(id: string): Promise<void>;
  /** How many calls each fault has met and struck, by id. */
  faults(): Promise<ReadonlyMap<string, { met: number; struck: number }>>;
  facts(): Promise<UpstreamFacts>;
  stop(): Promise<void>;
};

export type EmulatorGiven = {
  readonly seed: number;
  readonly dir: string;
  readonly switches?: Partial<Switches>;
};

const ADDRESS = /^emulator (http:\/\/127\.0\.0\.1:\d+)$/;
const Faults = z.object({
  faults: z.array(z.object({ id: z.string(), met: z.number(), struck: z.number() })),
});

/** @throws if it does not say where it is */
export async function startEmulatorProcess({
  seed,
  dir,
  switches = {},
}: EmulatorGiven): Promise<EmulatorProcess> {
  const { PATH = "" } = process.env;
  const child = spawn(process.execPath, ["emulator/main.ts"], {
    env: {
      PATH,
      ...compiled,
      EMULATOR_DIR: dir,
      EMULATOR_SEED: String(seed),
      EMULATOR_SWITCHES: JSON.stringify(switches),
      EMULATOR_FAULTS: JSON.stringify([LATENCY]),
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const url = await addressOf(child);
  const ask = async (path: string, init: RequestInit = {}): Promise<unknown> => {
    const answer = await fetch(`${url}/_emulator${path}`, {
      ...init,
      headers: { "content-type": "application/json" },
    });
    if (!answer.ok) throw new Error(`${path}: HTTP ${answer.status} ${await answer.text()}`);
    return answer.json();
  };
  return {
    url,
    host: new URL(url).host,
    async setFaults(...faults) {
      await ask("/faults", { method: "POST", body: JSON.stringify({ faults }) });
    },
    async clearFault(id) {
      await ask(`/faults/${id}`, { method: "DELETE" });
    },
    async faults() {
      const { faults } = Faults.parse(await ask("/faults"));
      return new Map(faults.map(({ id, met, struck }) => [id, { met, struck }]));
    },
    facts: () => readEmulator(url),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      await ended;
    },
  };
}

const LATENCY: FaultInput = {
  id: "latency",
  where: { method: "Any" },
  what: { kind: "latency", ms: latencyMs },
};

async function addressOf(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error("the emulator has no standard output");
  const ended = once(child, "exit").then(() => ["ended"]);
  const [line] = await Promise.race([once(createInterface(child.stdout), "line"), ended]);
  const url = ADDRESS.exec(String(line))?.[1];
  if (url === undefined) throw new Error(`expected the emulator's address, got "${line}"`);
  return url;
}
