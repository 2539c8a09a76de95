/** A record under a plan: how its fields are read, and where what is wrong with them is noted. Pure. */
import type { BatchOptions } from "../job/batch.ts";
import { MEDIA_FIELDS } from "../job/job.ts";
import type { Result } from "../result.ts";
import type { ColumnPlan } from "./columns.ts";
import type { Field } from "./fields.ts";
import type { MediaContext } from "./media-cells.ts";
import { errorAt, type ProblemText, type RowProblem, warningAt } from "./problem.ts";
import { fillTemplate } from "./template.ts";

export type RowContext = {
  readonly plan: ColumnPlan;
  readonly collectionId: number;
  readonly firstTokenId: BatchOptions["firstTokenId"];
  readonly media: MediaContext;
};

/** A record with what is needed to read it and to say what is wrong with it. */
export type Row = {
  readonly line: number;
  readonly cells: readonly string[];
  readonly context: RowContext;
  readonly problems: RowProblem[];
  /** The field's cell, else its template filled, else `""`. */
  text(field: Field): string;
  error(field: Field, text: ProblemText): void;
  warn(field: Field, text: ProblemText | null): void;
};

export function openRow(record: { line: number; cells: readonly string[] }, context: RowContext): Row {
  const { plan } = context;
  const problems: RowProblem[] = [];
  const text = (field: Field): string => {
    const index = plan.fields[field];
    const cell = index === undefined ? "" : (record.cells[index] ?? "");
    const trimmed = cell.trim();
    if (trimmed !== "") return VERBATIM.has(field) ? cell : trimmed;
    const template = plan.templates[field];
    return template ? fillTemplate(template, record, MUST_BE_WHOLE.has(field)) : "";
  };
  const place = (field: Field) => {
    const index = plan.fields[field];
    const value = text(field);
    return {
      line: record.line,
      column: index === undefined ? field : (plan.headers[index] ?? field),
      value: value === "" ? null : value,
    };
  };
  return {
    ...record,
    context,
    problems,
    text,
    error: (field, problem) => void problems.push(errorAt(place(field), problem)),
    warn: (field, problem) => void (problem && problems.push(warningAt(place(field), problem))),
  };
}

/** Text for people: spaces inside quotes are meant. */
const VERBATIM: ReadonlySet<Field> = new Set<Field>(["name", "description"]);
/** Half a URL or half an id is worse than none. */
const MUST_BE_WHOLE: ReadonlySet<Field> = new Set<Field>(["tokenId", ...MEDIA_FIELDS, "external_url"]);

/** The field read by its rule; null where it is empty or wrong, which is then noted. */
export function readField<T>(
  row: Row,
  field: Field,
  read: (cell: string) => Result<T, ProblemText>,
): T | null {
  const cell = row.text(field);
  if (cell === "") return null;
  const result = read(cell);
  if (result.ok) return result.value;
  row.error(field, result.error);
  return null;
}
