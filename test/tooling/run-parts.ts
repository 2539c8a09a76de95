/**
 * Runs parts side by side and tells of each as it ends. A part that crashes has failed, and so has one that was still
 * running, or had not begun, when the time was up: no part can take the others' outcomes with it by hanging.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { listDescendants, type ProcessId, stillRunning } from "../../cli/stack/descendants.ts";
import { notPassed, type Part, type Tally, tallyOf } from "./checks.ts";
import { compiled } from "./compiled.ts";

export type Outcome = {
  readonly part: Part;
  readonly tally: Tally;
  /** What it printed, stdout and stderr as they came. */
  readonly output: string;
  readonly seconds: number;
  /** Why there is no outcome of its own. */
  readonly cut: "hung" | "never begun" | null;
};

/** What needs no order among each other is a lane each; the parts of one lane follow one another. */
type Lane = readonly Part[];

export type Running = {
  /** Lanes at a time, in the order in which they are given. */
  readonly slots: number;
  /** Of all lanes together: what runs when it is aborted is ended. */
  readonly timeUp: AbortSignal;
  /** Asked once for each part, at its end. */
  readonly tell: (outcome: Outcome) => void;
};

export async function runLanes(lanes: readonly Lane[], { slots, timeUp, tell }: Running): Promise<Outcome[]> {
  const waiting = [...lanes];
  const outcomes: Outcome[] = [];
  const drain = async (): Promise<void> => {
    for (let lane = waiting.shift(); lane; lane = waiting.shift()) {
      for (const part of lane) {
        const outcome = timeUp.aborted ? neverBegun(part) : await run(part, timeUp);
        outcomes.push(outcome);
        tell(outcome);
      }
    }
  };
  await Promise.all(Array.from({ length: slots }, drain));
  return outcomes;
}

const NOTHING: Tally = { passed: 0, failed: 1 };
const neverBegun = (part: Part): Outcome => ({
  part,
  tally: NOTHING,
  output: "expected to begin before the time was up",
  seconds: 0,
  cut: "never begun",
});

async function run(part: Part, timeUp: AbortSignal): Promise<Outcome> {
  const startedAt = performance.now();
  const { output, ok, hung } = await spawned(part.command, timeUp);
  const told = part.report === undefined ? checked(ok) : tested(part.report, ok);
  const tally = hung ? { ...told.tally, failed: Math.max(1, told.tally.failed) } : told.tally;
  const seconds = (performance.now() - startedAt) / 1_000;
  return { part, tally, output: output + told.more, seconds, cut: hung ? "hung" : null };
}

type Told = { readonly tally: Tally; readonly more: string };

const checked = (ok: boolean): Told => ({ tally: ok ? { passed: 1, failed: 0 } : NOTHING, more: "" });

function tested(file: string, ok: boolean): Told {
  const report = read(file);
  return { tally: tallyOf(report, ok), more: notPassed(report) };
}

type Spawned = { readonly output: string; readonly ok: boolean; readonly hung: boolean };

function spawned(command: readonly string[], timeUp: AbortSignal): Promise<Spawned> {
  const [program = "", ...args] = command;
  const colors = process.stdout.isTTY && !process.env.NO_COLOR ? { FORCE_COLOR: "1" } : {};
  const env = { ...process.env, ...colors, ...compiled, WRANGLER_SEND_METRICS: "false" };
  const child = spawn(program, args, { env, stdio: ["ignore", "pipe", "pipe"] });
  const chunks: Buffer[] = [];
  const keep = (chunk: Buffer) => void chunks.push(chunk);
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  const output = () => Buffer.concat(chunks).toString("utf8");
  let hung = false;
  const end = (): void => {
    hung = true;
    endFamily(child);
  };
  timeUp.addEventListener("abort", end, { once: true });
  return new Promise((resolve) => {
    const tell = (more: string, ok: boolean) => {
      timeUp.removeEventListener("abort", end);
      resolve({ output: `${output()}${more}`, ok: ok && !hung, hung });
    };
    child.once("error", (error) => tell(`${error.message}\n`, false));
    child.once("exit", (code) => {
      const done = () => {
        for (const pipe of [child.stdout, child.stderr]) pipe.destroy();
        tell("", code === 0);
      };
      // A process that the part has left behind holds the pipes open for as long as it lives.
      const late = setTimeout(done, DRAIN_MS);
      child.once("close", () => {
        clearTimeout(late);
        done();
      });
    });
  });
}

/** What a program has printed is in the pipe when it ends; reading that takes milliseconds. */
const DRAIN_MS = 1_000;

/** Asked first, so that it can say what it was at and take down its stacks; then the part and all it has started. */
function endFamily(child: ChildProcess): void {
  const family: ProcessId[] = child.pid === undefined ? [] : listDescendants(child.pid);
  child.kill("SIGTERM");
  setTimeout(() => {
    child.kill("SIGKILL");
    for (const pid of stillRunning(family)) killQuietly(pid);
  }, FAREWELL_MS);
}

const FAREWELL_MS = 3_000;

function killQuietly(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended by itself in the meantime.
  }
}

function read(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return null;
  }
}
