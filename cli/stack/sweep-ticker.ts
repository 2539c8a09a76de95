/**
 * The cron of a local run. `wrangler dev` fires none by itself, but has an address that does. At once, then every
 * five seconds, and never two at once: the next waits until the one before has answered.
 */
import { setTimeout as wait } from "node:timers/promises";
import { sweepAnswerMs, sweepEveryMs } from "./limits.ts";

export type SweepTicker = { readonly stop: () => Promise<void> };

export type SweepTickerOptions = {
  /** Origin of the primary Worker, the only one that the address reaches. */
  readonly url: string;
  /** A sweep that failed: told once, until one has succeeded again. */
  readonly onFailure: (message: string) => void;
  /** @default 5 s */
  readonly everyMs?: number;
};

export function startSweepTicker({
  url,
  onFailure,
  everyMs = sweepEveryMs,
}: SweepTickerOptions): SweepTicker {
  const stopping = new AbortController();
  const running = tick(`${url}/cdn-cgi/local/scheduled?cron=*+*+*+*+*`, stopping.signal, onFailure, everyMs);
  return {
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}

async function tick(
  address: string,
  stopped: AbortSignal,
  onFailure: (message: string) => void,
  everyMs: number,
): Promise<void> {
  let failing = false;
  while (!stopped.aborted) {
    const failure = await sweepOnce(address, stopped);
    if (failure !== null && !failing && !stopped.aborted) onFailure(failure);
    failing = failure !== null;
    await wait(everyMs, undefined, { signal: stopped }).catch(() => {});
  }
}

async function sweepOnce(address: string, stopped: AbortSignal): Promise<string | null> {
  try {
    const signal = AbortSignal.any([stopped, AbortSignal.timeout(sweepAnswerMs)]);
    const answer = await fetch(address, { signal });
    const outcome = (await answer.text()).trim();
    return answer.ok && outcome === "ok" ? null : `HTTP ${answer.status}, ${outcome.slice(0, 200)}`;
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
  }
}
