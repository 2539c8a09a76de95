/** The beginning of reading a file: encoding, delimiter, header and what its columns mean. */

import { MB } from "../limits.ts";
import { fail, ok, type Result } from "../result.ts";
import { type ColumnOptions, type Header, type Planned, planColumns } from "./columns.ts";
import { delimiterName, readBeginning, wrongDelimiter } from "./delimiter.ts";
import { decideEncoding, type EncodingDecision } from "./encoding.ts";
import { empty, encodingProblem, guessedEncoding, unreadableHeader } from "./file-problems.ts";
import { isError, type RowProblem } from "./problem.ts";
import type { Dialect, Position } from "./records.ts";
import type { ByteSource } from "./source.ts";

export type OpenOptions = ColumnOptions & {
  /** As the file was sent; only its `charset=` counts. */
  readonly contentType: string | null;
};

/** All that a later slice must know of the beginning; small, and plain JSON. */
export type Opening = {
  readonly dialect: Dialect;
  readonly header: Header;
  /** Where the first row begins. */
  readonly rows: Position;
  /** The columns called `number`, `#` or `edition` that hold ids; null where nobody has looked yet. */
  readonly idColumns: readonly number[] | null;
};

export type Opened = {
  readonly opening: Opening;
  readonly planned: Planned;
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
  return openDecided(source, options, decided.value);
}

async function openDecided(
  source: ByteSource,
  options: OpenOptions,
  { encoding, markBytes, guessed }: EncodingDecision,
): Promise<Result<Opened, readonly RowProblem[]>> {
  const bytes = await source.read(markBytes, HEAD_BYTES);
  const atEnd = markBytes + bytes.length >= source.size;
  const found = readBeginning({ bytes, at: { offset: markBytes, line: 1 }, encoding, atEnd });
  if (found === null) return fail([atEnd ? empty() : unreadableHeader(1, "")]);
  if ("kind" in found)
    return fail([unreadableHeader(found.line, found.kind === "refused" ? found.text : "")]);
  const foreign = wrongDelimiter(found);
  if (foreign) return fail([foreign]);
  const planned = planColumns(found.header, options);
  // Doubts about a header that must be changed anyway would only hide what is wrong with it.
  const errors = planned.problems.filter(isError);
  if (errors.length > 0) return fail(errors);
  const opening: Opening = {
    dialect: { encoding, delimiter: found.delimiter },
    header: found.header,
    rows: found.next,
    idColumns: planned.undecided.length > 0 ? null : [],
  };
  return ok({ opening, planned, warnings: guessed ? [guessedEncoding()] : [] });
}

/** The plan again, for a slice of a file that was opened before. */
export const planOpening = (opening: Opening, options: ColumnOptions): Planned =>
  planColumns(opening.header, options, opening.idColumns);

export const describeDialect = ({ encoding, delimiter }: Dialect): string =>
  `${encoding}, separated by ${delimiterName(delimiter)}`;
