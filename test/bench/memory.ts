/** How much memory the runtimes below a process hold, read from /proc as they run. Linux only. */
import { readdirSync, readFileSync } from "node:fs";

/** Resident bytes of all `workerd` processes that this process, or one of its children, has started. */
export function residentBytes(ancestor: number): number {
  let bytes = 0;
  for (const pid of runtimesBelow(ancestor)) bytes += statusOf(pid, "VmRSS") ?? 0;
  return bytes;
}

export type Watch = {
  /** The highest seen so far. */
  readonly peak: () => number;
  readonly stop: () => void;
};

export function watchMemory(ancestor: number, everyMs = 20): Watch {
  let peak = 0;
  const look = (): void => {
    peak = Math.max(peak, residentBytes(ancestor));
  };
  look();
  const timer = setInterval(look, everyMs);
  return { peak: () => peak, stop: () => clearInterval(timer) };
}

function runtimesBelow(ancestor: number): number[] {
  const parents = new Map<number, { parent: number; command: string }>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const stat = readOr("", `/proc/${name}/stat`);
    const [, command, parent] = /^\d+ \((.*)\) \S (\d+)/.exec(stat) ?? [];
    if (command !== undefined) parents.set(Number(name), { parent: Number(parent), command });
  }
  const below = (pid: number): boolean => {
    for (let at = parents.get(pid)?.parent; at !== undefined && at > 1; at = parents.get(at)?.parent) {
      if (at === ancestor) return true;
    }
    return false;
  };
  return [...parents].filter(([pid, { command }]) => command === "workerd" && below(pid)).map(([pid]) => pid);
}

function statusOf(pid: number, field: string): number | null {
  const found = new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(readOr("", `/proc/${pid}/status`));
  return found?.[1] === undefined ? null : Number(found[1]) * 1024;
}

/** A process may end between being listed and being read. */
function readOr(fallback: string, path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return fallback;
  }
}
