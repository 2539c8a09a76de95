/**
 * Which processes a child has started, directly or not. Needed for one case only: `wrangler` is killed from
 * outside, and the runtimes that it started go on alone and keep the port.
 */
import { spawnSync } from "node:child_process";

/** A process id may be used again; with the command's name it is very unlikely to name another process. */
export type ProcessId = { readonly pid: number; readonly command: string };

type Row = ProcessId & { readonly parent: number };

export function listDescendants(ancestor: number): ProcessId[] {
  const rows = processTable();
  const found: Row[] = [];
  const open = [ancestor];
  for (let parent = open.pop(); parent !== undefined; parent = open.pop()) {
    const children = rows.filter((row) => row.parent === parent);
    found.push(...children);
    open.push(...children.map((row) => row.pid));
  }
  return found.map(({ pid, command }) => ({ pid, command }));
}

export function stillRunning(known: readonly ProcessId[]): number[] {
  if (known.length === 0) return [];
  const running = new Set(processTable().map(({ pid, command }) => `${pid} ${command}`));
  return known.filter(({ pid, command }) => running.has(`${pid} ${command}`)).map(({ pid }) => pid);
}

/** Empty where there is no `ps` (slim container images): then such runtimes must be ended by hand. */
function processTable(): Row[] {
  const { stdout } = spawnSync("ps", ["-A", "-o", "pid=,ppid=,comm="], { encoding: "utf8" });
  return (stdout ?? "").split("\n").flatMap((line) => {
    const [, pid, parent, command] = /^\s*(\d+)\s+(\d+)\s+(.+?)\s*$/.exec(line) ?? [];
    return pid && parent && command ? [{ pid: Number(pid), parent: Number(parent), command }] : [];
  });
}
