/** Runs parts side by side and tells of each as it ends; a part that crashes has failed. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { notPassed, type Part, type Tally, tallyOf } from "./checks.ts";

export type Outcome = {
  readonly part: Part;
  readonly tally: Tally;
  /** What it printed, stdout and stderr as they came. */
  readonly output: string;
  readonly seconds: number;
};

/** What needs no order among each other is a lane each; the parts of one lane follow one another. */
type Lane = readonly Part[];

/** @param slots lanes at a time. @param tell is asked once for each part, at its end. */
export async function runLanes(
  lanes: readonly Lane[],
  slots: number,
  tell: (outcome: Outcome) => void,
): Promise<Outcome[]> {
  const waiting = [...lanes];
  const outcomes: Outcome[] = [];
  const drain = async (): Promise<void> => {
    for (let lane = waiting.shift(); lane; lane = waiting.shift()) {
      for (const part of lane) {
        const outcome = await run(part);
        outcomes.push(outcome);
        tell(outcome);
      }
    }
  };
  await Promise.all(Array.from({ length: slots }, drain));
  return outcomes;
}

async function run(part: Part): Promise<Outcome> {
  const startedAt = performance.now();
  const { output, ok } = await spawned(part.command);
  const told = part.report === undefined ? checked(ok) : tested(part.report, ok);
  const seconds = (performance.now() - startedAt) / 1_000;
  return { part, tally: told.tally, output: output + told.more, seconds };
}

type Told = { readonly tally: Tally; readonly more: string };

const checked = (ok: boolean): Told => ({ tally: { passed: ok ? 1 : 0, failed: ok ? 0 : 1 }, more: "" });

function tested(file: string, ok: boolean): Told {
  const report = read(file);
  return { tally: tallyOf(report, ok), more: notPassed(report) };
}

function spawned(command: readonly string[]): Promise<{ output: string; ok: boolean }> {
  const [program = "", ...args] = command;
  const colors = process.stdout.isTTY && !process.env.NO_COLOR ? { FORCE_COLOR: "1" } : {};
  const env = { ...process.env, ...colors, WRANGLER_SEND_METRICS: "false" };
  const child = spawn(program, args, { env, stdio: ["ignore", "pipe", "pipe"] });
  const chunks: Buffer[] = [];
  const keep = (chunk: Buffer) => void chunks.push(chunk);
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  const output = () => Buffer.concat(chunks).toString("utf8");
  return new Promise((resolve) => {
    child.once("error", (error) => resolve({ output: `${output()}${error.message}\n`, ok: false }));
    child.once("exit", (code) => {
      const done = () => {
        for (const pipe of [child.stdout, child.stderr]) pipe.destroy();
        resolve({ output: output(), ok: code === 0 });
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

function read(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return null;
  }
}
