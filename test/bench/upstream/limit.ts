/** A limit of calls a second, as plainly as the words say: no more than so many in any stretch of 1,000 ms. Pure. */

export type Limit = {
  /** @returns null: let in; else in how many milliseconds there is room again. @param now ms, never going back */
  take(now: number): number | null;
};

export function createLimit(callsPerSecond: number): Limit {
  // The times of the last `callsPerSecond` calls that were let in, as a ring: the oldest one decides.
  const taken = new Float64Array(callsPerSecond).fill(Number.NEGATIVE_INFINITY);
  let next = 0;
  return {
    take(now) {
      const oldest = taken[next] ?? Number.NEGATIVE_INFINITY;
      if (now - oldest < WINDOW_MS) return WINDOW_MS - (now - oldest);
      taken[next] = now;
      next = (next + 1) % callsPerSecond;
      return null;
    },
  };
}

const WINDOW_MS = 1_000;
