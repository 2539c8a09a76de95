/** Whether a host is there at all. While it is not, one at a time tries; everybody else is sent away. Pure. */
import { BREAKER } from "./numbers.ts";
import type { Breaker, Shut } from "./state.ts";
import type { Report, ShutReason } from "./words.ts";

/** @param by who reports: of a shut host only the word of the one who is trying counts, or of what was sent since. */
export function hear(breaker: Breaker, report: Report, by: number, now: number): Breaker {
  const { shut } = breaker;
  if (shut === null) return report.calls === 0 ? breaker : count(breaker, report, now);
  const isProbe = shut.probe?.by === by;
  if (report.calls > 0)
    return isProbe || report.firstAt >= shut.at ? judge(shut, report, isProbe, now) : breaker;
  return isProbe ? { ...breaker, shut: { ...shut, probe: null } } : breaker;
}

function count(breaker: Breaker, { calls, failedInARow }: Report, now: number): Breaker {
  const streak = failedInARow < calls ? failedInARow : breaker.streak + calls;
  return streak < BREAKER.streak
    ? { streak, shut: null }
    : shutFor({ streak, shut: null }, "down", BREAKER.periodMs, now);
}

function judge(shut: Shut, report: Report, isProbe: boolean, now: number): Breaker {
  const { calls, failed, refused } = report;
  const usable = calls - failed - (shut.reason === "rate_limited" ? refused : 0);
  if (usable > 0) return { streak: 0, shut: null };
  const still = { streak: 0, shut };
  if (!isProbe) return still;
  if (failed < calls) return shutFor(still, "rate_limited", retryAfterMs(report), now);
  const periodMs = shut.reason === "down" ? shut.periodMs * BREAKER.periodGrowth : BREAKER.periodMs;
  return shutFor(still, "down", Math.min(BREAKER.periodMaxMs, periodMs), now);
}

/** Bounded, since a header may say anything. */
export const retryAfterMs = ({ retryAfterSeconds }: Report): number =>
  retryAfterSeconds === null
    ? BREAKER.retryAfterMs
    : Math.min(BREAKER.retryAfterMaxMs, Math.max(BREAKER.retryAfterMinMs, retryAfterSeconds * 1000));

export const shutFor = ({ shut }: Breaker, reason: ShutReason, periodMs: number, now: number): Breaker => ({
  streak: 0,
  shut: {
    reason,
    since: shut?.since ?? now,
    at: now,
    until: now + periodMs,
    periodMs,
    probe: null,
    heraldUntil: now,
  },
});

/** Gives a probe back that came to nothing. */
export const release = (breaker: Breaker, by: number): Breaker =>
  breaker.shut?.probe?.by === by ? { ...breaker, shut: { ...breaker.shut, probe: null } } : breaker;

/** `free`: the time is over and nobody is trying. `mine`: who asks is the one who tries. */
export type Standing =
  | { readonly kind: "open" | "mine" | "free" }
  | { readonly kind: "shut"; readonly shut: Shut };

export function standing({ shut }: Breaker, by: number, now: number): Standing {
  if (shut === null) return { kind: "open" };
  const isTried = shut.probe !== null && now - shut.probe.at < BREAKER.probeLostMs;
  if (isTried) return shut.probe?.by === by ? { kind: "mine" } : { kind: "shut", shut };
  return now < shut.until ? { kind: "shut", shut } : { kind: "free" };
}

export const startProbe = (breaker: Breaker, by: number, now: number): Breaker =>
  breaker.shut === null ? breaker : { ...breaker, shut: { ...breaker.shut, probe: { by, at: now } } };

/**
 * Sends somebody away. The first of a period is its herald. While somebody tries, nobody knows until when, so
 * that a period begins with each herald: should the one who tries never be heard of again, somebody comes back.
 */
export function sendAway(shut: Shut, now: number): { shut: Shut; until: number; herald: boolean } {
  const until = now < shut.until ? shut.until : Math.max(shut.heraldUntil, now + BREAKER.periodMs);
  const herald = now >= shut.heraldUntil;
  return { shut: herald ? { ...shut, heraldUntil: until } : shut, until, herald };
}
