/** How fast one host may be called now, and who gets how many turns. Pure. */
import { allowed } from "./allowance.ts";
import { issue, openMs, turnsAhead } from "./grid.ts";
import { GRID, RATE } from "./numbers.ts";
import type { GateState } from "./state.ts";
import type { Turns } from "./words.ts";

export type Pace = {
  /** What is found, what the headers allow, the ceiling: the least of them. */
  readonly perSecond: number;
  /** What the headers and the ceiling allow at most. */
  readonly most: number;
  readonly everyMs: number;
  readonly lateMs: number;
  readonly catchUpMs: number;
};

export function paceOf({ rate, allowance, ceiling }: GateState, now: number): Pace {
  const most = Math.min(
    allowed(allowance, now) ?? Number.POSITIVE_INFINITY,
    ceiling === null ? Number.POSITIVE_INFINITY : ceiling / GRID.ceilingSpacing,
  );
  const perSecond = Math.min(rate.perSecond, most);
  const everyMs = ceiling === null && perSecond >= RATE.unpaced ? 0 : 1000 / perSecond;
  const lateMs = latenessOf(everyMs, ceiling);
  return {
    perSecond,
    most,
    everyMs,
    lateMs,
    catchUpMs: Math.max(0, Math.min(GRID.catchUpMs, lateMs - SPARE_MS)),
  };
}

/**
 * Under a ceiling so many turns in a row that they are one too many for a second lie a little more than a second
 * apart, if all lie as close as may be. This turn's next is further off than that, and by so much it may be late.
 */
function latenessOf(everyMs: number, ceiling: number | null): number {
  if (ceiling === null) return GRID.lateMs;
  const closest = (1000 * GRID.ceilingSpacing) / ceiling;
  return Math.min(GRID.lateMs, Math.max(0, everyMs - closest + SPARE_MS));
}

/** What the wider spacing leaves in a second, less what may be lost on the way. */
const SPARE_MS = 1000 * (GRID.ceilingSpacing - 1) - GRID.travelMs;

/** Grants turns, perhaps fewer than are asked for, but at least one. */
export function grant(
  state: GateState,
  { by, calls }: { by: number; calls: number },
  now: number,
): { state: GateState; turns: Turns } {
  const pace = paceOf(state, now);
  const { everyMs, lateMs } = pace;
  const held = turnsAhead(state.grid, by, now);
  const others = Math.max(0, state.grid.nextAt - now - held * everyMs - openMs(state.grid, now));
  const isSearch = state.rate.mark === null && state.rate.perSecond <= pace.most;
  const share = shareOf(others, everyMs, isSearch ? GRID.searchMs : GRID.horizonMs);
  const wanted = everyMs === 0 ? calls : Math.min(Math.max(1, calls - held), share);
  const notBefore = Math.max(everyMs === 0 ? now : now - pace.catchUpMs, state.rate.holdUntil);
  const { grid, stretch } = issue(state.grid, { by, calls: wanted, everyMs, notBefore }, now);
  const turns = { from: stretch.from, everyMs, calls: stretch.calls, lateMs, era: state.rate.era };
  return { state: { ...state, grid }, turns };
}

/** In a crowd everybody gets half of what is left up to the horizon, so that who comes next gets some as well. */
function shareOf(othersMs: number, everyMs: number, horizonMs: number): number {
  if (othersMs <= 2 * everyMs) return Math.max(1, Math.floor(GRID.aloneMs / everyMs));
  const least = Math.max(1, Math.min(GRID.leastCalls, Math.floor(horizonMs / 5 / everyMs)));
  return Math.max(least, Math.floor((horizonMs - othersMs) / 2 / everyMs));
}
