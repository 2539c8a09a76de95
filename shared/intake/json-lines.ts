/** JSON Lines: one object a line; a line that is none is refused, and reading goes on. Pure. */
import { type Given, shown, tooLong } from "./csv.ts";
import { readJsonRow } from "./json-record.ts";
import { lineEndAfter } from "./lines.ts";
import type { FileRecord, JsonDialect, Piece, Position } from "./records.ts";
import { decode } from "./transcode.ts";

/** See `readRecords`. */
export function readJsonLines(
  bytes: Uint8Array,
  at: Position,
  { encoding }: JsonDialect,
  { atEnd, maxChars }: Given,
): Piece {
  const { text, bytesOf } = decode(bytes, encoding);
  const records: FileRecord[] = [];
  let { offset, line } = at;
  for (let from = 0; from < text.length; line += 1) {
    const end = lineEndAfter(text, from, atEnd);
    if ((end ?? text.length) - from > maxChars) {
      const { end: cut, fault } = tooLong(text, from, maxChars);
      const place = { line, start: offset, end: offset + bytesOf(from, cut) };
      records.push({ ...place, kind: "refused", fault, text: shown(text, from, cut) });
      return { records, next: { offset: place.end, line: line + 1 }, over: true };
    }
    if (end === null) break;
    const place = { line, start: offset, end: offset + bytesOf(from, end) };
    records.push(readOne(text.slice(from, end), place));
    [from, offset] = [end, place.end];
  }
  return { records, next: { offset, line }, over: false };
}

type Span = { readonly line: number; readonly start: number; readonly end: number };

/** @param text one value, or nothing. */
export function readOne(text: string, place: Span): FileRecord {
  if (text.trim() === "") return { ...place, kind: "cells", cells: [""] };
  const row = readJsonRow(text);
  return row.ok
    ? { ...place, kind: "object", row: row.value }
    : { ...place, kind: "refused", ...row.error, text: shown(text, 0, text.length) };
}
