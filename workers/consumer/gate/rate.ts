/**
 * How many calls a second a host takes. Nobody publishes it, so it is found: faster while nothing is refused, and
 * after a refusal no faster than what was accepted (fall.ts). Pure.
 */
import { counted, explains } from "./chance.ts";
import { bounded, endTrial, isWaiting, lower, newEra, type Seen, strike } from "./fall.ts";
import { QUOTA, RATE } from "./numbers.ts";
import type { Rate } from "./state.ts";
import type { Report } from "./words.ts";

export function learn(before: Rate, report: Report, seen: Seen): Rate {
  if (report.calls === 0) return before;
  const rate = remember(before, report, seen.now);
  // What was met on turns of an older era has been answered already.
  if (report.era !== rate.era) return rate;
  return react(count(rate, report), report, seen);
}

function remember(rate: Rate, report: Report, now: number): Rate {
  const { calls, refused, firstAt, lastAt } = report;
  const weight = Math.min(1, calls / RATE.boundCalls);
  return {
    ...rate,
    waiting: rate.waiting + (report.waited / calls - rate.waiting) * weight,
    heard: [...rate.heard.filter((one) => one.lastAt > now - 1000), { calls, refused, firstAt, lastAt }],
  };
}

function count(rate: Rate, { calls, refused }: Report): Rate {
  const inEra = { calls: rate.inEra.calls + calls, refused: rate.inEra.refused + refused };
  const struck = inEra.refused < inEra.calls ? null : rate.struck;
  return { ...rate, inEra, struck, chance: counted(rate.chance, { calls, refused }) };
}

function react(rate: Rate, report: Report, seen: Seen): Rate {
  const { chance, inEra } = rate;
  const isBound = rate.perSecond <= seen.most && isWaiting(rate) && 2 * report.failed <= report.calls;
  if (chance.trial !== null) return endTrial(rate, chance.trial, seen);
  if (report.refused === 0) return isBound ? raise(rate, report, seen) : rate;
  const nothing = inEra.refused === inEra.calls;
  if (nothing && (chance.noise === null || inEra.calls >= ALL_BY_CHANCE)) return strike(rate, report, seen);
  if (seen.byMinute) return newEra(rate, seen.now + QUOTA.holdMs);
  if (explains(chance)) return isBound ? raise(rate, report, seen) : rate;
  return lower(rate, seen);
}

/** Where one call in ten is refused by chance, so many in a row are not. */
const ALL_BY_CHANCE = 5;

/** Only what has been tried is raised further, and only where the rate is what held the calls back. */
function raise(rate: Rate, report: Report, { nextAt, now }: Seen): Rate {
  const triedMs = report.lastAt - rate.raisedFrom;
  const raised = { ...rate, raisedAt: now, raisedFrom: Math.max(now, nextAt) };
  if (rate.mark === null) {
    return triedMs < RATE.doubleMs ? rate : { ...raised, perSecond: bounded(rate.perSecond * 2) };
  }
  if (now < rate.steadyUntil || triedMs < RATE.triedMs) return rate;
  const sinceMs = Math.min(1000, now - Math.max(rate.steadyUntil - SOONER_MS, rate.raisedAt));
  const growth = Math.min(RATE.raiseMax, (1 + rate.step) ** (sinceMs / 1000));
  const step = Math.min(RATE.stepMax, rate.step * Math.min(2, 2 ** (sinceMs / RATE.stepDoublesMs)));
  return { ...raised, perSecond: bounded(rate.perSecond * growth), step };
}

/** The first growth after a steady time counts at least this, however soon after it a report comes. */
const SOONER_MS = 300;
