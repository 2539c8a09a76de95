/**
 * May these bytes become this field of a token? The one answer for media that was fetched and media that was
 * uploaded, so that a file cannot be taken in at one door that the other would refuse. No I/O.
 */
import type { MediaField } from "../job/job.ts";
import { LIMITS, MB } from "../limits.ts";
import { fail, ok, type Result } from "../result.ts";
import { FIELD_EXPECTS, fieldAccepts, KINDS_NAMED, type MediaKind, type MediaRefusal } from "./kinds.ts";
import { describeBytes, looksLikeHtml, sniff } from "./sniff.ts";

/** `field` null: for any field, as when a file is put into a media set. `where` names the media. */
export async function judgeHead(
  head: Uint8Array,
  field: MediaField | null,
  where: string,
): Promise<Result<MediaKind, MediaRefusal>> {
  if (head.length === 0) return fail(empty(where));
  const kind = await sniff(head);
  if (kind === null) return fail(looksLikeHtml(head) ? html(where) : unknownType(head, where));
  if (field !== null && !fieldAccepts(field, kind.contentType)) return fail(wrongType(field, kind, where));
  return ok(kind);
}

const empty = (where: string): MediaRefusal => ({
  code: "media.empty",
  message: `Expected a media file at ${where}, got no bytes.`,
  next: "Put the file there again, or name another one, and replay.",
});

const html = (where: string): MediaRefusal => ({
  code: "media.html",
  message: `Expected a media file at ${where}, got an HTML page.`,
  next: "Use the address of the file itself; a share or login page is none (open it in a private window: only the picture may appear).",
});

const unknownType = (head: Uint8Array, where: string): MediaRefusal => ({
  code: "media.unknown_type",
  message: `Expected ${KINDS_NAMED} at ${where}, got a file that begins ${describeBytes(head)}.`,
  next: isGzip(head)
    ? "Unpack the file (an .svgz is an SVG packed with gzip) and put it in the same place."
    : `Convert the file to ${KINDS_NAMED} and put it in the same place.`,
});

const isGzip = (head: Uint8Array): boolean => head[0] === 0x1f && head[1] === 0x8b;

export const wrongType = (field: MediaField, kind: MediaKind, where: string): MediaRefusal => ({
  code: "media.wrong_type",
  message: `Expected ${FIELD_EXPECTS[field]} for ${field} at ${where}, got ${kind.contentType}.`,
  next:
    kind.family === "model"
      ? "Put the model into the animation_url column and a picture of it into image."
      : `Put it into the ${kind.family} column (or animation_url), and a fitting file into ${field}.`,
});

/** `got` in bytes where it is known beforehand. */
export const tooLarge = (where: string, maxBytes: number, got: number | null): MediaRefusal => ({
  code: "media.too_large",
  message: `Expected at most ${megabytes(maxBytes)} at ${where}, got ${got === null ? "more" : megabytes(got)}.`,
  next: `Make the file smaller than ${megabytes(maxBytes)} and replay.`,
});

export const svgTooLarge = (where: string): MediaRefusal => ({
  code: "media.too_large",
  message: `Expected an SVG of at most ${megabytes(LIMITS.svgMaxBytes)} at ${where}, got a larger one.`,
  next: "Export it as PNG or WebP: an SVG of that size mostly wraps a bitmap.",
});

const megabytes = (bytes: number): string =>
  `${bytes < MB ? bytes : (bytes / MB).toFixed(1).replace(/\.0$/, "")} ${bytes < MB ? "bytes" : "MB"}`;
