/** What single cells mean (contract §4). Each rule takes the trimmed text of a cell that is not empty. Pure. */
import type { TokenIdFault } from "../job/token-id.ts";
import { fail, ok, type Result } from "../result.ts";
import { type ProblemText, quote } from "./problem.ts";

/** Digits that a JSON number keeps exactly, whoever reads it. */
const EXACT_DIGITS = 15;
const DECIMAL = /^-?(0|[1-9]\d*)(\.\d+)?$/;

/** A plain decimal number is a number; `007`, `+1` and what has more than 15 digits is text that looks like one. */
export function traitValue(cell: string): string | number {
  const first = cell.charCodeAt(0);
  // Most traits are words: "0" to "9" and "-" are the only beginnings of a number.
  if ((first < 48 || first > 57) && first !== 45) return cell;
  if (cell.length > EXACT_DIGITS + 2 || !DECIMAL.test(cell)) return cell;
  if (cell.replace(/[-.]/g, "").length > EXACT_DIGITS) return cell;
  const value = Number(cell);
  return Object.is(value, -0) ? cell : value;
}

/** What spreadsheets write where a formula failed, or had not finished. */
const SPREADSHEET_ERRORS: ReadonlySet<string> = new Set([
  "#REF!",
  "#N/A",
  "#NAME?",
  "#VALUE!",
  "#DIV/0!",
  "#NUM!",
  "#NULL!",
  "#ERROR!",
  "#SPILL!",
  "#CALC!",
  "#FIELD!",
  "#BLOCKED!",
  "#CONNECT!",
  "#GETTING_DATA",
  "Loading...",
]);

export const isSpreadsheetError = (cell: string): boolean => {
  const first = cell.charCodeAt(0);
  return (first === 35 || first === 76) && SPREADSHEET_ERRORS.has(cell);
};

/** Six hex digits without `#`, as OpenSea and Sequence want them; `#` and three digits are taken as meant. */
export function readColour(cell: string): Result<{ colour: string; doubt: ProblemText | null }, ProblemText> {
  const match = /^#?([0-9a-f]{6}|[0-9a-f]{3})$/i.exec(cell);
  if (!match?.[1]) {
    return fail({
      code: "row.invalid_colour",
      message: `Expected a colour of six hex digits such as 0098EE, got ${quote(cell)}.`,
      next: "Write six hex digits without #, or leave the cell empty.",
    });
  }
  const digits = match[1];
  const colour = digits.length === 3 ? [...digits].map((digit) => digit + digit).join("") : digits;
  const doubt = colour === cell ? null : colourDoubt(cell, colour);
  return ok({ colour, doubt });
}

const colourDoubt = (cell: string, colour: string): ProblemText => ({
  code: cell.startsWith("#") ? "row.colour_hash" : "row.colour_short",
  message: `The colour ${quote(cell)} is taken as ${colour}.`,
  next: `Nothing is to be done; to be rid of this, write ${colour}.`,
});

/** ERC-20 and ERC-1155 keep decimals in one byte. */
const DECIMALS_MAX = 255;

export function readDecimals(cell: string): Result<number, ProblemText> {
  const value = Number(cell);
  if (/^\d{1,3}$/.test(cell) && value <= DECIMALS_MAX) return ok(value);
  return fail({
    code: "row.invalid_decimals",
    message: `Expected a whole number from 0 to ${DECIMALS_MAX}, got ${quote(cell)}.`,
    next: "Write 0 for anything that cannot be divided, or leave the cell empty.",
  });
}

const ID_FAULTS: Readonly<Record<TokenIdFault, { what: string; next: string }>> = {
  empty: {
    what: "an empty cell",
    next: "Give the row an id, or remove the id column of the whole file so that ids are derived.",
  },
  negative: { what: "a negative number", next: "Use ids from 0 up." },
  fractional: { what: "a number with a fraction", next: "Use whole numbers; format the column as text." },
  scientific: {
    what: "a rounded number, as Excel writes long ones",
    next: "The digits are gone: take the ids from where they came from, with the column formatted as Text before pasting.",
  },
  thousands: {
    what: "a number with thousands separators",
    next: "Write the digits alone, for instance 1000.",
  },
  too_large: {
    what: "a number above 2^256 - 1",
    next: "No contract can hold this id; use one up to 2^256 - 1.",
  },
  not_a_number: { what: "no number", next: "Use a decimal number or 0x and hex digits." },
};

export const tokenIdProblem = (cell: string, fault: TokenIdFault): ProblemText => ({
  code: fault === "empty" ? "row.missing_token_id" : "row.invalid_token_id",
  message: `Expected a token id (a whole number from 0 to 2^256 - 1), got ${ID_FAULTS[fault].what}${fault === "empty" ? "" : `: ${quote(cell)}`}.`,
  next: ID_FAULTS[fault].next,
});

const NAME_CHARS = 100;
const DESCRIPTION_CHARS = 1_000;

/** Wallets and marketplaces cut what is longer. */
export function lengthDoubt(field: "name" | "description", text: string): ProblemText | null {
  const max = field === "name" ? NAME_CHARS : DESCRIPTION_CHARS;
  if (text.length <= max) return null;
  return {
    code: `row.long_${field}`,
    message: `The ${field} has ${text.length} characters; marketplaces show about ${max}.`,
    next: "Nothing is to be done, unless it should be seen in full.",
  };
}

export function linkDoubt(cell: string): ProblemText | null {
  if (/^(https?:\/\/[^\s/]+\.?\S*|ipfs:\/\/\S+|ar:\/\/\S+)$/i.test(cell)) return null;
  return {
    code: "row.external_url",
    message: `Expected a link such as https://example.com/1, got ${quote(cell)}; it is passed on as it is.`,
    next: "Write the whole address, or leave the cell empty.",
  };
}
