/** What is kept of an answer to show to people: without secrets, at most 4 kB. No I/O. No clock. */
import type { Evidence } from "../job/failure.ts";
import { LIMITS } from "../limits.ts";
import type { Exchange } from "./exchange.ts";

/** Of an exchange that `redacted` has gone over. */
export function evidenceOf(exchange: Exchange): Evidence {
  return {
    url: exchange.url,
    host: URL.parse(exchange.url)?.host ?? null,
    status: exchange.status,
    body: exchange.status === null ? null : cut(exchange.body, LIMITS.evidenceBytes),
    hop: 0,
  };
}

/** Before anything is cut from it or quoted: a key cut in two would no longer be found. */
export const redacted = (exchange: Exchange, secrets: readonly string[]): Exchange => ({
  ...exchange,
  url: redact(exchange.url, secrets),
  body: redact(exchange.body, secrets),
  detail: redact(exchange.detail, secrets),
});

/**
 * A JWT goes whole, and also by its claims and its signature alone: a server may echo only a part of it.
 * The first part, which names the algorithm, is the same for everybody.
 */
export function redact(text: string, secrets: readonly string[]): string {
  let clean = text;
  for (const secret of secrets) {
    for (const part of [secret, ...secret.split(".").slice(1)]) {
      if (part.length >= 16) clean = clean.replaceAll(part, "[redacted]");
    }
  }
  return clean;
}

/** The longest beginning of whole characters that fits into `maxBytes` of UTF-8. */
function cut(text: string, maxBytes: number): string {
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(maxBytes));
  return text.slice(0, read);
}
