/** CPU time and resident memory of a process and all below it, from /proc. Linux only. */
import { readdirSync, readFileSync } from "node:fs";

export type Usage = { readonly cpuMs: number; readonly residentBytes: number };
export type ProcessRow = Usage & { readonly pid: number; readonly parent: number; readonly command: string };

/** `USER_HZ`, 100 on every Linux that Node runs on (`getconf CLK_TCK`). */
const MS_PER_TICK = 10;
const PAGE_BYTES = 4_096;

/** One line of /proc/PID/stat; the command may hold blanks and brackets. Fields: man 5 proc_pid_stat. */
export function readStat(line: string): ProcessRow | null {
  const [, pid, command, rest] = /^(\d+) \((.*)\) \S (.*)$/s.exec(line) ?? [];
  if (pid === undefined || command === undefined || rest === undefined) return null;
  // The first of `rest` is field 4, the parent.
  const field = (number: number): number => Number(rest.split(" ")[number - 4]);
  return {
    pid: Number(pid),
    parent: field(4),
    command,
    cpuMs: (field(14) + field(15)) * MS_PER_TICK,
    residentBytes: field(24) * PAGE_BYTES,
  };
}

/** The roots and whatever has come from them. */
export function treeOf(rows: readonly ProcessRow[], roots: readonly number[]): ProcessRow[] {
  const inTree = new Set(roots);
  for (let before = -1; before !== inTree.size; ) {
    before = inTree.size;
    for (const { pid, parent } of rows) if (inTree.has(parent)) inTree.add(pid);
  }
  return rows.filter(({ pid }) => inTree.has(pid));
}

export function usageOf(roots: readonly number[], command?: string): Usage {
  const tree = treeOf(processTable(), roots).filter(
    (row) => command === undefined || row.command === command,
  );
  return {
    cpuMs: tree.reduce((sum, row) => sum + row.cpuMs, 0),
    residentBytes: tree.reduce((sum, row) => sum + row.residentBytes, 0),
  };
}

export type PeakWatch = { stop(): number };

/** The highest sum of resident memory, looked at five times a second: more often costs what is measured. */
export function watchPeak(roots: readonly number[], everyMs = 200): PeakWatch {
  let peak = usageOf(roots).residentBytes;
  const look = (): void => {
    peak = Math.max(peak, usageOf(roots).residentBytes);
  };
  const timer = setInterval(look, everyMs);
  return {
    stop() {
      clearInterval(timer);
      look();
      return peak;
    },
  };
}

function processTable(): ProcessRow[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => readStat(readOr("", `/proc/${pid}/stat`)) ?? []);
}

/** A process may end between being listed and being read. */
function readOr(fallback: string, path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return fallback;
  }
}
