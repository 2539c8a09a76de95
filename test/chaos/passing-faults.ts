/**
 * Every fault that passes: what a service may do to a call and be well again at the next one. The permanent ones
 * (refusals, a refused key, a spent quota) are no part of it, and neither is a body `null` from a media host: to a
 * fetcher that is a wrong file, which no retry can mend.
 */
import type { FaultInput } from "../../emulator/faults.ts";

type What = FaultInput["what"];

const status = (code: number, more: Partial<Extract<What, { kind: "status" }>> = {}): What => ({
  kind: "status",
  status: code,
  ...more,
});

const SEQUENCE: Readonly<Record<string, What>> = {
  "429 with Retry-After": status(429, { retryAfterSeconds: 1 }),
  "429 without Retry-After": status(429),
  "500 webrpc": status(500, { error: "WebrpcServerPanic" }),
  "500 webrpc after acting": status(500, { error: "WebrpcServerPanic", after: true }),
  "502 HTML": status(502, { body: "html" }),
  "502 HTML after acting": status(502, { body: "html", after: true }),
  closeBefore: { kind: "closeBefore" },
  closeAfter: { kind: "closeAfter" },
  cutBody: { kind: "cutBody" },
  nullBody: { kind: "nullBody" },
};

const MEDIA: Readonly<Record<string, What>> = {
  "429 with Retry-After": status(429, { body: "text", retryAfterSeconds: 1 }),
  "429 without Retry-After": status(429, { body: "text" }),
  "503 with Retry-After": status(503, { body: "text", retryAfterSeconds: 1 }),
  500: status(500, { body: "text" }),
  "502 HTML": status(502, { body: "html" }),
  closeBefore: { kind: "closeBefore" },
  cutBody: { kind: "cutBody" },
};

/**
 * A jitter on every call, so that nobody's answers come in order, and one slow call in a hundred: slower than the
 * caller's patience of a second, faster than twice that, which is when it looks what became of the call.
 */
const JITTER: FaultInput = {
  id: "jitter",
  where: { method: "Any" },
  what: { kind: "latency", ms: 0, jitterMs: 10, slowOneIn: 100, slowMs: 1_500 },
};

/** @param share of all calls, the same to each kind */
export const passingFaults = (share: number): FaultInput[] => [
  JITTER,
  ...evenly("Sequence", SEQUENCE, share),
  ...evenly("Media", MEDIA, share),
];

/** Of the faults that decide the first to strike wins, so each is drawn from what those before it have left. */
function evenly(method: string, kinds: Readonly<Record<string, What>>, share: number): FaultInput[] {
  const each = share / Object.keys(kinds).length;
  return Object.entries(kinds).map(([name, what], index) => ({
    id: `${method} ${name}`.replace(/[^A-Za-z0-9]+/g, "-"),
    where: { method },
    what,
    probability: each / (1 - each * index),
  }));
}
