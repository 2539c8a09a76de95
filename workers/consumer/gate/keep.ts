/**
 * What of a gate outlives its object: enough that an eviction, a deployment or a crash forgets neither an outage
 * nor a limit. It is written when such a thing changed, not with every call. Pure.
 */
import { GRID } from "./numbers.ts";
import { freshGate, GateState } from "./state.ts";

/** @returns what should be stored now, or null where what is stored will do. */
export function worthKeeping(kept: GateState, state: GateState): GateState | null {
  const isNews =
    !isSame(kept.breaker.shut, state.breaker.shut) ||
    kept.rate.era !== state.rate.era ||
    state.rate.perSecond > kept.rate.perSecond * NOTABLE_GROWTH ||
    kept.allowance?.byMinute !== state.allowance?.byMinute ||
    kept.allowance?.limit !== state.allowance?.limit ||
    kept.ceiling !== state.ceiling ||
    (state.ceiling !== null && state.grid.nextAt > kept.grid.nextAt);
  return isNews ? lasting(state) : null;
}

const NOTABLE_GROWTH = 1.5;

const isSame = (a: unknown, b: unknown): boolean => a === b || JSON.stringify(a) === JSON.stringify(b);

/**
 * Turns may still be out when the object comes back: under a ceiling the next ones begin after the last of them,
 * and some time is added so that it need not be stored with each grant. Elsewhere the gate would only lose time.
 */
const lasting = (state: GateState): GateState => ({
  ...state,
  grid: {
    nextAt: state.ceiling === null ? 0 : state.grid.nextAt + GRID.storedAheadMs,
    issued: [],
    holes: [],
  },
  rate: { ...state.rate, heard: [] },
});

/** @param stored whatever was found; what this version cannot read counts as nothing. */
export function restored(stored: unknown): GateState {
  const state = GateState.safeParse(stored);
  return state.success ? state.data : freshGate();
}
