/** What can be wrong with a row as a whole, each with what to do about it. Pure. */
import { LIMITS } from "../limits.ts";
import { errorAt, type ProblemText, quote, type RowProblem, shorten } from "./problem.ts";
import type { FileRecord, RecordFault } from "./records.ts";

export const MISSING_NAME: ProblemText = {
  code: "row.missing_name",
  message: "Expected a name, got an empty cell.",
  next: 'Give the row a name, or name such rows from other columns, for instance --template "name=Relic #{line}" (over HTTP template[name]=Relic #{line}).',
};

const REFUSED = {
  text_after_quote: {
    code: "row.text_after_quote",
    message: "Expected a separator or the end of the line after a closing quote, got more text.",
    next: 'Double each quote inside a quoted cell ("the ""Blue"" one"), or remove the quotes round the cell.',
  },
  quote_not_closed: {
    code: "row.quote_not_closed",
    message: "Expected a closing quote, got the end of the file.",
    next: "Close the quote of the cell that begins on this line; a quote inside a quoted cell is doubled.",
  },
  too_long: {
    code: "row.too_long",
    message: "The record that begins on this line has no end within 1 MB.",
    next: "Look for a quote that is not closed; a quote inside a quoted cell is doubled.",
  },
  endless: {
    code: "row.too_long",
    message: "The line has no end within 1 MB; the file was read no further.",
    next: "Export the file again with one row a line.",
  },
  not_json: {
    code: "row.not_json",
    message: "Expected a JSON object on this line, got text that is none",
    next: "Write one whole object a line, with double quotes round keys and texts.",
  },
  not_object: {
    code: "row.not_object",
    message: "Expected a JSON object for each token, got",
    next: 'Write the token as an object such as {"tokenId": "1", "name": "…", "image": "…"}.',
  },
  too_deep: {
    code: "row.json_too_deep",
    message: `Expected at most ${LIMITS.jsonDepth} brackets within each other, got more.`,
    next: "Make the object flatter; what is so deep no marketplace reads.",
  },
} as const satisfies Record<RecordFault, ProblemText>;

export function refused(record: FileRecord & { kind: "refused" }): RowProblem {
  const { code, message, next } = REFUSED[record.fault];
  const place = { line: record.line, column: "", value: record.text.trimEnd() };
  if (record.fault === "not_json")
    return errorAt(place, { code, next, message: `${message} (${shorten(record.detail ?? "", 120)}).` });
  if (record.fault === "not_object")
    return errorAt(place, { code, next, message: `${message} ${record.detail ?? "another value"}.` });
  return errorAt(place, { code, message, next });
}

export const tooManyCells = (expected: number, got: number): ProblemText => ({
  code: "row.too_many_cells",
  message: `Expected ${expected} cells as in the header, got ${got}.`,
  next: "Put quotes round the cell that contains the separator, or remove what is too much.",
});

export const tooFewCells = (expected: number, got: number): ProblemText => ({
  code: "row.too_few_cells",
  message: `Expected ${expected} cells as in the header, got ${got}; the missing ones count as empty.`,
  next: "Check that no cell of this row is missing in the middle.",
});

export const SPREADSHEET_ERROR = "row.spreadsheet_error";
export const spreadsheetError = (cell: string): ProblemText => ({
  code: SPREADSHEET_ERROR,
  message: `Expected a value, got ${quote(cell)}, which the spreadsheet writes where a formula failed.`,
  next: "Mend the formula (or paste its values) and export the file again.",
});

export const tooLarge = (chars: number): ProblemText => ({
  code: "row.too_large",
  message: `Expected at most ${LIMITS.jobRowBytes / 1_000} kB of metadata, got about ${Math.round(chars / 1_000)} kB.`,
  next: "Shorten the row's texts, or move long content into a file of its own.",
});

export const lostLetter = (cell: string): ProblemText => ({
  code: "row.lost_letter",
  message: `${quote(cell)} holds \ufffd, which stands for a letter that an earlier program could not read.`,
  next: "Take the text from where it came from, and save it as “CSV UTF-8” on the way.",
});
