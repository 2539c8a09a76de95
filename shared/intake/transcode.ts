/** A file's bytes as text, and back to how many bytes they were. By hand: workerd need not know every encoding. Pure. */

export const ENCODINGS = ["utf-8", "utf-16le", "utf-16be", "windows-1252"] as const;
export type Encoding = (typeof ENCODINGS)[number];

/** What Windows-1252 has where Latin-1 has control characters; five places are undefined. */
const C1 = "€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ";

export const utf16 = (bytes: Uint8Array, encoding: Encoding): string => {
  const own = Buffer.from(bytes.subarray(0, bytes.length - (bytes.length % 2)));
  return (encoding === "utf-16be" ? own.swap16() : own).toString("utf16le");
};

export type Decoded = {
  readonly text: string;
  /** How many bytes of the file the characters from `from` to `to` are. */
  bytesOf(from: number, to: number): number;
};

/**
 * A piece of a file that has passed `decideEncoding`. Only its last character may be wrong: the one that the end
 * of the piece cuts in two. It lies in a record whose end is not in the piece, so nobody reads it.
 */
export function decode(bytes: Uint8Array, encoding: Encoding): Decoded {
  if (encoding === "windows-1252") {
    const latin = view(bytes).toString("latin1");
    const text = latin.replace(/[\x80-\x9f]/g, (char: string) => C1[char.charCodeAt(0) - 0x80] ?? char);
    return { text, bytesOf: (from, to) => to - from };
  }
  if (encoding !== "utf-8") {
    return { text: utf16(bytes, encoding), bytesOf: (from, to) => 2 * (to - from) };
  }
  const text = view(bytes).toString("utf8");
  // As many characters as bytes: nearly every piece is ASCII, and nothing needs to be counted.
  if (text.length === bytes.length) return { text, bytesOf: (from, to) => to - from };
  return { text, bytesOf: (from, to) => utf8Bytes(text, from, to) };
}

/** Asked for every record, and short: a look at each letter costs less than a call of the platform's. */
function utf8Bytes(text: string, from: number, to: number): number {
  let bytes = to - from;
  for (let at = from; at < to; at += 1) {
    const code = text.charCodeAt(at);
    // Each half of a surrogate pair is two of the letter's four bytes.
    if (code >= 0x80) bytes += code < 0x800 || (code >= 0xd800 && code <= 0xdfff) ? 1 : 2;
  }
  return bytes;
}

const view = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
