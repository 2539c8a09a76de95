/**
 * What of a dead letter is its cause and what is only its row: letters of one cause have one fingerprint, whatever
 * their token ids, file names and sizes. Pure.
 */
import { hash } from "node:crypto";

/** What a fingerprint is made of. */
export type Cause = {
  readonly step: string;
  readonly code: string;
  readonly message: string;
  readonly httpStatus: number | null;
  readonly host: string | null;
};

/** A cause is told in its first words; what follows are details of the row. */
const MESSAGE_CHARS = 300;

/**
 * The message without what differs from row to row: URLs, quoted values, ids and numbers. The HTTP status stays, as
 * the one number that says why. Letters stay as they are: a group that is too fine shows two lines for one cause, one
 * that is too coarse would hide a cause.
 */
export function normaliseMessage(message: string, httpStatus: number | null): string {
  const status = httpStatus === null ? "" : String(httpStatus);
  return message
    .replace(/\b[a-z][a-z0-9+.-]*:\/\/[^\s"'<>]*[^\s"'<>.,;:)\]}]/gi, "<url>")
    .replace(/"(?:[^"\\]|\\.)*"/g, "<value>")
    .replace(/\b(?:bat|rep|upl)_[0-9A-Z]{26}\b/g, "<id>")
    .replace(/\b(?=[0-9a-f-]*[0-9])(?:0x)?[0-9a-f]{8,}(?:-[0-9a-f]{4,})*\b/gi, (found) =>
      /^\d+$/.test(found) ? "#" : "<id>",
    )
    .replace(/\d+(?:[.,]\d+)*/g, (number) => (number === status ? number : "#"))
    .replace(/\s+/g, " ")
    .trim()
    .slice(0, MESSAGE_CHARS);
}

/** 16 hex digits: two of a million causes meet by chance once in 37 million. */
export function fingerprintOf({ step, code, message, httpStatus, host }: Cause): string {
  const parts = [step, code, normaliseMessage(message, httpStatus), host];
  return hash("sha256", JSON.stringify(parts)).slice(0, 16);
}
