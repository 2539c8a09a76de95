/**
 * What a refusal does to the rate: it falls to what had been accepted in the second before. For a window of a
 * second that is the limit itself, where halving would leave half of it unused. Pure.
 */
import {
  afterChance,
  afterLimit,
  afterUnproven,
  doubted,
  fasterTrial,
  judgeTrial,
  trialOf,
} from "./chance.ts";
import { QUOTA, RATE } from "./numbers.ts";
import { NONE, type Rate } from "./state.ts";
import type { Report } from "./words.ts";

export type Seen = {
  /** Turns of the second before this time. */
  readonly turnsBefore: (at: number) => number;
  /** From here on turns will go at a new rate. */
  readonly nextAt: number;
  /** The rate that is in force: what was found, or `most`, which a ceiling or the headers allow. */
  readonly perSecond: number;
  readonly most: number;
  readonly byMinute: boolean;
  readonly now: number;
};

export const newEra = (rate: Rate, holdUntil: number): Rate => ({
  ...rate,
  era: rate.era + 1,
  inEra: NONE,
  holdUntil,
});

export const bounded = (perSecond: number): number => Math.min(RATE.unpaced, Math.max(RATE.least, perSecond));

export const isWaiting = ({ waiting }: Rate): boolean => waiting >= RATE.boundShare;

/** After a refusal among answers: what was accepted in the second before is the limit. */
export function lower(rate: Rate, { turnsBefore, perSecond, most: allowed, now }: Seen): Rate {
  // Where nobody waits for turns, some are granted that nobody uses; only what was reported was sent.
  const sent = isWaiting(rate) ? turnsBefore(now) : sentSince(rate, now - 1000);
  const accepted = sent - refusedSince(rate, now - 1000);
  const isShort = now < rate.steadyUntil;
  const most = perSecond * (isShort ? RATE.shortFall : 1);
  const mark = bounded(Math.min(most, Math.max(accepted, perSecond / 2)));
  const steadyMs = Math.max(isShort ? RATE.steadyShortMs : RATE.steadyMs, (RATE.steadyCalls * 1000) / mark);
  const chance = doubted(rate.chance, { ...rate.inEra, mark }, isShort, now);
  const holdUntil = now + RATE.holdMs;
  const lowered: Rate = {
    ...newEra(rate, holdUntil),
    perSecond: bounded(mark * RATE.useOfMark),
    mark,
    step: RATE.step,
    steadyUntil: holdUntil + Math.min(RATE.steadyMaxMs, steadyMs),
    raisedAt: now,
    raisedFrom: now,
    chance,
  };
  const trial = isWaiting(rate) ? trialOf(chance, now) : null;
  return (trial && tryAt(lowered, trial, allowed, now)) ?? lowered;
}

/** @returns null: that rate is not allowed, or not paced. */
function tryAt(rate: Rate, trial: Trial, allowed: number, now: number): Rate | null {
  if (trial.perSecond >= Math.min(allowed, RATE.unpaced)) return null;
  return { ...rate, perSecond: trial.perSecond, holdUntil: now, chance: { ...rate.chance, trial } };
}

type Trial = NonNullable<Rate["chance"]["trial"]>;

export function endTrial(rate: Rate, trial: Trial, seen: Seen): Rate {
  const { now } = seen;
  const verdict = judgeTrial(trial, now);
  if (verdict === null) return rate;
  if (verdict === "unproven") {
    const faster = fasterTrial(rate.chance, trial, now);
    const tried = faster && tryAt(newEra(rate, now), faster, seen.most, now);
    if (tried !== null) return tried;
  }
  if (verdict !== "chance") {
    const learned = verdict === "limit" ? afterLimit : afterUnproven;
    return lower({ ...rate, steadyUntil: 0, chance: learned(rate.chance, now) }, seen);
  }
  const chance = afterChance(rate.chance, trial);
  return { ...rate, mark: null, steadyUntil: 0, raisedAt: now, raisedFrom: now, chance };
}

/**
 * Nothing of an era was accepted: its turns came too early, while the host still counted what it had accepted
 * before the limit fell. So the next ones come later and later, at the rate that the limit must have if the host
 * accepts them: what was accepted in the second before them.
 */
export function strike(rate: Rate, report: Report, { turnsBefore, perSecond, byMinute, now }: Seen): Rate {
  const { since, times, peak } = rate.struck ?? { since: report.firstAt, times: 0, peak: perSecond };
  const struck = { since, times: times + 1, peak };
  if (byMinute) return { ...newEra(rate, now + QUOTA.holdMs), struck };
  const isLong = now - since > 1000 - RATE.strikeHoldMs;
  const longer = isLong ? 2 ** Math.max(1, times - SHORT_STRIKES) : 1;
  const holdUntil = now + Math.min(RATE.strikeHoldMaxMs, RATE.strikeHoldMs * longer);
  const accepted = turnsBefore(holdUntil) - refusedSince(rate, holdUntil - 1000);
  const mark = bounded(Math.min(peak, accepted));
  return {
    ...newEra(rate, holdUntil),
    struck,
    mark,
    perSecond: bounded(mark * RATE.useOfMark),
    step: RATE.stepBack,
    steadyUntil: holdUntil,
    raisedAt: now,
    raisedFrom: holdUntil,
    chance: struck.times > 1 ? { ...rate.chance, shorts: [] } : rate.chance,
  };
}

/** Strikes that fit into the second in which a window empties; after it each waits twice as long as the last. */
const SHORT_STRIKES = 6;

const refusedSince = ({ heard }: Rate, at: number): number =>
  heard.reduce((sum, { lastAt, refused }) => sum + (lastAt > at ? refused : 0), 0);

/** Of a report that began before, the part that its share of the time has. */
const sentSince = ({ heard }: Rate, at: number): number =>
  heard.reduce((sum, { calls, firstAt, lastAt }) => {
    const share = (lastAt - at) / Math.max(1, lastAt - firstAt);
    return sum + calls * Math.min(1, Math.max(0, share));
  }, 0);
