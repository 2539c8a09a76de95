/** What is no row's fault and no attempt: being asked to wait, an outage, an account's fault. Pure. */
import type { Outage } from "../facts.ts";

type Error = { readonly code: string; readonly httpStatus: number | null };

const WAITS = new Set(["sequence.rate_limited", "media.rate_limited", "media.host_busy"]);

/** 429 from anybody; from a media host 503 as well. */
export const isWait = ({ code, httpStatus }: Error): boolean =>
  httpStatus === 429 || WAITS.has(code) || (httpStatus === 503 && code.startsWith("media."));

/** The whole batch stops for it, so no row pays. */
export const isOfAccount = ({ code }: Error): boolean =>
  /^(key|quota|account)\./.test(code) || code === "collection.not_found";

/** @param graceMs from the beginning of an outage on, in which nobody can know yet that it is one */
export const isInOutage = (
  { code, httpStatus }: Error,
  at: number,
  outages: readonly Outage[],
  graceMs: number,
): boolean =>
  code.startsWith("sequence.") &&
  (httpStatus === null || httpStatus >= 500) &&
  outages.some(({ from, until }) => at > from + graceMs && at <= until);
