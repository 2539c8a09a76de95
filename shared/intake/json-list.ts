/**
 * JSON that is one list of objects, alone or under `rows`, `assets` or `nfts`: cut into its elements, so that
 * never more than one of them is held as objects. That the whole is JSON was checked when the file was opened.
 */
import { type Given, shown } from "./csv.ts";
import { readOne } from "./json-lines.ts";
import { linesIn } from "./lines.ts";
import type { FileRecord, JsonDialect, Piece, Position } from "./records.ts";
import { decode } from "./transcode.ts";

/**
 * @param bytes from an element, or the end of the list, to the end of the file.
 * @param pieceChars read at one go.
 */
export function* readJsonList(
  bytes: Uint8Array,
  at: Position,
  { encoding }: JsonDialect,
  { maxChars, pieceChars }: Pick<Given, "maxChars"> & { pieceChars: number },
): Generator<Piece> {
  const { text, bytesOf } = decode(bytes, encoding);
  let { offset, line } = at;
  for (let from = 0; ; ) {
    const records: FileRecord[] = [];
    const until = from + pieceChars;
    for (; from < until && isElement(text, from); ) {
      const end = valueEnd(text, from);
      const place = { line, start: offset, end: offset + bytesOf(from, end) };
      records.push(
        end - from > maxChars
          ? { ...place, kind: "refused", fault: "too_long", text: shown(text, from, end) }
          : readOne(text.slice(from, end), place),
      );
      const next = nextElement(text, end);
      offset += bytesOf(from, next);
      // A line is a job's name, so two records on one line must not share it: lines go on by at least one.
      line += Math.max(1, linesIn(text, from, next));
      from = next;
    }
    const over = !isElement(text, from);
    yield { records, next: { offset, line }, over };
    if (over) return;
  }
}

/** What follows the last element is the end of the list, or of the file. */
const isElement = (text: string, at: number): boolean => at < text.length && text[at] !== "]";

/** Behind spaces and the comma. */
const nextElement = (text: string, at: number): number => {
  const comma = skipSpace(text, at);
  return text[comma] === "," ? skipSpace(text, comma + 1) : comma;
};

/** JSON's four spaces. */
export function skipSpace(text: string, from: number): number {
  let at = from;
  for (; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) break;
  }
  return at;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * The index behind the value that begins at `from`, by its brackets and quotes alone; where they do not close,
 * the end of the text.
 */
export function valueEnd(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = stringEnd(text, at) - 1;
      if (depth === 0) return Math.min(at + 1, text.length);
    } else if (code === 0x7b || code === 0x5b) depth += 1;
    else if (code === 0x7d || code === 0x5d) {
      // What closes more than was opened belongs to whoever opened it.
      if (depth <= 1) return depth === 1 ? at + 1 : at;
      depth -= 1;
    } else if (depth === 0 && (code === 0x2c || code <= 0x20)) return at;
  }
  return text.length;
}

/** Behind the quote that ends the string whose quote opens at `from`. */
function stringEnd(text: string, from: number): number {
  for (let at = text.indexOf('"', from + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let slashes = 0;
    while (text.charCodeAt(at - 1 - slashes) === BACKSLASH) slashes += 1;
    if (slashes % 2 === 0) return at + 1;
  }
  return text.length;
}
