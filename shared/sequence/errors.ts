/**
 * From what came back to a Failure: by the error's NAME, then by HTTP status. Never by the error's code (codes
 * collide, see `meanings.ts`), nor by the package's error classes (it picks them by code), nor by the body's
 * `status` (it may be missing; the wire's is not). No I/O. No clock.
 */
import type { Failure } from "../job/failure.ts";
import { MINUTE } from "../limits.ts";
import { evidenceOf, redact, redacted } from "./evidence.ts";
import type { Exchange } from "./exchange.ts";
import { CODE_BY_NAME, MEANING, MEANING_BY_NAME, type Meaning } from "./meanings.ts";
import { retryAfterSeconds } from "./retry-after.ts";
import { type NamedError, readNamedError } from "./schema.ts";

export type CallContext = {
  /** What was asked of whom: "CreateToken of token 7 in collection 900". */
  readonly where: string;
  /** `rpc`: a missing row is a 400 with a name. `rest`: it is a 404. `public`: no key was sent, so none is at fault. */
  readonly kind: "rpc" | "rest" | "public";
  readonly timeoutMs: number;
  readonly transferMs: number;
  /** To turn a Retry-After date into seconds. */
  readonly nowMs: number;
  /** Never to be seen in a message or in evidence. */
  readonly secrets: readonly string[];
};

/** What an answer that is no success means. */
export function failureOf(raw: Exchange, context: CallContext): Failure {
  const exchange = redacted(raw, context.secrets);
  const named = exchange.end === "complete" ? readNamedError(exchange.body) : null;
  return failure(meaningOf(exchange, named, context), got(exchange, named, context), exchange, context);
}

/** A success in status whose body is not what the call promises: the effect is unknown. */
export function unusableAnswer(raw: Exchange, context: CallContext, why: string): Failure {
  const exchange = redacted(raw, context.secrets);
  const gotText = `${exchange.status} with a body that cannot be used: ${why}`;
  return failure(MEANING.notJson, gotText, exchange, context);
}

const failure = (
  meaning: Meaning,
  gotText: string,
  exchange: Exchange,
  { where, nowMs, secrets }: CallContext,
): Failure => ({
  reason: meaning.reason,
  code: meaning.code,
  message: redact(`${where}: expected success, got ${gotText}`, secrets).slice(0, 1_000),
  next: meaning.next,
  httpStatus: exchange.status,
  retryAfterSeconds: retryAfterSeconds(exchange.headers?.get("Retry-After") ?? null, nowMs),
  evidence: evidenceOf(exchange),
});

function meaningOf(exchange: Exchange, named: NamedError | null, context: CallContext): Meaning {
  const { status } = exchange;
  // Said before anything was done, and sure even when its body did not come.
  if (status === 429 && !(named && MEANING_BY_NAME.has(named.name))) return MEANING.rateLimited;
  if (exchange.end === "stalled" || exchange.end === "too_long") return MEANING.timedOut;
  if (exchange.end === "network") return { ...MEANING.serverError, code: "sequence.unreachable" };
  if (exchange.end !== "complete" || status === null)
    return { ...MEANING.serverError, code: "sequence.body_cut" };
  if (context.kind === "public" && saysNotPublic(status, exchange)) return MEANING.notPublic;
  return (named ? byName(named, status) : null) ?? byStatus(status, exchange, context);
}

/** A 403 page of HTML is a firewall's, and says nothing about the token. */
const saysNotPublic = (status: number, { headers, body }: Exchange): boolean =>
  status === 404 || ((status === 401 || status === 403) && !isHtml(headers, body));

function byName(named: NamedError, status: number): Meaning | null {
  if (named.name === "ProjectNotFound") {
    return status === 401
      ? MEANING.keyOtherProject
      : { ...MEANING.notFound, code: "sequence.project_not_found" };
  }
  const known = MEANING_BY_NAME.get(named.name);
  if (known) return known;
  // Only an error in webrpc's own form speaks for Sequence; a proxy's JSON with 403 says nothing about the key.
  if (named.code === null) return null;
  if (status === 403) return MEANING.keyForbidden;
  if (status === 423) return MEANING.quotaSpent;
  const code = CODE_BY_NAME.get(named.name);
  return code !== undefined && status < 500 ? { ...MEANING.unnamed, code } : null;
}

function byStatus(status: number, { body, headers }: Exchange, context: CallContext): Meaning {
  if (status === 408) return MEANING.timedOut;
  if (status >= 500) return MEANING.serverError;
  if (status === 413) return MEANING.tooLarge;
  if (status === 415) return MEANING.mediaType;
  if (status >= 300 && status < 400) return MEANING.redirected;
  if (isHtml(headers, body)) return MEANING.notJson;
  if (status === 401) return MEANING.keyRefused;
  if (status === 404 && context.kind !== "rpc") return MEANING.notFound;
  if (status === 409) return MEANING.conflict;
  return isBroken(body) ? MEANING.notJson : MEANING.unnamed;
}

const isHtml = (headers: Headers | null, body: string): boolean =>
  /^\s*text\/html\b/i.test(headers?.get("Content-Type") ?? "") ||
  /^\s*<(!doctype|html|head|body)\b/i.test(body);

/** Empty, `null`, or JSON cut short without the connection showing it. */
function isBroken(body: string): boolean {
  const text = body.trim();
  if (text === "" || text === "null") return true;
  if (!/^[[{"]/.test(text)) return false;
  try {
    JSON.parse(text);
    return false;
  } catch {
    return true;
  }
}

/** The middle of the message: what came, in the other side's own words where it had any. */
function got(exchange: Exchange, named: NamedError | null, context: CallContext): string {
  switch (exchange.end) {
    case "stalled":
      return exchange.status === null
        ? `no answer within ${context.timeoutMs} ms`
        : `${exchange.status}, then a body that stood still for ${context.timeoutMs} ms`;
    case "too_long":
      return `no end within ${context.transferMs / MINUTE} minutes`;
    case "network":
      return `no connection (${exchange.detail})`;
    case "body_cut":
      return `${exchange.status} with a body that broke off (${exchange.detail})`;
    case "oversize":
      return `${exchange.status} with a body of more than ${exchange.body.length} characters`;
    case "complete":
      return named ? described(named, exchange.status) : undescribed(exchange);
  }
}

const described = (named: NamedError, status: number | null): string =>
  `${status} ${named.name}${named.code === null ? "" : ` (${named.code})`}: ${[named.message, named.cause].filter(Boolean).join("; ") || "no message"}`;

function undescribed({ status, headers, body }: Exchange): string {
  const location = headers?.get("Location");
  return location ? `${status} to ${location}` : `${status} with ${shortBody(body)}`;
}

const shortBody = (body: string): string =>
  body.trim() === "" ? "an empty body" : `the body "${body.trim().slice(0, 200)}"`;
