/** When to come back after a failed attempt. No I/O. No clock, no dice: both are handed in. */

/** Doubles from 2 s to at most 10 minutes: long enough for a deploy on the other side, short enough for a person. */
export const BACKOFF = { baseSeconds: 2, factor: 2, capSeconds: 600 } as const;

/**
 * Seconds to wait after the `attempt`-th failure (from 1). Half of the step is fixed and half is chance: full
 * jitter may come back at once, and the other side has just said that it is in trouble.
 *
 * | attempt | 1 | 2 | 3 | 4 | 5 |
 * |---|---|---|---|---|---|
 * | seconds | 1–2 | 2–4 | 4–8 | 8–16 | 16–32 |
 */
export function backoffSeconds(attempt: number, random: () => number): number {
  const step = Math.min(BACKOFF.capSeconds, BACKOFF.baseSeconds * BACKOFF.factor ** (attempt - 1));
  return step / 2 + (step / 2) * random();
}
