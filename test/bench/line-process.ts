/** A script of the bench in a process of its own, so that its CPU and memory are its own; it speaks in lines. */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";

export type LineProcess = {
  readonly pid: number;
  /** The next line of its stdout. @throws with its stderr if it ends before */
  line(): Promise<string>;
  say(line: string): void;
  stop(): Promise<void>;
};

const running = new Set<ChildProcess>();
/** However this process ends, what it has started ends as well. */
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** @param variables the whole environment beside PATH and HOME */
export function startLine(script: string, variables: Readonly<Record<string, string>>): LineProcess {
  return lines([process.execPath, script], variables);
}

export function lines(command: readonly string[], variables: Readonly<Record<string, string>>): LineProcess {
  const { PATH = "", HOME = "" } = process.env;
  const [program = "", ...args] = command;
  const child = spawn(program, args, {
    env: { PATH, HOME, ...variables } as unknown as NodeJS.ProcessEnv,
    stdio: ["pipe", "pipe", "pipe"],
  });
  running.add(child);
  const errors: string[] = [];
  child.stderr.on("data", (data) => errors.push(String(data)));
  const ended = new Promise<void>((resolve) => {
    child.once("error", (error) => {
      errors.push(error.message);
      resolve();
    });
    child.once("exit", () => resolve());
  }).then(() => running.delete(child));
  const said = createInterface(child.stdout)[Symbol.asyncIterator]();
  return {
    pid: child.pid ?? -1,
    async line() {
      const { value, done } = await said.next();
      if (!done) return value;
      await ended;
      throw new Error(`Expected a line of ${command.join(" ")}, it ended:\n${errors.join("").slice(-4_000)}`);
    },
    say(line) {
      child.stdin.write(`${line}\n`);
    },
    async stop() {
      child.kill("SIGTERM");
      await ended;
    },
  };
}
