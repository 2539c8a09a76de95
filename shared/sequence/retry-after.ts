/** `Retry-After`: whole seconds or an HTTP date (RFC 9110 §10.2.3), as seconds from `nowMs`. No I/O. No clock. */
import { SECOND } from "../limits.ts";

/** Null where the header is missing or is neither form; a date gone by is 0. */
export function retryAfterSeconds(header: string | null, nowMs: number): number | null {
  const text = header?.trim() ?? "";
  if (/^\d+$/.test(text)) return Math.min(Number(text), Number.MAX_SAFE_INTEGER);
  // Date.parse takes much that is no HTTP date ("-5", "2027"): every HTTP date begins with the day's name.
  if (!/^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)/.test(text)) return null;
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : Math.max(0, Math.ceil((at - nowMs) / SECOND));
}
