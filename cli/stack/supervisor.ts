/**
 * Who lives and who ends: everything that a stack has opened is handed in here, and is closed in the opposite
 * order exactly once: when asked to, when the start fails, or when a child ends although nobody asked it to.
 */
import type { Child } from "./child.ts";
import { childDied, type StackFault } from "./faults.ts";

export type Supervisor = {
  /** Aborted as soon as the end has begun. */
  readonly stopping: AbortSignal;
  /** A child that must live as long as the stack. */
  readonly adopt: (child: Child) => void;
  readonly onStop: (close: () => Promise<void> | void) => void;
  readonly stop: () => Promise<void>;
  /** Resolves once everything is stopped because a child ended by itself. */
  readonly broken: Promise<StackFault>;
  /** The same as soon as it is known: what then fails in its wake is not the cause. */
  readonly cause: () => StackFault | null;
};

export function createSupervisor(): Supervisor {
  const ending = new AbortController();
  const broken = Promise.withResolvers<StackFault>();
  const closers: (() => Promise<void> | void)[] = [];
  let stopped: Promise<void> | null = null;
  let cause: StackFault | null = null;

  const stop = (): Promise<void> => {
    ending.abort();
    stopped ??= closeAll(closers);
    return stopped;
  };

  const watch = async (child: Child): Promise<void> => {
    await child.ended;
    if (ending.signal.aborted) return;
    const fault = await childDied(child);
    cause ??= fault;
    await stop();
    broken.resolve(cause);
  };

  return {
    stopping: ending.signal,
    adopt: (child) => {
      closers.push(child.stop);
      watch(child).catch(broken.reject);
    },
    onStop: (close) => {
      closers.push(close);
    },
    stop,
    broken: broken.promise,
    cause: () => cause,
  };
}

async function closeAll(closers: (() => Promise<void> | void)[]): Promise<void> {
  for (let close = closers.pop(); close !== undefined; close = closers.pop()) await close();
}
