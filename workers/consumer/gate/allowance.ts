/**
 * What Sequence's quota middleware says of its limit in its headers: calls of a sliding window of one minute
 * (github.com/0xsequence/quotacontrol, over go-chi/httprate). The headers name no window, so one of a minute is
 * only believed once its end lay further ahead than another's could; what no header says is never assumed.
 */
import { QUOTA } from "./numbers.ts";
import type { Allowance } from "./state.ts";
import type { Report } from "./words.ts";

export function hearQuota(before: Allowance | null, { quota, lastAt }: Report): Allowance | null {
  if (quota === null) return before;
  const { limit, remaining, resetAt } = quota;
  const known = before?.byMinute === true && before.limit === limit;
  return { limit, remaining, at: lastAt, byMinute: known || resetAt - lastAt > QUOTA.proofMs };
}

/**
 * Calls a second that the headers allow; null: they do not say. Spread evenly over the minute, although its first
 * half could be used at once: nothing would be won over the hour, and the game that shares the key would stand
 * still for the second half.
 */
export function allowed(allowance: Allowance | null, now: number): number | null {
  if (allowance === null || !allowance.byMinute) return null;
  const { limit, remaining, at } = allowance;
  const even = (QUOTA.use * limit) / (QUOTA.windowMs / 1000);
  if (now - at > QUOTA.windowMs) return even;
  return even * Math.min(1, Math.max(QUOTA.least, remaining / (QUOTA.reserve * limit)));
}
