/** CSV text → records; what cannot be read is refused record by record, and reading goes on. Pure. */
import { lineEndAfter, linesIn } from "./lines.ts";
import type { CsvDialect, FileRecord, Piece, Position, RecordFault } from "./records.ts";
import { scanRecord } from "./scan.ts";
import { decode } from "./transcode.ts";

/** More than what may be cut off at the end of a piece: a character, a line end. */
const LOOKAHEAD = 8;

/** How much of a record that cannot be read is shown. */
export const SHOWN_CHARS = 800;

/** See `readRecords`. */
export function readCsv(
  bytes: Uint8Array,
  at: Position,
  { encoding, delimiter }: CsvDialect,
  given: Given,
): Piece {
  const { text, bytesOf } = decode(bytes, encoding);
  const records: FileRecord[] = [];
  let { offset, line } = at;
  let over = false;
  for (let from = 0; from < text.length && !over; ) {
    const span = nextSpan(text, from, delimiter, given);
    if (span === null) break;
    const end = offset + bytesOf(from, span.end);
    records.push(
      span.kind === "cells"
        ? { line, start: offset, end, kind: "cells", cells: span.cells }
        : { line, start: offset, end, kind: "refused", fault: span.fault, text: shown(text, from, span.end) },
    );
    over = span.kind === "refused" && span.fault === "endless";
    [from, offset, line] = [span.end, end, line + span.lines];
  }
  return { records, next: { offset, line }, over };
}

export const shown = (text: string, from: number, to: number): string =>
  text.slice(from, Math.min(to, from + SHOWN_CHARS));

export type Given = { readonly atEnd: boolean; readonly maxChars: number };

/** A record's end in the text, with its cells or the reason that it has none. */
type Span = { readonly end: number; readonly lines: number } & (
  | { readonly kind: "cells"; readonly cells: string[] }
  | { readonly kind: "refused"; readonly fault: RecordFault }
);

/** @returns null where more text is needed to tell where the record ends. */
function nextSpan(text: string, from: number, delimiter: string, given: Given): Span | null {
  const { atEnd, maxChars } = given;
  const scanned = scanRecord(text, from, delimiter, atEnd);
  if (scanned.kind === "record" && scanned.end - from <= maxChars)
    return { kind: "cells", end: scanned.end, cells: scanned.cells, lines: scanned.lines };
  if (scanned.kind === "record") return tooLong(text, from, maxChars);
  // Spaces behind the last line end are no record, but they are bytes of the file.
  if (scanned.kind === "nothing") return { kind: "cells", end: text.length, cells: [""], lines: 0 };
  if (scanned.kind === "text_after_quote") {
    const end = lineEndAfter(text, scanned.after, atEnd);
    if (end !== null && end - from <= maxChars) return refusedAt(text, from, end, "text_after_quote");
  }
  if (text.length - from > maxChars + LOOKAHEAD) return tooLong(text, from, maxChars);
  if (scanned.kind !== "open") return null;
  return refusedAt(text, from, lineEndAfter(text, from, true) ?? text.length, "quote_not_closed");
}

/**
 * Where to go on must not depend on how much of the file is in hand, or two slicings would give two results: so
 * it is the next line end within `maxChars`, and if there is none the file is read no further.
 */
export function tooLong(text: string, from: number, maxChars: number): Span & { kind: "refused" } {
  const end = lineEndAfter(text, from, false);
  return end !== null && end - from <= maxChars
    ? refusedAt(text, from, end, "too_long")
    : refusedAt(text, from, text.length, "endless");
}

const refusedAt = (text: string, from: number, end: number, fault: RecordFault) => ({
  kind: "refused" as const,
  fault,
  end,
  lines: linesIn(text, from, end),
});
