/** The process groups that were started here, so that none outlives this program, however it ends. */
import type { ChildProcess } from "node:child_process";

const running = new Set<ChildProcess>();

export const groups = {
  /** Forgotten when its leader ends: by then its number may be somebody else's. */
  add: (leader: ChildProcess): void => {
    running.add(leader);
    leader.once("exit", () => running.delete(leader));
  },
  /** At once and without farewell. */
  killAll: (): void => {
    for (const { pid } of running) {
      if (pid !== undefined) killQuietly(pid);
    }
    running.clear();
  },
};

function killQuietly(group: number): void {
  try {
    process.kill(-group, "SIGKILL");
  } catch {
    // It ended by itself in the meantime.
  }
}

/** @param say is told once, before the end */
export function endWithGroups(say: (line: string) => void): void {
  process.on("exit", groups.killAll);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => {
      say(`ended by ${signal}`);
      process.exit(130);
    });
  }
}
