/**
 * One child process of the stack: its output in a log of its own, and an end that is always noticed. Children
 * stay in our process group (never `detached`), so that whoever kills the group kills everything.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, renameSync } from "node:fs";
import { open } from "node:fs/promises";
import { dirname } from "node:path";
import { listDescendants, type ProcessId, stillRunning } from "./descendants.ts";
import { logTailBytes, logTailLines, stopGraceMs } from "./limits.ts";

export type Program = {
  readonly name: string;
  /** Arguments for this same Node; no secret may stand here, every user of the machine can read them. */
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly logFile: string;
};

export type Ended = { readonly code: number | null; readonly signal: NodeJS.Signals | null };

export type Child = {
  readonly name: string;
  readonly logFile: string;
  readonly ended: Promise<Ended>;
  readonly isRunning: () => boolean;
  /** Remembers the processes that the child has started by now, for the case that it dies without them. */
  readonly rememberFamily: () => void;
  readonly stop: () => Promise<void>;
};

export function startChild(program: Program): Child {
  const log = freshLog(program.logFile);
  const child = spawn(process.execPath, program.args, {
    cwd: program.cwd,
    env: program.env,
    stdio: ["ignore", log, log],
  });
  closeSync(log);
  const ended = endOf(child);
  let family: readonly ProcessId[] = [];
  const isRunning = () => child.exitCode === null && child.signalCode === null && child.pid !== undefined;
  return {
    name: program.name,
    logFile: program.logFile,
    ended,
    isRunning,
    rememberFamily: () => {
      family = child.pid === undefined ? [] : listDescendants(child.pid);
    },
    stop: async () => {
      if (isRunning()) await askToEnd(child, ended);
      for (const orphan of stillRunning(family)) killQuietly(orphan);
    },
  };
}

/** The log of the run before is kept beside it: after a crash it is the one that matters. */
function freshLog(path: string): number {
  mkdirSync(dirname(path), { recursive: true });
  try {
    renameSync(path, `${path}.before`);
  } catch {
    // There was none.
  }
  return openSync(path, "a", 0o600);
}

function endOf(child: ChildProcess): Promise<Ended> {
  const { promise, resolve } = Promise.withResolvers<Ended>();
  child.once("exit", (code, signal) => resolve({ code, signal }));
  child.once("error", () => resolve({ code: null, signal: null }));
  return promise;
}

/** SIGTERM, and after the grace SIGKILL for it and all it has started. */
async function askToEnd(child: ChildProcess, ended: Promise<Ended>): Promise<void> {
  child.kill("SIGTERM");
  const grace = Promise.withResolvers<"late">();
  const timer = setTimeout(() => grace.resolve("late"), stopGraceMs);
  if ((await Promise.race([ended, grace.promise])) === "late") {
    if (child.pid !== undefined) for (const { pid } of listDescendants(child.pid)) killQuietly(pid);
    child.kill("SIGKILL");
    await ended;
  }
  clearTimeout(timer);
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended by itself in the meantime, which is what was wanted.
  }
}

/** The last lines of a log, for people: what a child said before it died. */
export async function lastLines(path: string): Promise<string[]> {
  const file = await open(path, "r");
  try {
    const { size } = await file.stat();
    const from = Math.max(0, size - logTailBytes);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(logTailBytes), 0, logTailBytes, from);
    const lines = buffer.toString("utf8", 0, bytesRead).trimEnd().split("\n");
    return lines.slice(-logTailLines);
  } finally {
    await file.close();
  }
}
