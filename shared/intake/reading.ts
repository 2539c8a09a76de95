/** A record under a plan: how its fields are read, and where what is wrong with them is noted. Pure. */
import type { BatchOptions } from "../job/batch.ts";
import { MEDIA_FIELDS } from "../job/job.ts";
import type { Result } from "../result.ts";
import { traitValue } from "./cells.ts";
import type { ColumnPlan } from "./columns.ts";
import type { Field } from "./fields.ts";
import type { Entry } from "./json-record.ts";
import type { MediaContext } from "./media-cells.ts";
import { errorAt, type Place, type ProblemText, type RowProblem, warningAt } from "./problem.ts";
import type { FileRecord } from "./records.ts";
import { SPREADSHEET_ERROR } from "./row-problems.ts";
import { fillTemplate } from "./template.ts";

export type RowContext = {
  readonly plan: ColumnPlan;
  readonly collectionId: number;
  readonly firstTokenId: BatchOptions["firstTokenId"];
  readonly media: MediaContext;
};

/** Text for people: spaces inside quotes are meant. */
const VERBATIM: ReadonlySet<Field> = new Set<Field>(["name", "description"]);
/** Half a URL or half an id is worse than none. */
const MUST_BE_WHOLE: ReadonlySet<Field> = new Set<Field>(["tokenId", ...MEDIA_FIELDS, "external_url"]);

/** A record with what is needed to read it and to say what is wrong with it. A class, because there is one a row. */
export class Row {
  readonly line: number;
  readonly cells: readonly string[];
  readonly context: RowContext;
  readonly problems: RowProblem[] = [];
  /** Only of JSON: the values as they were, by column. */
  readonly #entries: readonly (Entry | undefined)[] | null;

  constructor(record: Exclude<FileRecord, { kind: "refused" }>, context: RowContext) {
    this.line = record.line;
    this.context = context;
    if (record.kind === "cells") {
      this.cells = record.cells;
      this.#entries = null;
    } else {
      const entries = context.plan.headers.map((key) => record.row.entries.get(key));
      this.cells = entries.map((entry) => entry?.text ?? "");
      this.#entries = entries;
    }
  }

  /** The field's cell, else its template filled, else `""`. */
  text(field: Field): string {
    const { fields, templates } = this.context.plan;
    const index = fields[field];
    const cell = index === undefined ? "" : (this.cells[index] ?? "");
    // Most fields have no column, and each is asked for in every row.
    if (cell !== "") {
      const trimmed = cell.trim();
      if (trimmed !== "") return VERBATIM.has(field) ? cell : trimmed;
    }
    const template = templates[field];
    return template ? fillTemplate(template, this, MUST_BE_WHOLE.has(field)) : "";
  }

  /** A cell as a trait's value, null where it is empty: what JSON says it is, or what a cell's text looks like. */
  value(index: number): string | number | boolean | null {
    const cell = this.cells[index] ?? "";
    if (cell === "") return null;
    return this.#entries === null ? traitValue(cell) : (this.#entries[index]?.scalar ?? cell);
  }

  /** Whether the column holds an object or a list here. */
  isStructured(index: number): boolean {
    return this.#entries !== null && this.#entries[index]?.scalar === null;
  }

  error(field: Field, problem: ProblemText): void {
    this.errorAt(this.#place(field), problem);
  }

  errorAt(place: Omit<Place, "line">, problem: ProblemText): void {
    // Where a formula failed, everything else that is wrong with the cell follows from it.
    const failed = this.problems.some(
      ({ column, code }) => column === place.column && code === SPREADSHEET_ERROR,
    );
    if (!failed) this.problems.push(errorAt({ ...place, line: this.line }, problem));
  }

  warn(field: Field, problem: ProblemText | null): void {
    if (problem) this.problems.push(warningAt(this.#place(field), problem));
  }

  #place(field: Field): Place {
    const { fields, headers } = this.context.plan;
    const index = fields[field];
    const value = this.text(field);
    return {
      line: this.line,
      column: index === undefined ? field : (headers[index] ?? field),
      value: value === "" ? null : value,
    };
  }
}

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
