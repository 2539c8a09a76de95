/** `data:image/png;base64,…` in a media cell: the bytes are in the file already. Pure. */
import { createHash } from "node:crypto";
import type { MediaField, MediaSource } from "../job/job.ts";
import { fieldAccepts } from "../media/kinds.ts";
import { fail, ok, type Result } from "../result.ts";
import { wrongMedia } from "./media-problems.ts";
import { type ProblemText, quote } from "./problem.ts";

/**
 * Bytes that stood in a cell. The source says `set`, like any media that lies in R2 under its hash: the job
 * stays small, and the consumer needs no third way to get at bytes.
 */
export type InlineMedia = {
  readonly field: MediaField;
  readonly source: Extract<MediaSource, { kind: "set" }>;
  readonly content: Uint8Array;
};

/** Stands where a file of the set has its name. */
export const DATA_URL_NAME = "(data URL)";

export function readDataUrl(field: MediaField, cell: string): Result<InlineMedia, ProblemText> {
  const match = /^data:([\w.+-]+\/[\w.+-]+)?((?:;[^;,]*)*),(.*)$/is.exec(cell);
  const content = match ? decode(match[3] ?? "", /;\s*base64\s*$/i.test(match[2] ?? "")) : null;
  if (!match || content === null || content.length === 0) return fail(malformed(cell));
  const contentType = (match[1] ?? "text/plain").toLowerCase().replace("image/jpg", "image/jpeg");
  // "Some bytes" claims nothing; what they are, whoever stores them will see.
  if (contentType !== "application/octet-stream" && !fieldAccepts(field, contentType)) {
    return fail(wrongMedia(field, DATA_URL_NAME, contentType));
  }
  const sha256 = createHash("sha256").update(content).digest("hex");
  const source = {
    kind: "set" as const,
    fileName: DATA_URL_NAME,
    sha256,
    bytes: content.length,
    contentType,
  };
  return ok({ field, source, content });
}

function decode(data: string, base64: boolean): Uint8Array | null {
  try {
    // `width="100%"` in an SVG that was written into the URL as it is: browsers take it, so people write it.
    const text = decodeURIComponent(data.replace(/%(?![0-9a-f]{2})/gi, "%25"));
    if (!base64) return Buffer.from(text);
    const compact = text.replace(/\s+/g, "");
    // Buffer skips what is not base64; half a picture must not pass for a whole one.
    return /^[a-z0-9+/_-]*={0,2}$/i.test(compact) ? Buffer.from(compact, "base64") : null;
  } catch {
    return null;
  }
}

const malformed = (cell: string): ProblemText => ({
  code: "row.media_url",
  message: `Expected a data URL such as data:image/png;base64,iVBOR…, got ${quote(cell)}.`,
  next: "Encode the file again, or write a URL or the name of a file in the media set.",
});
