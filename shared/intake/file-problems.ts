/** What can be wrong with a file as a whole, each with what to do about it. */

import { LIMITS, MB } from "../limits.ts";
import type { EncodingFault } from "./encoding.ts";
import { lineEndAfter, linesIn } from "./lines.ts";
import { errorAt, quote, type RowProblem, shorten, warningAt } from "./problem.ts";
import type { ByteSource } from "./source.ts";
import { decode, type Encoding } from "./transcode.ts";

const WHOLE = { line: 1, column: "", value: null };

export const empty = (): RowProblem =>
  errorAt(WHOLE, {
    code: "file.empty",
    message: "Expected a header and at least one row, got an empty file.",
    next: "Submit a CSV whose first line names the columns, for instance tokenId,name,description,image.",
  });

export const noRows = (invalid: number): RowProblem =>
  errorAt(WHOLE, {
    code: "file.no_rows",
    message:
      invalid === 0
        ? "Expected at least one row, got none."
        : `Expected at least one valid row, got ${invalid} invalid ${invalid === 1 ? "one" : "ones"} and no other.`,
    next:
      invalid === 0
        ? "Add a row for each token, in a CSV below the header."
        : "Correct the rows that the other errors name and submit the file again.",
  });

export const fileGone = (): RowProblem =>
  errorAt(WHOLE, {
    code: "file.gone",
    message: "The submitted file is no longer in the store.",
    next: "Submit the file again.",
  });

export const unreadableHeader = (line: number, text: string): RowProblem =>
  errorAt(
    { line, column: "", value: text === "" ? null : text },
    {
      code: "file.unreadable_header",
      message: `Expected the names of columns on line ${line}, got a record whose quotes do not close or that has no end.`,
      next: "Check the quotes in the first line: a quoted name ends with a quote, and a quote inside it is doubled.",
    },
  );

export const guessedEncoding = (): RowProblem =>
  warningAt(WHOLE, {
    code: "file.encoding_guessed",
    message: "The file is not UTF-8; it is read as Windows-1252, as older versions of Excel write.",
    next: "Check the accents in the names; to be sure, save the file as “CSV UTF-8” and submit it again.",
  });

/** Reads the file up to the fault, so that line and column can be named. */
export async function encodingProblem(source: ByteSource, fault: EncodingFault): Promise<RowProblem> {
  if (fault.kind === "unknown_charset") return unknownCharset(fault.charset);
  const encoding = fault.kind === "binary" ? "utf-8" : fault.encoding;
  const { line, character, column, bytes } = await placeOf(source, { offset: fault.offset, encoding });
  const got = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
  const where = `line ${line}, character ${character}`;
  if (fault.kind === "binary") {
    const zip = Buffer.from(await source.read(0, 2)).toString("latin1") === "PK";
    return errorAt(
      { line, column, value: got },
      {
        code: "file.not_text",
        message: zip
          ? "Expected CSV text, got a ZIP; an Excel workbook (.xlsx) is one."
          : `Expected CSV text, got bytes that no text has (a NUL at ${where}).`,
        next: zip
          ? "Open a workbook in the spreadsheet and export it as “CSV UTF-8”; a ZIP of rows and media is unpacked by the command line: mintline submit FILE.zip."
          : "Export the file as “CSV UTF-8”; UTF-16 is read if it begins with its byte order mark or is sent with charset=utf-16le.",
      },
    );
  }
  return errorAt(
    { line, column, value: got },
    {
      code: "file.undecodable",
      message: `Expected ${fault.said ? fault.encoding : "UTF-8 or Windows-1252"}, got the bytes ${got} at ${where}, which mean nothing there.`,
      next: "Save the file as “CSV UTF-8” and submit it again, or say the right charset= in its content type.",
    },
  );
}

const unknownCharset = (charset: string): RowProblem =>
  errorAt(
    { ...WHOLE, value: charset },
    {
      code: "file.unknown_charset",
      message: `Expected charset= utf-8, utf-16le, utf-16be or windows-1252, got ${quote(charset)}.`,
      next: "Save the file as “CSV UTF-8” and send it as text/csv; charset=utf-8.",
    },
  );

/** How much of a line is looked at to name a column. */
const LINE_BYTES = 64_000;
const READ_BYTES = 1_000_000;

/** Physical line, character in it, and the column: by its name where the header can be read so far. */
async function placeOf(source: ByteSource, { offset, encoding }: { offset: number; encoding: Encoding }) {
  const text = async (from: number, length: number): Promise<string> =>
    decode(await source.read(from, length), encoding).text;
  let line = 1;
  let lineStart = 0;
  for (let at = 0; at < offset; ) {
    const { text: piece, bytesOf } = decode(
      await source.read(at, Math.min(READ_BYTES, offset - at)),
      encoding,
    );
    const atEnd = at + bytesOf(0, piece.length) >= offset;
    // A CR at the end of a piece may belong to an LF at the beginning of the next.
    const whole = atEnd || !piece.endsWith("\r") || piece.length === 1 ? piece : piece.slice(0, -1);
    line += linesIn(whole);
    const last = Math.max(whole.lastIndexOf("\n"), whole.lastIndexOf("\r")) + 1;
    if (last > 0) lineStart = at + bytesOf(0, last);
    at += Math.max(1, bytesOf(0, whole.length));
  }
  const before = await text(lineStart, Math.min(LINE_BYTES, offset - lineStart));
  const head = await text(0, Math.min(LINE_BYTES, offset));
  return {
    line,
    character: before.replace(/^\ufeff/, "").length + 1,
    column: columnOf(before, line === 1 ? "" : head.slice(0, lineEndAfter(head, 0, true) ?? 0)),
    bytes: await source.read(offset, 4),
  };
}

/** An estimate: a file that cannot be read cannot be parsed, so separators inside quotes count too. */
function columnOf(before: string, header: string): string {
  const counts = [",", ";", "\t", "|"].map((separator) => ({
    separator,
    columns: (header || before).split(separator).length,
  }));
  const { separator } = counts.reduce((best, one) => (one.columns > best.columns ? one : best));
  const index = before.split(separator).length - 1;
  const name = header
    .split(separator)
    [index]?.trim()
    .replace(/^\ufeff?"|"$|^\ufeff/g, "");
  // What is no text has no names either.
  return name && !/[\ufffd\p{Cc}]/u.test(name) ? name : `(column ${index + 1})`;
}

export const jsonTooLarge = (bytes: number): RowProblem =>
  errorAt(WHOLE, {
    code: "file.json_too_large",
    message: `Expected JSON of at most ${LIMITS.jsonFileBytes / MB} MB, got ${Math.ceil(bytes / MB)} MB.`,
    next: "Write it as JSON Lines, one object a line without the list round them (for instance with jq -c '.[]'), and submit that; it may have any size.",
  });

export const notJsonDocument = ({ line, got }: { line: number; got: string }): RowProblem =>
  errorAt(
    { ...WHOLE, line },
    {
      code: "file.not_json",
      message: `Expected JSON, got text that is none: ${shorten(got, 200)}.`,
      next: "Mend the JSON on this line; if the file is meant as CSV, its first line must name the columns.",
    },
  );

export const notRows = (got: string): RowProblem =>
  errorAt(
    { ...WHOLE, value: got },
    {
      code: "file.no_list",
      message: `Expected a list of objects, or an object with one under rows, assets or nfts, got ${got}.`,
      next: 'Write the tokens as [{"tokenId": "1", "name": "…", "image": "…"}, …].',
    },
  );

export const trailingFalse = (line: number, lines: number): RowProblem =>
  warningAt(
    { line, column: "", value: null },
    {
      code: "file.trailing_false",
      message: `Lines ${line} to ${line + lines - 1} hold nothing but FALSE, as a sheet writes empty rows with checkboxes; they are left out.`,
      next: "Nothing is to be done; to be rid of this, delete the rows below the last one before exporting.",
    },
  );
