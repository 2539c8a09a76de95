/**
 * Rows of a CSV as they were submitted, with the added columns behind them: same encoding, delimiter and line
 * ends, quoted throughout where the file is. So that the columns stand under their names, a row that is shorter
 * than the header is filled up, and empty cells beyond the header are left out. Pure.
 */
import type { CsvDialect } from "../../../shared/intake/records.ts";
import { decode } from "../../../shared/intake/transcode.ts";
import { encode, lastCode, widthOf } from "./encode.ts";
import { ADDED, type Added } from "./standing.ts";
import type { Writer } from "./writer.ts";

type Given = {
  readonly dialect: CsvDialect;
  /** What stands above the header: the byte order mark, a line that names the separator. */
  readonly preamble: Uint8Array;
  /** The header's bytes, and how many names it has. */
  readonly header: Uint8Array;
  readonly columns: number;
};

export function csvWriter({ dialect, preamble, header, columns }: Given): Writer {
  const { encoding, delimiter } = dialect;
  const own = partLineEnd(header, dialect);
  const lineEnd = own.end.length > 0 ? own.end : encode("\n", encoding);
  const write = cellWriter(decode(own.body, encoding).text, delimiter);
  const added = (texts: readonly (string | number | null)[], missing = 0): Uint8Array =>
    encode(delimiter.repeat(missing) + texts.map((text) => delimiter + write(text)).join(""), encoding);
  const surplus = surplusCutter(dialect);
  return {
    extension: "csv",
    contentType: `text/csv; charset=${encoding}; header=present`,
    head: [preamble, own.body, added(ADDED), lineEnd],
    row: ({ record, bytes }, values: Added) => {
      const { body, end } = partLineEnd(bytes, dialect);
      const cells = record.kind === "cells" ? record.cells.length : columns;
      const kept = cells > columns ? surplus(body, cells - columns) : body;
      const texts = ADDED.map((name) => values[name]);
      return [kept, added(texts, Math.max(0, columns - cells)), end.length > 0 ? end : lineEnd];
    },
    tail: [],
    mustComeLast: (record) => record.kind === "refused" && OPEN_ENDED.includes(record.fault),
  };
}

/** Their quote is open at the end of the line, so that whatever follows would be read as part of the cell. */
const OPEN_ENDED: readonly string[] = ["quote_not_closed", "too_long", "endless"];

const escaped = (delimiter: string): string => delimiter.replaceAll("|", "\\|");

const LF = 0x0a;
const CR = 0x0d;

function partLineEnd(bytes: Uint8Array, { encoding }: CsvDialect): { body: Uint8Array; end: Uint8Array } {
  const width = widthOf(encoding);
  let at = bytes.length;
  if (lastCode(bytes, at, encoding) === LF) {
    at -= width;
    if (lastCode(bytes, at, encoding) === CR) at -= width;
  } else if (lastCode(bytes, at, encoding) === CR) at -= width;
  return { body: bytes.subarray(0, at), end: bytes.subarray(at) };
}

/** One line a cell, whatever the message quotes: a broken row of the file ends with its line. */
function cellWriter(header: string, delimiter: string): (value: string | number | null) => string {
  const quoted = '"(?:[^"]|"")*"';
  const all = new RegExp(`^${quoted}(?:${escaped(delimiter)}${quoted})*$`).test(header.trim());
  return (value) => {
    const text = value === null ? "" : String(value).replace(/[\r\n]+/g, " ");
    const plain = !all && !text.includes(delimiter.charAt(0)) && !text.includes('"') && text === text.trim();
    return plain ? text : `"${text.replaceAll('"', '""')}"`;
  };
}

/** Cuts so many empty cells off the end; the row as it is where they are not empty. */
function surplusCutter({ encoding, delimiter }: CsvDialect): (body: Uint8Array, count: number) => Uint8Array {
  const empty = ` *(?:"" *)?`;
  return (body, count) => {
    const ends = new RegExp(`(?:${escaped(delimiter)}${empty}){${count}}$`);
    const found = ends.exec(decode(body, encoding).text)?.[0] ?? "";
    return body.subarray(0, body.length - found.length * widthOf(encoding));
  };
}
