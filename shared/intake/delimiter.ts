/** Which delimiter a header uses: the one under which most of its names are known to us. Pure. */
import { KB } from "../limits.ts";
import { claimColumns } from "./claims.ts";
import type { Header } from "./column-options.ts";
import { errorAt, quote, type RowProblem } from "./problem.ts";
import { type FileRecord, isBlank, type Position } from "./records.ts";
import { readPieces } from "./slices.ts";
import { decode, type Encoding } from "./transcode.ts";

/** In this order where nothing else decides. `;;` before `;`, under which it would read as empty columns. */
export const DELIMITERS = [",", ";;", ";", "\t", "|"] as const;

export const delimiterName = (delimiter: string): string => (delimiter === "\t" ? "a tab" : quote(delimiter));

/** The beginning of a file, behind its mark. */
export type Head = {
  readonly bytes: Uint8Array;
  readonly at: Position;
  readonly encoding: Encoding;
  /** The whole file is in `bytes`. */
  readonly atEnd: boolean;
};

export type Beginning = {
  readonly delimiter: string;
  readonly header: Header;
  /** The header's bytes. */
  readonly head: { readonly start: number; readonly end: number };
  /** The first record behind the header, and where it begins. */
  readonly first: FileRecord | null;
  readonly next: Position;
};

/** @returns null where there is no record at all; a record that cannot be read where the header is one. */
export function readBeginning(given: Head): Beginning | FileRecord | null {
  const { head, delimiters } = statedDelimiter(given);
  let best: { score: number; found: Beginning } | null = null;
  let refused: FileRecord | null = null;
  for (const delimiter of delimiters) {
    const { header: first, row, next } = firstRecords(head, delimiter);
    if (first?.kind === "refused") refused ??= first;
    if (first?.kind !== "cells") continue;
    const { line, start, end } = first;
    const header = { cells: first.cells.map((cell) => cell.trim()), line };
    const score = scoreOf(header.cells);
    if (best === null || score > best.score)
      best = { score, found: { delimiter, header, head: { start, end }, first: row, next } };
  }
  return best?.found ?? refused;
}

/** Excel's own first line, `sep=;`, which says what separates and is no header. */
function statedDelimiter(head: Head): { head: Head; delimiters: readonly string[] } {
  const { text, bytesOf } = decode(head.bytes.subarray(0, SEP_BYTES), head.encoding);
  const stated = /^"?sep=([,;|\t])"?[ \t]*(\r\n|\n|\r)/i.exec(text);
  if (!stated?.[1]) return { head, delimiters: DELIMITERS };
  const skipped = bytesOf(0, stated[0].length);
  const at = { offset: head.at.offset + skipped, line: head.at.line + 1 };
  return { head: { ...head, at, bytes: head.bytes.subarray(skipped) }, delimiters: [stated[1]] };
}

/** `sep=;` and its line end, in two bytes a letter. */
const SEP_BYTES = 32;

/** Names that we know weigh most: `attributes|Color` is no reason to split at `|`. */
function scoreOf(cells: readonly string[]): number {
  const named = cells.filter((cell) => cell !== "").length;
  return 1_000 * claimColumns(cells).recognised + named - (cells.length - named) / 2;
}

/** Most headers and their first row are shorter; a longer one makes the piece grow. */
const HEADER_BYTES = 4 * KB;

/** The header, the first row, and where what follows the header begins; records of empty cells are none. */
function firstRecords(
  head: Head,
  delimiter: string,
): { header: FileRecord | null; row: FileRecord | null; next: Position } {
  let header: FileRecord | null = null;
  let next = head.at;
  const dialect = { syntax: "csv" as const, encoding: head.encoding, delimiter };
  for (const piece of readPieces(head.bytes, head.at, dialect, head.atEnd, () => HEADER_BYTES)) {
    for (const [index, record] of piece.records.entries()) {
      if (isBlank(record)) continue;
      if (header) return { header, row: record, next };
      header = record;
      const after = piece.records[index + 1];
      next = after ? { offset: after.start, line: after.line } : piece.next;
    }
  }
  return { header, row: null, next };
}

/** Separators of other worlds. A space splits names only if two of the parts are names that we know. */
const FOREIGN: readonly { separator: string; known: number }[] = [
  { separator: ":", known: 1 },
  { separator: "^", known: 1 },
  { separator: "~", known: 1 },
  { separator: "/", known: 1 },
  { separator: "\\t", known: 1 },
  { separator: " ", known: 2 },
];

/** One column that nobody knows but whose parts are known; or a header split one way and rows another. */
export function wrongDelimiter(found: Beginning): RowProblem | null {
  const { header, first, delimiter } = found;
  const [name = ""] = header.cells;
  if (header.cells.length === 1 && claimColumns(header.cells).recognised === 0) {
    const foreign = FOREIGN.find(
      ({ separator, known }) =>
        name.includes(separator) && claimColumns(name.split(separator)).recognised >= known,
    );
    if (foreign)
      return problem(header.line, name, `one column called ${quote(name)}`, foreign.separator, name);
  }
  if (header.cells.length > 1 && first?.kind === "cells" && first.cells.length === 1) {
    const [cell = ""] = first.cells;
    const other = DELIMITERS.find((one) => one !== delimiter && cell.includes(one));
    const got = `a header split at ${delimiterName(delimiter)} and rows that are not`;
    if (other) return problem(first.line, name, got, other, cell);
  }
  return null;
}

const problem = (line: number, column: string, got: string, separator: string, value: string): RowProblem =>
  errorAt(
    { line, column, value },
    {
      code: "file.wrong_delimiter",
      message: `Expected columns separated by a comma, semicolon, tab or |, got ${got}; ${delimiterName(separator)} seems to separate them.`,
      next: "Export the file again as CSV with commas, or use one separator for the header and all rows.",
    },
  );
