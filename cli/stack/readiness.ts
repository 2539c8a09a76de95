/** Waits until an address answers, or until that cannot come true any more. */
import { setTimeout as wait } from "node:timers/promises";
import type { Child } from "./child.ts";
import { readyPollMs } from "./limits.ts";

export type NotReady =
  | { readonly reason: "died" }
  | { readonly reason: "late"; readonly lastAnswer: string }
  | { readonly reason: "stopped" };

/** Null once the address answers 200. */
export async function untilReady(
  address: string,
  child: Child,
  withinMs: number,
  stopping: AbortSignal,
): Promise<NotReady | null> {
  const giveUpAt = performance.now() + withinMs;
  let lastAnswer = "nothing";
  while (performance.now() < giveUpAt) {
    if (stopping.aborted) return { reason: "stopped" };
    if (!child.isRunning()) return { reason: "died" };
    const answer = await tryOnce(address, stopping);
    if (answer === "ready") return null;
    lastAnswer = answer;
    await wait(readyPollMs);
  }
  return { reason: "late", lastAnswer };
}

async function tryOnce(address: string, stopping: AbortSignal): Promise<string> {
  try {
    const answer = await fetch(address, { signal: AbortSignal.any([stopping, AbortSignal.timeout(10_000)]) });
    const text = await answer.text();
    return answer.status === 200 ? "ready" : `HTTP ${answer.status}: ${text.slice(0, 300)}`;
  } catch {
    return "no connection";
  }
}
