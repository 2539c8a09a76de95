/** A file's bytes as UTF-8, and back to how many bytes they were. By hand: workerd need not know every encoding. Pure. */

export const ENCODINGS = ["utf-8", "utf-16le", "utf-16be", "windows-1252"] as const;
export type Encoding = (typeof ENCODINGS)[number];

/** What Windows-1252 has where Latin-1 has control characters; five places are undefined. */
const C1 = "€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ";

export const utf16 = (bytes: Uint8Array, encoding: Encoding): string => {
  const own = Buffer.from(bytes.subarray(0, bytes.length - (bytes.length % 2)));
  return (encoding === "utf-16be" ? own.swap16() : own).toString("utf16le");
};

/** A piece of a file that has passed `decideEncoding`, as UTF-8; a character cut in two at its end is left out. */
export function toUtf8(bytes: Uint8Array, encoding: Encoding): Buffer {
  if (encoding === "utf-8") return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (encoding === "windows-1252") {
    const text = Buffer.from(bytes).toString("latin1");
    return Buffer.from(text.replace(/[\x80-\x9f]/g, (char: string) => C1[char.charCodeAt(0) - 0x80] ?? char));
  }
  const text = utf16(bytes, encoding);
  return Buffer.from(text.isWellFormed() ? text : text.slice(0, -1));
}

/** How many bytes of the file became this UTF-8. */
export function bytesInFile(utf8: Buffer, encoding: Encoding): number {
  if (encoding === "utf-8") return utf8.length;
  return utf8.toString().length * (encoding === "windows-1252" ? 1 : 2);
}
