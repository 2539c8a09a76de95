/**
 * CSV bytes → records, each with the physical line on which it begins and its bytes in the file. A reader that
 * keeps nothing: a piece begins where a record begins, and what its end may have cut off is left to the next
 * piece. So a file can be read in slices that end anywhere, each can be done again, and memory does not grow.
 * The grammar is csv-parse's; what it gives up on is refused record by record here, and reading goes on.
 */
import { parse } from "csv-parse/sync";
import { LIMITS } from "../limits.ts";

import { lineEndAfter, linesIn, quoteEndAfter } from "./lines.ts";
import { bytesInFile, type Encoding, toUtf8 } from "./transcode.ts";

export type Dialect = { readonly encoding: Encoding; readonly delimiter: string };

/** Where a record begins: byte offset in the file, physical line from 1. */
export type Position = { readonly offset: number; readonly line: number };

/**
 * `text_after_quote`: `"a"b` · `quote_not_closed`: up to the end of the file · `too_long`: over LIMITS.recordBytes,
 * read on at the next line · `endless`: not even a line end in so many bytes, read no further.
 */
export type RecordFault = "text_after_quote" | "quote_not_closed" | "too_long" | "endless";

/** `start` and `end` are byte offsets in the file; the record's line end belongs to it. */
export type FileRecord = { readonly line: number; readonly start: number; readonly end: number } & (
  | { readonly kind: "cells"; readonly cells: readonly string[] }
  | { readonly kind: "refused"; readonly fault: RecordFault; readonly text: string }
);

/** A record whose cells are all empty is skipped and counted nowhere. */
export const isBlank = (record: FileRecord): boolean =>
  record.kind === "cells" && record.cells.every((cell) => cell === "" || cell.trim() === "");

/** `over`: the last record is endless; whatever follows belongs to it. */
export type Piece = {
  readonly records: readonly FileRecord[];
  readonly next: Position;
  readonly over: boolean;
};

/** More than any lookahead of the parser: two quotes, a delimiter, a line end, a space of three bytes. */
const LOOKAHEAD_BYTES = 8;

/**
 * The records that lie whole in `bytes`, which begin at `at`.
 * @param atEnd the bytes reach to the end of the file.
 * @returns no record and `next` = `at` where more bytes are needed to tell where the first one ends.
 */
export function readRecords(
  bytes: Uint8Array,
  at: Position,
  dialect: Dialect,
  atEnd: boolean,
  maxBytes: number = LIMITS.recordBytes,
): Piece {
  const text = toUtf8(bytes, dialect.encoding);
  const given = { dialect, atEnd, maxBytes };
  const spans: Span[] = [];
  for (let from = 0; from < text.length; ) {
    const { rows, halt } = parseFrom(text, from, dialect.delimiter);
    const last = rows.at(-1);
    if (halt === null && !atEnd && last && last.end > text.length - LOOKAHEAD_BYTES) rows.pop();
    const overlong = rows.findIndex((row, index) => row.end - (rows[index - 1]?.end ?? from) > maxBytes);
    if (overlong >= 0) rows.length = overlong;
    spans.push(...rows);
    from = rows.at(-1)?.end ?? from;
    const refused = overlong >= 0 ? tooLong(text, from, maxBytes) : refuse(text, from, halt, given);
    if (refused) {
      spans.push(refused);
      from = refused.end;
    } else {
      // Spaces behind the last line end are no record to the parser, but they are bytes of the file.
      if (atEnd && from < text.length) spans.push({ end: text.length, cells: [""] });
      break;
    }
  }
  return locate(text, spans, at, dialect.encoding);
}

/** A record's end in the text, with its cells or the reason that it has none. Each begins where the last ended. */
type Span = { readonly end: number } & ({ readonly cells: string[] } | { readonly fault: RecordFault });

/** What stopped the parser, and where the cell before it ended. */
type Halt = { readonly code: string; readonly bytes: number };

function parseFrom(
  text: Buffer,
  from: number,
  delimiter: string,
): { rows: { end: number; cells: string[] }[]; halt: Halt | null } {
  const rows: { end: number; cells: string[] }[] = [];
  try {
    parse(text.subarray(from), {
      delimiter,
      // `ltrim` is what lets a quote after leading spaces open a quoted cell.
      ltrim: true,
      rtrim: true,
      relax_quotes: true,
      relax_column_count: true,
      record_delimiter: ["\r\n", "\n", "\r"],
      on_record: (cells: string[], { bytes }) => {
        rows.push({ end: from + bytes, cells });
        return null;
      },
    });
    return { rows, halt: null };
  } catch (error) {
    if (!(error instanceof Error && "code" in error && "bytes" in error)) throw error;
    return { rows, halt: { code: String(error.code), bytes: from + Number(error.bytes) } };
  }
}

type Refused = { readonly end: number; readonly fault: RecordFault };

/**
 * The record at `from`, if it can never be read. Where to go on must not depend on how much of the file is in
 * hand, or two slicings would give two results: so it is the next line end, within `maxBytes`.
 * @returns null where nothing is wrong, or more bytes are needed to say.
 */
function refuse(
  text: Buffer,
  from: number,
  halt: Halt | null,
  given: { dialect: Dialect; atEnd: boolean; maxBytes: number },
): Refused | null {
  const { dialect, atEnd, maxBytes } = given;
  if (from >= text.length) return null;
  if (halt && halt.code !== "CSV_QUOTE_NOT_CLOSED") {
    const cell = halt.bytes === from ? from : halt.bytes + dialect.delimiter.length;
    const end = lineEndAfter(text, quoteEndAfter(text, cell), atEnd);
    if (end !== null && end - from <= maxBytes) return { end, fault: "text_after_quote" };
  }
  if (text.length - from > maxBytes + LOOKAHEAD_BYTES) return tooLong(text, from, maxBytes);
  if (!atEnd || halt === null) return null;
  return { end: lineEndAfter(text, from, true) ?? text.length, fault: "quote_not_closed" };
}

function tooLong(text: Buffer, from: number, maxBytes: number): Refused {
  const end = lineEndAfter(text, from, false);
  return end !== null && end - from <= maxBytes
    ? { end, fault: "too_long" }
    : { end: text.length, fault: "endless" };
}

function locate(text: Buffer, spans: readonly Span[], at: Position, encoding: Encoding): Piece {
  const records: FileRecord[] = [];
  let [begin, offset, line] = [0, at.offset, at.line];
  for (const span of spans) {
    const own = text.subarray(begin, span.end);
    const place = { line, start: offset, end: offset + bytesInFile(own, encoding) };
    records.push(
      "cells" in span
        ? { ...place, kind: "cells", cells: span.cells }
        : { ...place, kind: "refused", fault: span.fault, text: own.subarray(0, 800).toString() },
    );
    [begin, offset, line] = [span.end, place.end, line + linesIn(own)];
  }
  const last = records.at(-1);
  return { records, next: { offset, line }, over: last?.kind === "refused" && last.fault === "endless" };
}
