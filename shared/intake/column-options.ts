/** What `map[…]` and `template[…]` ask for, against the header that is there. Pure. */
import type { BatchOptions } from "../job/batch.ts";
import { foldHeader } from "../job/token-id.ts";
import type { FieldColumns } from "./claims.ts";
import { type Field, fieldNamed } from "./fields.ts";
import { unknownColumn, unknownField, unknownPlaceholder } from "./header-problems.ts";
import type { RowProblem } from "./problem.ts";
import { compileTemplate, type Template } from "./template.ts";

export type ColumnOptions = Pick<BatchOptions, "template" | "map" | "tokenIds">;
export type FieldTemplates = Partial<Record<Field, Template>>;
/**
 * The names of the columns and the line they stand on: the first record that is not empty, trimmed; the keys of
 * JSON as they are, in the order in which they first come.
 */
export type Header = {
  readonly cells: readonly string[];
  readonly line: number;
  /** Only of JSON. */
  readonly json?: JsonHeader;
};
/** What the objects of a JSON file have in common. */
export type JsonHeader = {
  readonly syntax: "json" | "json-lines";
  /** The key under which the list of them stands: `rows`, `assets` or `nfts`; null where it stands alone. */
  readonly list: string | null;
  /** Some of them wrap the token's own part in `metadata`. */
  readonly nested: boolean;
  /** Columns that hold objects or lists somewhere. */
  readonly structured: readonly number[];
  /** Keys beside `metadata` that no field is called by. */
  readonly leftOut: readonly string[];
  readonly tooManyKeys: boolean;
};

/** What a look at all cells has shown of the columns whose names leave it open. */
export type Settled = {
  /** The columns that hold nothing but ids. */
  readonly ids: readonly number[];
  /** The columns that hold nothing but JSON. */
  readonly json: readonly number[];
};

export function readMap(header: Header, map: ColumnOptions["map"], problems: RowProblem[]): FieldColumns {
  const mapped: FieldColumns = {};
  for (const [name, column] of Object.entries(map)) {
    const field = fieldNamed(name);
    const index = findHeader(header.cells, column);
    if (!field) problems.push(unknownField(header.line, "map", name));
    else if (index < 0) problems.push(unknownColumn(header.line, name, column, header.cells));
    else mapped[field] = index;
  }
  return mapped;
}

const findHeader = (headers: readonly string[], name: string): number => {
  const exact = headers.indexOf(name.trim());
  return exact >= 0 ? exact : headers.findIndex((header) => foldHeader(header) === foldHeader(name));
};

export function readTemplates(
  header: Header,
  templates: ColumnOptions["template"],
  problems: RowProblem[],
): FieldTemplates {
  const compiled: FieldTemplates = {};
  for (const [name, text] of Object.entries(templates)) {
    const field = fieldNamed(name);
    if (!field) {
      problems.push(unknownField(header.line, "template", name));
      continue;
    }
    const { template, unknown } = compileTemplate(text, header.cells);
    compiled[field] = template;
    problems.push(...unknown.map((one) => unknownPlaceholder(header.line, name, one, header.cells)));
  }
  return compiled;
}
