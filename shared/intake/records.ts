/**
 * A file's bytes → records, each with the line on which it begins and its bytes in the file. A reader that keeps
 * nothing: a piece begins where a record begins, and what its end may have cut off is left to the next piece. So
 * a file can be read in slices that end anywhere, each can be done again, and memory does not grow. Whoever makes
 * results reads the file again the same way, from the `Opening` that `intake_state` keeps.
 */
import { LIMITS } from "../limits.ts";
import { readCsv } from "./csv.ts";
import { readJsonLines } from "./json-lines.ts";
import type { JsonFault, JsonRow } from "./json-record.ts";
import type { Encoding } from "./transcode.ts";

export type CsvDialect = { readonly syntax: "csv"; readonly encoding: Encoding; readonly delimiter: string };
/** `json`: one list of objects, or one object. */
export type JsonDialect = { readonly syntax: "json-lines" | "json"; readonly encoding: Encoding };
export type Dialect = CsvDialect | JsonDialect;

/** Where a record begins: byte offset in the file, line from 1. */
export type Position = { readonly offset: number; readonly line: number };

/**
 * `text_after_quote`: `"a"b` · `quote_not_closed`: up to the end of the file · `too_long`: over LIMITS.recordChars,
 * read on at the next line · `endless`: not even a line end in so many characters, read no further · `not_json`,
 * `not_object`, `too_deep`: a record of JSON.
 */
export type RecordFault =
  | "text_after_quote"
  | "quote_not_closed"
  | "too_long"
  | "endless"
  | JsonFault["fault"];

/**
 * `line` is physical and counts from 1; where a JSON list has several records on one line, theirs go on by one
 * each. `start` and `end` are byte offsets in the file; a line end belongs to the record before it, but between
 * the elements of a JSON list there are commas that belong to none.
 */
export type FileRecord = { readonly line: number; readonly start: number; readonly end: number } & (
  | { readonly kind: "cells"; readonly cells: readonly string[] }
  | { readonly kind: "object"; readonly row: JsonRow }
  | {
      readonly kind: "refused";
      readonly fault: RecordFault;
      readonly text: string;
      /** More about the fault, in the words of whoever found it. */
      readonly detail?: string;
    }
);

/** A record whose cells are all empty is skipped and counted nowhere. */
export const isBlank = (record: FileRecord): boolean =>
  record.kind === "cells"
    ? record.cells.every((cell) => cell === "" || cell.trim() === "")
    : record.kind === "object" && record.row.entries.size === 0;

/** One cell, as text, of whatever kind the record is; `""` of one that cannot be read. */
export function cellOf(record: FileRecord, headers: readonly string[], index: number): string {
  if (record.kind === "refused") return "";
  return (
    (record.kind === "cells" ? record.cells[index] : record.row.entries.get(headers[index] ?? "")?.text) ?? ""
  );
}

/** `over`: whatever follows holds no record: the last one is endless, or the JSON list has ended. */
export type Piece = {
  readonly records: readonly FileRecord[];
  readonly next: Position;
  readonly over: boolean;
};

/**
 * The records of CSV or JSON Lines that lie whole in `bytes`, which begin at `at`.
 * @param atEnd the bytes reach to the end of the file.
 * @returns no record and `next` = `at` where more bytes are needed to tell where the first one ends.
 */
export function readRecords(
  bytes: Uint8Array,
  at: Position,
  dialect: Dialect,
  atEnd: boolean,
  maxChars: number = LIMITS.recordChars,
): Piece {
  return dialect.syntax === "csv"
    ? readCsv(bytes, at, dialect, { atEnd, maxChars })
    : readJsonLines(bytes, at, dialect, { atEnd, maxChars });
}
