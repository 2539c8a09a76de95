/** The turns that were handed out, on one line of time. No two are the same, so nobody need know of anybody. */
import { GRID } from "./numbers.ts";
import type { Grid, Hole, Stretch } from "./state.ts";

/** Hands out the next turns, perhaps fewer than wanted: those of a hole first. Unpaced ones (`everyMs` 0) are not on the line. */
export function issue(
  grid: Grid,
  wanted: { by: number; calls: number; everyMs: number; notBefore: number },
  now: number,
): { grid: Grid; stretch: Stretch } {
  const { by, calls, everyMs, notBefore } = wanted;
  const issued = grid.issued.filter((one) => endOf(one) > now - GRID.rememberMs);
  const holes = grid.holes.filter(({ until }) => until > now);
  if (everyMs === 0 || calls === 0) {
    return { grid: { ...grid, issued, holes }, stretch: { by, from: notBefore, everyMs, calls } };
  }
  const hole = holes.find((one) => fitting(one, wanted) >= Math.min(calls, GRID.leastCalls));
  if (hole === undefined) {
    const stretch = { by, from: Math.max(grid.nextAt, notBefore), everyMs, calls };
    return { grid: { nextAt: endOf(stretch), issued: [...issued, stretch], holes }, stretch };
  }
  const from = Math.max(hole.from, notBefore);
  const stretch = { by, from, everyMs, calls: Math.min(calls, fitting(hole, wanted)) };
  const rest = { from: endOf(stretch), until: hole.until };
  return {
    grid: {
      nextAt: grid.nextAt,
      issued: [...issued, stretch],
      holes: holes.map((one) => (one === hole ? rest : one)),
    },
    stretch,
  };
}

/** Whole turns of this spacing, so that what follows the hole keeps its distance. */
const fitting = (
  { from, until }: Hole,
  { everyMs, notBefore }: { everyMs: number; notBefore: number },
): number => Math.floor((until - Math.max(from, notBefore)) / everyMs + NEARLY);

/**
 * Takes back what somebody holds of the time after `at`. The end of the line is handed out again as such; what lies
 * before others' turns is remembered as a hole, else a delivery that met a refusal would take its turns a second
 * later than it could, with nothing in their place.
 */
export function giveUp(grid: Grid, by: number, at: number): Grid {
  const issued = grid.issued.flatMap((one) => {
    if (one.by !== by) return [one];
    const calls = turnsUpTo(one, at);
    return calls > 0 ? [{ ...one, calls }] : [];
  });
  const back = grid.issued
    .filter((one) => one.by === by && endOf(one) > at)
    .map((one) => ({
      from: Math.max(at, one.from + turnsUpTo(one, at) * one.everyMs),
      until: endOf(one),
    }));
  const isEnd = back.some(({ until }) => until >= grid.nextAt - NEARLY);
  const nextAt = isEnd ? Math.min(grid.nextAt, Math.max(at, ...issued.map(endOf))) : grid.nextAt;
  const holes = [...grid.holes, ...back].filter(({ from, until }) => from < until && until <= nextAt);
  return { nextAt, issued, holes };
}

/** Time that holes leave to whoever asks next, in ms. */
export const openMs = ({ holes }: Grid, now: number): number =>
  holes.reduce((sum, { from, until }) => sum + Math.max(0, until - Math.max(from, now)), 0);

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
