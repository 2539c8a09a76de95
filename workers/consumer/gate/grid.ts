/** The turns that were handed out, on one line of time. No two are the same, so nobody need know of anybody. */
import { GRID } from "./numbers.ts";
import type { Grid, Stretch } from "./state.ts";

/** Hands out the next turns. Unpaced ones (`everyMs` 0) are not on the line. */
export function issue(
  grid: Grid,
  wanted: { by: number; calls: number; everyMs: number; notBefore: number },
  now: number,
): { grid: Grid; stretch: Stretch } {
  const { by, calls, everyMs, notBefore } = wanted;
  const issued = grid.issued.filter((one) => endOf(one) > now - GRID.rememberMs);
  if (everyMs === 0) return { grid: { ...grid, issued }, stretch: { by, from: notBefore, everyMs, calls } };
  const stretch = { by, from: Math.max(grid.nextAt, notBefore), everyMs, calls };
  if (calls === 0) return { grid: { ...grid, issued }, stretch };
  return { grid: { nextAt: endOf(stretch), issued: [...issued, stretch] }, stretch };
}

/**
 * Takes back what somebody holds of the time after `at`. Only the end of the line is handed out again: holes
 * further on stay empty, which after a refusal is what the host needs anyway.
 */
export function giveUp(grid: Grid, by: number, at: number): Grid {
  const issued = grid.issued.flatMap((one) => {
    if (one.by !== by) return [one];
    const calls = turnsUpTo(one, at);
    return calls > 0 ? [{ ...one, calls }] : [];
  });
  if (grid.issued.at(-1)?.by !== by) return { ...grid, issued };
  return { nextAt: Math.min(grid.nextAt, Math.max(at, ...issued.map(endOf))), issued };
}

/** Turns that somebody holds of the time after `at`. */
export const turnsAhead = (grid: Grid, by: number, at: number): number =>
  grid.issued.reduce((sum, one) => sum + (one.by === by ? one.calls - turnsUpTo(one, at) : 0), 0);

/** Turns of the time after `since`, up to `until`. */
export const turnsWithin = (grid: Grid, since: number, until: number): number =>
  grid.issued.reduce((sum, one) => sum + turnsUpTo(one, until) - turnsUpTo(one, since), 0);

const endOf = ({ from, everyMs, calls }: Stretch): number => from + everyMs * calls;

/** Rounding must not move a turn into the next stretch: it would be counted twice. */
const NEARLY = 1e-9;

const turnsUpTo = ({ from, everyMs, calls }: Stretch, at: number): number =>
  at < from ? 0 : Math.min(calls, Math.floor((at - from) / everyMs + NEARLY) + 1);
