/**
 * One upstream host's gate: how fast it may be called, and whether at all. Pure; `upstream-gate.ts` keeps the
 * state and the time.
 */
import { hearQuota } from "./allowance.ts";
import { hear, release, retryAfterMs, sendAway, shutFor, standing, startProbe } from "./breaker.ts";
import { giveUp, turnsWithin } from "./grid.ts";
import { BREAKER, GRID } from "./numbers.ts";
import { grant, paceOf } from "./pace.ts";
import { learn } from "./rate.ts";
import type { GateState, Rate, Shut } from "./state.ts";
import type { Answer, Ask, Report, Turns } from "./words.ts";

/** What the gate must know of one delivery: its name, and the era of the turns that it was given last. */
export type Pass = { readonly by: number; readonly era: number };

export type Step = { readonly state: GateState; readonly pass: Pass; readonly answer: Answer };

/** A delivery begins. */
export function enter(state: GateState, ask: Ask, now: number): Step {
  const by = state.passes + 1;
  const entered = { ...state, passes: by, ceiling: ask.ceiling };
  const pass = { by, era: state.rate.era };
  const told = ask.report === null ? entered : learnFrom(entered, ask.report, by, now);
  return answerTo(told, pass, ask.calls, now);
}

/** A delivery needs more turns than it has, or met a refusal on them. */
export function more(state: GateState, pass: Pass, calls: number, report: Report, now: number): Step {
  const told = learnFrom(state, report, pass.by, now);
  const isVoid = told.rate.era !== pass.era || (report.refused > 0 && report.era === pass.era);
  return answerTo(isVoid ? giveBack(told, pass, now) : told, pass, calls, now);
}

/** A delivery's last word. @returns how the gate stands: `probe` where the next who asks may try. */
export function tell(state: GateState, pass: Pass, report: Report, now: number): Step {
  const told = leave(learnFrom(state, report, pass.by, now), pass, now);
  const how = standing(told.breaker, pass.by, now);
  if (how.kind === "shut") return shutOff(told, pass, how.shut, now);
  const none: Turns = { from: now, everyMs: 0, calls: 0, lateMs: 0, era: told.rate.era };
  return { state: told, pass, answer: letIn(told, none) };
}

/** A delivery is over, or its isolate is: what it holds is free. */
export function leave(state: GateState, pass: Pass, now: number): GateState {
  return { ...giveBack(state, pass, now), breaker: release(state.breaker, pass.by) };
}

/** Under a ceiling, a turn whose time has nearly come may be used before its holder hears that it is void. */
const giveBack = (state: GateState, { by }: Pass, now: number): GateState => ({
  ...state,
  grid: giveUp(state.grid, by, state.ceiling === null ? now : now + GRID.travelMs),
});

function answerTo(state: GateState, pass: Pass, calls: number, now: number): Step {
  const how = standing(state.breaker, pass.by, now);
  if (how.kind === "shut") return shutOff(leave(state, pass, now), pass, how.shut, now);
  const breaker = how.kind === "free" ? startProbe(state.breaker, pass.by, now) : state.breaker;
  const wanted = how.kind === "open" ? calls : Math.min(calls, BREAKER.probeCalls);
  const granted = grant({ ...state, breaker }, { by: pass.by, calls: wanted }, now);
  const answer = letIn(granted.state, granted.turns);
  return { state: granted.state, pass: { ...pass, era: state.rate.era }, answer };
}

function letIn({ breaker: { shut, streak } }: GateState, turns: Turns): Answer {
  if (shut === null) return { kind: "open", turns, failedInARow: streak };
  return { kind: "probe", turns, reason: shut.reason, since: shut.since };
}

function shutOff(state: GateState, pass: Pass, was: Shut, now: number): Step {
  const { shut, until, herald } = sendAway(was, now);
  const { reason, since } = shut;
  const answer: Answer = { kind: "shut", reason, since, until, herald };
  return { state: { ...state, breaker: { ...state.breaker, shut } }, pass, answer };
}

function learnFrom(state: GateState, report: Report, by: number, now: number): GateState {
  const heard = { ...state, allowance: hearQuota(state.allowance, report) };
  const breaker = hear(state.breaker, report, by, now);
  if (breaker.shut !== null) return { ...heard, breaker };
  const rate = state.breaker.shut === null ? state.rate : resumed(state.rate, now);
  const learnt = { ...heard, breaker, rate: learnRate({ ...heard, rate }, report, now) };
  return isHopeless(learnt.rate, now) ? shutOut(learnt, report, now) : learnt;
}

/** After an outage: at the rate that was found, neither above it nor with a burst of turns that nobody took. */
const resumed = (rate: Rate, now: number): Rate => ({
  ...rate,
  holdUntil: now,
  raisedAt: now,
  raisedFrom: now,
});

function learnRate(state: GateState, report: Report, now: number): Rate {
  const { perSecond, most } = paceOf(state, now);
  return learn(state.rate, report, {
    turnsBefore: (at) => turnsWithin(state.grid, at - 1000, at),
    nextAt: state.grid.nextAt,
    perSecond,
    most,
    byMinute: state.allowance?.byMinute === true,
    now,
  });
}

const isHopeless = ({ struck }: Rate, now: number): boolean =>
  struck !== null && struck.times >= BREAKER.hopelessStrikes && now - struck.since >= BREAKER.hopelessMs;

/** Everything is refused, however little it is: the host's own `Retry-After` now binds everybody. */
function shutOut(state: GateState, report: Report, now: number): GateState {
  const { rate } = state;
  const perSecond = (rate.struck?.peak ?? rate.perSecond) / 2;
  return {
    ...state,
    breaker: shutFor(state.breaker, "rate_limited", retryAfterMs(report), now),
    rate:
      state.allowance?.byMinute === true
        ? { ...rate, struck: null }
        : { ...rate, struck: null, perSecond, mark: perSecond },
  };
}
