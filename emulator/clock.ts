/**
 * clock.ts: times as Go writes them: RFC 3339 in UTC, microseconds when they come from the database,
 * nanoseconds when echoed, trailing zeros dropped.
 */

export type Clock = () => number;

/** A stamp of `nowMs`; `tick` supplies the digits below a millisecond, which JavaScript's clock lacks. */
export function stamp(nowMs: number, digits: 6 | 9, tick: number): string {
  const below = String((tick * 7_919 + 104_729) % 1_000_000).padStart(6, "0");
  const [seconds = "", milliseconds = ""] = new Date(nowMs).toISOString().replace("Z", "").split(".");
  const fraction = `${milliseconds}${below}`.slice(0, digits).replace(/0+$/, "");
  return fraction === "" ? `${seconds}Z` : `${seconds}.${fraction}Z`;
}
