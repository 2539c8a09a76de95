/** What a simulated run came to, in the words of the requirements. */
import type { Call, Scenario } from "./simulation.ts";

/** Calls a second that the host, and the ceiling, would have taken. */
const takes = ({ limit, windowMs = 1000, ceiling = null }: Scenario, second: number): number =>
  Math.min((limit(second) * 1000) / windowMs, ceiling ?? Number.POSITIVE_INFINITY);

const STEP = 0.05;

/** Accepted calls, as a share of what was allowed. @param from, to seconds since the start. */
export function use(scenario: Scenario, calls: readonly Call[], from = 0, to = scenario.seconds): number {
  let allowed = 0;
  for (let second = from; second < to; second += STEP) allowed += takes(scenario, second) * STEP;
  return within(calls, from, to).filter(({ refused }) => !refused).length / allowed;
}

/** Share of calls that met a 429, without those of the five seconds after each change of the limit. */
export function refusedShare(calls: readonly Call[], changes: readonly number[] = [], from = 0): number {
  const counted = calls.filter(
    ({ at }) =>
      at >= from * 1000 && !changes.some((change) => at >= change * 1000 && at < (change + 5) * 1000),
  );
  return counted.filter(({ refused }) => refused).length / Math.max(1, counted.length);
}

/** Seconds until two seconds follow in which nine tenths of the new limit are used, and hardly a call refused. */
export function foundAfter(scenario: Scenario, calls: readonly Call[], change: number): number {
  for (let second = change; second + 2 <= scenario.seconds; second += 0.25) {
    const some = within(calls, second, second + 2);
    const accepted = some.filter(({ refused }) => !refused).length;
    const isUsed = accepted >= 0.9 * 2 * takes(scenario, change);
    if (isUsed && some.length - accepted <= 0.03 * some.length) return second - change;
  }
  return Number.POSITIVE_INFINITY;
}

/** Most calls in any one second. */
export function mostInASecond(calls: readonly Call[]): number {
  const times = calls.map(({ at }) => at).sort((a, b) => a - b);
  let first = 0;
  return times.reduce((most, at, index) => {
    while (at - (times[first] ?? at) >= 1000) first += 1;
    return Math.max(most, index - first + 1);
  }, 0);
}

const within = (calls: readonly Call[], from: number, to: number): Call[] =>
  calls.filter(({ at }) => at >= from * 1000 && at < to * 1000);
