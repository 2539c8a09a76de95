/** Our clock against Sequence's, by the Date header of answers that were asked for anyway. */
import type { Finding } from "../../../shared/api/contract.ts";
import { SECOND } from "../../../shared/limits.ts";
import { doubtful, fine, wrong } from "./finding.ts";

/** Keys carry times of issue and expiry: off by a minute, a good key may count as not yet or no longer valid. */
const SKEW_MAX_MS = 60 * SECOND;
/** The Date header has whole seconds, and the answer took its time: below this nothing is known. */
const SKEW_NOTED_MS = 5 * SECOND;

/** A fetch that remembers how far the last answer's Date was from the middle of its exchange. */
export function dateRecorder(
  send: typeof fetch,
  now: () => number,
): { fetch: (url: string, init: RequestInit) => Promise<Response>; skewMs: () => number | null } {
  let skewMs: number | null = null;
  return {
    async fetch(url, init) {
      const began = now();
      const response = await send(url, init);
      const theirs = Date.parse(response.headers.get("date") ?? "");
      if (Number.isFinite(theirs)) skewMs = (began + now()) / 2 - theirs;
      return response;
    },
    skewMs: () => skewMs,
  };
}

/** @param skewMs above 0: our clock is ahead. Null: no answer carried a date. */
export function checkClock(skewMs: number | null): Finding {
  if (skewMs === null) {
    return doubtful(
      "clock",
      "clock.unknown",
      "No answer of Sequence carried a date to compare with.",
      "Nothing to do if the key is accepted; else compare this machine's clock with another one.",
    );
  }
  const seconds = Math.round(Math.abs(skewMs) / SECOND);
  if (Math.abs(skewMs) <= SKEW_NOTED_MS) return fine("clock", "clock.ok", "Within seconds of Sequence's.");
  const message = `${seconds} s ${skewMs > 0 ? "ahead of" : "behind"} Sequence's clock.`;
  if (Math.abs(skewMs) <= SKEW_MAX_MS) return fine("clock", "clock.ok", message);
  return wrong("clock", {
    code: "clock.skewed",
    message,
    next: "Set this machine's clock (on Linux: `timedatectl set-ntp true`), then ask again.",
  });
}
