/**
 * Which encoding a file is in. The decision is the contract's: `charset=`, else the byte order mark, else UTF-8,
 * else Windows-1252 with a warning, else an error. Never a silent `�`.
 */
import { isUtf8 } from "node:buffer";
import { MB } from "../limits.ts";
import { fail, ok, type Result } from "../result.ts";
import type { ByteSource } from "./source.ts";
import { type Encoding, utf16 } from "./transcode.ts";

export type EncodingDecision = {
  readonly encoding: Encoding;
  /** Bytes of the mark at the beginning, which are no text. */
  readonly markBytes: number;
  /** Nobody said Windows-1252; it is what is left. */
  readonly guessed: boolean;
};

export type EncodingFault =
  | { readonly kind: "unknown_charset"; readonly charset: string }
  /** A NUL: no spreadsheet writes one into 8-bit text. A workbook, a picture, or UTF-16 without its mark. */
  | { readonly kind: "binary"; readonly offset: number }
  /** `said`: somebody stated the encoding. */
  | {
      readonly kind: "undecodable";
      readonly encoding: Encoding;
      readonly offset: number;
      readonly said: boolean;
    };

const MARKS: readonly { encoding: Encoding; bytes: readonly number[] }[] = [
  { encoding: "utf-8", bytes: [0xef, 0xbb, 0xbf] },
  { encoding: "utf-16le", bytes: [0xff, 0xfe] },
  { encoding: "utf-16be", bytes: [0xfe, 0xff] },
];
/** Labels as tools write them; null where the label leaves the rest to the bytes. */
const CHARSETS: Readonly<Record<string, Encoding | null>> = {
  "utf-8": "utf-8",
  utf8: "utf-8",
  ascii: null,
  "us-ascii": null,
  "utf-16": null,
  "utf-16le": "utf-16le",
  "utf-16be": "utf-16be",
  "windows-1252": "windows-1252",
  cp1252: "windows-1252",
  "iso-8859-1": "windows-1252",
  latin1: "windows-1252",
};
/** Read in pieces, because a file of 300 MB does not fit into an isolate. */
const SCAN_BYTES = 4 * MB;

/** Reads the whole file once: the byte that decides may be the last. @param contentType as it was sent. */
export async function decideEncoding(
  source: ByteSource,
  contentType: string | null,
): Promise<Result<EncodingDecision, EncodingFault>> {
  const charset = /;\s*charset\s*=\s*"?([^\s";]+)/i.exec(contentType ?? "")?.[1]?.toLowerCase();
  if (charset !== undefined && !Object.hasOwn(CHARSETS, charset))
    return fail({ kind: "unknown_charset", charset });
  const head = await source.read(0, 3);
  const mark = MARKS.find(({ bytes }) => bytes.every((byte, index) => head[index] === byte));
  const said = (charset === undefined ? null : CHARSETS[charset]) ?? mark?.encoding ?? null;
  const markBytes = mark && mark.encoding === (said ?? mark.encoding) ? mark.bytes.length : 0;
  const candidates: Encoding[] = said ? [said] : ["utf-8", "windows-1252"];
  let fault: Fault | null = null;
  for (const encoding of candidates) {
    // One after the other: nearly every file is UTF-8, and then nobody asks about the rest.
    fault = await findFault(source, markBytes, encoding);
    if (fault === null) return ok({ encoding, markBytes, guessed: said === null && encoding !== "utf-8" });
    if (fault.kind === "binary") break;
  }
  const found = fault ?? undecodable("utf-8", 0);
  return fail(found.kind === "undecodable" ? { ...found, said: said !== null } : found);
}

type Fault = Exclude<EncodingFault, { kind: "unknown_charset" }>;
const undecodable = (encoding: Encoding, offset: number): Fault => ({
  kind: "undecodable",
  encoding,
  offset,
  said: false,
});

/** The first byte that this encoding has no place for. */
async function findFault(source: ByteSource, from: number, encoding: Encoding): Promise<Fault | null> {
  for (let offset = from; offset < source.size; ) {
    const bytes = Buffer.from(await source.read(offset, SCAN_BYTES));
    const atEnd = offset + bytes.length >= source.size;
    const nul = encoding.startsWith("utf-16") ? -1 : bytes.indexOf(0);
    if (nul >= 0) return { kind: "binary", offset: offset + nul };
    // Where a character may be cut in two, the next piece begins with it.
    const whole = atEnd ? bytes.length : wholeCharacters(bytes, encoding);
    const bad = firstBad(bytes.subarray(0, whole), encoding);
    if (bad >= 0) return undecodable(encoding, offset + bad);
    offset += whole;
  }
  return null;
}

/** How much of a piece holds only whole characters; at most three bytes less than all of it. */
function wholeCharacters(bytes: Buffer, encoding: Encoding): number {
  const { length } = bytes;
  if (encoding === "windows-1252") return length;
  if (encoding !== "utf-8") {
    const even = length - (length % 2);
    return isHighSurrogate(bytes, even - 2, encoding) ? even - 2 : even;
  }
  for (let back = 1; back <= Math.min(3, length); back += 1) {
    const byte = bytes[length - back] ?? 0;
    if (byte < 0x80) return length;
    if (byte >= 0xc0) return length - back;
  }
  return length;
}

const isHighSurrogate = (bytes: Buffer, at: number, encoding: Encoding): boolean =>
  at >= 0 && ((bytes[encoding === "utf-16le" ? at + 1 : at] ?? 0) & 0xfc) === 0xd8;

const UNDEFINED_IN_1252: readonly number[] = [0x81, 0x8d, 0x8f, 0x90, 0x9d];

/** Index of the first byte that does not belong, or -1. */
function firstBad(bytes: Buffer, encoding: Encoding): number {
  if (encoding === "windows-1252") return bytes.findIndex((byte) => UNDEFINED_IN_1252.includes(byte));
  if (encoding === "utf-8")
    return isUtf8(bytes)
      ? -1
      : beginOfLetter(
          bytes,
          bisect(bytes.length, (end) => beginsUtf8(bytes, end)),
        );
  if (bytes.length % 2 === 1) return bytes.length - 1;
  const text = utf16(bytes, encoding);
  if (text.isWellFormed()) return -1;
  const bad = bisect(text.length, (end) => beginsWell(text, end));
  return 2 * (/^[\ud800-\udbff]$/.test(text.slice(bad - 1, bad)) ? bad - 1 : bad);
}

/** A letter of several bytes that is cut short shows at the byte behind it. */
function beginOfLetter(bytes: Buffer, bad: number): number {
  for (let back = 1; back <= Math.min(3, bad); back += 1) {
    const byte = bytes[bad - back] ?? 0;
    if (byte < 0x80) break;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 0;
    if (length > 0) return length > back ? bad - back : bad;
  }
  return bad;
}

/** Whether the first `end` bytes can be the beginning of UTF-8 text; once false, false for every larger `end`. */
function beginsUtf8(bytes: Buffer, end: number): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes.subarray(0, end), {
      stream: true,
    });
    return true;
  } catch {
    return false;
  }
}

const beginsWell = (text: string, end: number): boolean =>
  text.slice(0, end).isWellFormed() ||
  (/^[\ud800-\udbff]$/.test(text.slice(end - 1, end)) && text.slice(0, end - 1).isWellFormed());

/** The index before the smallest end at which `good` turns false, knowing that it is false at `length`. */
function bisect(length: number, good: (end: number) => boolean): number {
  let [low, high] = [0, length];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (good(middle)) low = middle;
    else high = middle;
  }
  return low;
}
