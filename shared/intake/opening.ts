/** The beginning of reading a file: encoding, kind, header and what its columns mean. */

import { MB } from "../limits.ts";
import { fail, ok, type Result } from "../result.ts";
import { type ColumnOptions, type Header, type Planned, planColumns, type Settled } from "./columns.ts";
import { delimiterName, readBeginning, wrongDelimiter } from "./delimiter.ts";
import { decideEncoding, type EncodingDecision } from "./encoding.ts";
import { empty, encodingProblem, guessedEncoding, unreadableHeader } from "./file-problems.ts";
import { openJson } from "./json-opening.ts";
import { isError, type RowProblem } from "./problem.ts";
import type { Dialect, Position } from "./records.ts";
import type { ByteSource } from "./source.ts";
import { type Survey, settle, surveyOf } from "./survey.ts";
import { syntaxOf } from "./syntax.ts";
import { findTail } from "./tail.ts";
import { decode } from "./transcode.ts";

export type OpenOptions = ColumnOptions & {
  /** As the file was sent: its `charset=` counts, and whether it says JSON. */
  readonly contentType: string | null;
};

/** All that a later slice must know of the beginning; small, and plain JSON. */
export type Opening = {
  readonly dialect: Dialect;
  readonly header: Header;
  /** The bytes of the header, without the byte order mark and what stands above it; empty in JSON. */
  readonly head: { readonly start: number; readonly end: number };
  /** Where the first row begins. */
  readonly rows: Position;
  /** Where the rows end: the end of the file, but for rows of nothing but unticked checkboxes. */
  readonly end: number;
  /** How many lines such rows are. */
  readonly tailLines: number;
  /** What a look at all cells has shown; null where nobody has looked yet. */
  readonly settled: Settled | null;
};

export type Opened = {
  readonly opening: Opening;
  /** What is to be looked for in all rows before the first is read; null where nothing is. */
  readonly survey: Survey | null;
  /** Warnings; errors end the opening. */
  readonly warnings: readonly RowProblem[];
};

/** A header longer than this is none. */
const HEAD_BYTES = 1 * MB;

export async function openFile(
  source: ByteSource,
  options: OpenOptions,
): Promise<Result<Opened, readonly RowProblem[]>> {
  if (source.size === 0) return fail([empty()]);
  const decided = await decideEncoding(source, options.contentType);
  if (!decided.ok) return fail([await encodingProblem(source, decided.error)]);
  const { encoding, markBytes, guessed } = decided.value;
  const head = await source.read(markBytes, HEAD_BYTES);
  const syntax = syntaxOf(decode(head, encoding).text, options.contentType, {
    atEnd: markBytes + head.length >= source.size,
  });
  const opened =
    syntax === "csv"
      ? await openCsv(source, head, decided.value, options)
      : await openJson(source, { syntax, encoding }, markBytes);
  if (!opened.ok || !guessed) return opened;
  return ok({ ...opened.value, warnings: [guessedEncoding(), ...opened.value.warnings] });
}

async function openCsv(
  source: ByteSource,
  bytes: Uint8Array,
  { encoding, markBytes }: EncodingDecision,
  options: OpenOptions,
): Promise<Result<Opened, readonly RowProblem[]>> {
  const atEnd = markBytes + bytes.length >= source.size;
  const found = readBeginning({ bytes, at: { offset: markBytes, line: 1 }, encoding, atEnd });
  if (found === null) return fail([atEnd ? empty() : unreadableHeader(1, "")]);
  if ("kind" in found)
    return fail([unreadableHeader(found.line, found.kind === "refused" ? found.text : "")]);
  const foreign = wrongDelimiter(found);
  if (foreign) return fail([foreign]);
  const { header, head, next: rows } = found;
  const { plan, undecided, problems } = planColumns(header, options);
  // Doubts about a header that must be changed anyway would only hide what is wrong with it.
  const errors = problems.filter(isError);
  if (errors.length > 0) return fail(errors);
  const dialect = { syntax: "csv" as const, encoding, delimiter: found.delimiter };
  const survey = surveyOf(undecided);
  const tail = await findTail(source, { dialect, rows, plan });
  const opening: Opening = { dialect, header, head, rows, ...tail, settled: null };
  return survey === null
    ? ok({ opening: settle(opening, { kind: "cells", ids: [], json: [] }), survey, warnings: [] })
    : ok({ opening, survey, warnings: [] });
}

/** The plan again, for a slice of a file that was opened before. */
export const planOpening = (opening: Opening, options: ColumnOptions): Planned =>
  planColumns(opening.header, options, opening.settled);

export function describeDialect(dialect: Dialect): string {
  const { encoding } = dialect;
  if (dialect.syntax === "csv") return `CSV in ${encoding}, separated by ${delimiterName(dialect.delimiter)}`;
  return dialect.syntax === "json" ? `JSON in ${encoding}` : `JSON Lines in ${encoding}`;
}
