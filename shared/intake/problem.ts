/** What is wrong, or doubtful, with a file: a line, a column, and what to do. The shape is the API's own. */
import type { RowProblem } from "../api/contract.ts";

export type { RowProblem } from "../api/contract.ts";

/** A cell is shown so far as a person needs it to find it again. */
const VALUE_CHARS = 200;

export type ProblemText = {
  /** `area.reason`, stable. */
  readonly code: string;
  /** Expected, got, where. */
  readonly message: string;
  /** One sentence that says what to do. */
  readonly next: string;
};

/** Where: the line on which the record begins, and the column's header as the file has it (`""`: no one column). */
export type Place = { readonly line: number; readonly column: string; readonly value: string | null };

export const errorAt = (place: Place, text: ProblemText): RowProblem => at(place, "error", text);
export const warningAt = (place: Place, text: ProblemText): RowProblem => at(place, "warning", text);

const at = (place: Place, severity: "error" | "warning", text: ProblemText): RowProblem => ({
  line: place.line,
  column: place.column,
  code: text.code,
  severity,
  message: text.message,
  next: text.next,
  value: place.value === null ? null : shorten(place.value, VALUE_CHARS),
});

export const isError = (problem: RowProblem): boolean => problem.severity === "error";

/** Cut, without halving a surrogate pair: half of one could not be stored as UTF-8. */
export function shorten(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text;
  const cut = text.slice(0, maxChars - 1);
  return `${cut.isWellFormed() ? cut : cut.slice(0, -1)}…`;
}

/** A value inside a sentence. */
export const quote = (text: string): string => `"${shorten(text, 60)}"`;
