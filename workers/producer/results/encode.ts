/** Text in a submitted file's own encoding. Pure. */
import { decode, type Encoding } from "../../../shared/intake/transcode.ts";

/** Bytes of one ASCII character. */
export const widthOf = (encoding: Encoding): 1 | 2 => (encoding.startsWith("utf-16") ? 2 : 1);

/** What the encoding has no place for becomes `?`. */
export function encode(text: string, encoding: Encoding): Uint8Array {
  if (encoding === "utf-8") return Buffer.from(text);
  if (encoding === "windows-1252") return Uint8Array.from(text, (char) => in1252(char));
  const bytes = Buffer.from(text, "utf16le");
  return encoding === "utf-16be" ? bytes.swap16() : bytes;
}

/** The byte order mark at the beginning of a file, if it has one. */
export function markOf(head: Uint8Array, encoding: Encoding): Uint8Array {
  const mark = encoding === "windows-1252" ? new Uint8Array() : encode("\ufeff", encoding);
  return mark.every((byte, index) => head[index] === byte) ? mark : new Uint8Array();
}

/** The upper half of Windows-1252, read from how it is decoded, so that the two cannot disagree. */
const UPPER = new Map(
  Array.from({ length: 128 }, (_, index): [string, number] => {
    const byte = 128 + index;
    return [decode(Uint8Array.of(byte), "windows-1252").text, byte];
  }),
);

function in1252(char: string): number {
  const code = char.codePointAt(0) ?? 0;
  return code < 0x80 ? code : (UPPER.get(char) ?? 0x3f);
}

/** The last character, where it is one of ASCII; else null. */
export function lastCode(bytes: Uint8Array, end: number, encoding: Encoding): number | null {
  const [last, other] = [bytes[end - 1] ?? 0, bytes[end - 2] ?? 0];
  if (widthOf(encoding) === 1) return end > 0 ? last : null;
  if (end < 2) return null;
  const [low, high] = encoding === "utf-16le" ? [other, last] : [last, other];
  return high === 0 ? low : null;
}
