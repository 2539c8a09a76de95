/** What can be said about a header, each with what to do about it. Pure. */
import { editDistance, suggest } from "../api/nearest.ts";
import { foldHeader } from "../job/token-id.ts";
import { LIMITS } from "../limits.ts";
import { FIELDS, type Field, matchName, SYNONYMS } from "./fields.ts";
import { errorAt, type ProblemText, quote, type RowProblem, warningAt } from "./problem.ts";

type Headers = readonly string[];

const list = (headers: Headers): string =>
  headers.length === 0 ? "none" : headers.map((header) => quote(header)).join(", ");

/** The option as it is typed, and as it stands in a query. */
const mapped = (field: string, column: string): string =>
  `--map "${field}=${column}" (over HTTP map[${field}]=${column})`;

const error = (line: number, column: string, text: ProblemText): RowProblem =>
  errorAt({ line, column, value: column === "" ? null : column }, text);
const warning = (line: number, column: string, text: ProblemText): RowProblem =>
  warningAt({ line, column, value: column === "" ? null : column }, text);

export const ambiguous = (line: number, field: Field, indexes: readonly number[], headers: Headers) => {
  const names = indexes.map((index) => headers[index] ?? "");
  return error(line, names[1] ?? "", {
    code: "file.ambiguous_column",
    message: `Expected one column for ${field}, got ${names.length}: ${list(names)}.`,
    next:
      new Set(names).size === 1
        ? `Rename one of the columns called ${quote(names[0] ?? "")}.`
        : `Say which one is meant: ${mapped(field, names[0] ?? "")}; the others become traits.`,
  });
};

export const synonymAsTrait = (line: number, column: string, field: Field, used: string): RowProblem =>
  warning(line, column, {
    code: "file.synonym_as_trait",
    message: `Both ${quote(used)} and ${quote(column)} could be ${field}; ${quote(used)} is used, ${quote(column)} becomes a trait.`,
    next: `To use the other one, add ${mapped(field, column)}; to leave it out, begin its header with _.`,
  });

export const unknownField = (line: number, option: "map" | "template", name: string): RowProblem =>
  error(line, "", {
    code: "file.unknown_field",
    message: `Expected the name of a field in ${option}[…], got ${quote(name)}.`,
    next: suggest(name, FIELDS),
  });

export const unknownColumn = (line: number, field: string, column: string, headers: Headers): RowProblem =>
  error(line, "", {
    code: "file.unknown_column",
    message: `map[${field}] names the column ${quote(column)}, which is not in the header.`,
    next: suggest(column, headers),
  });

export const unknownPlaceholder = (line: number, field: string, name: string, headers: Headers): RowProblem =>
  error(line, "", {
    code: "file.unknown_placeholder",
    message: `template[${field}] uses {${name}}, which is no column of the file and not {line}.`,
    next: suggest(name, headers),
  });

export const unnamedColumn = (line: number, index: number): RowProblem =>
  warning(line, `(column ${index + 1})`, {
    code: "file.unnamed_column",
    message: `Column ${index + 1} has no name; it is ignored.`,
    next: "Give it a name in the header if its cells are meant as traits.",
  });

export const nearMiss = (line: number, column: string, open: readonly Field[]): RowProblem | null => {
  if (matchName(column)) return null;
  const field = open.find((known) => [known, ...(SYNONYMS[known] ?? [])].some((name) => near(column, name)));
  if (!field) return null;
  return warning(line, column, {
    code: "file.near_miss",
    message: `The column ${quote(column)} is taken as a trait; did you mean ${field}?`,
    next: `If so, rename it or add ${mapped(field, column)}; if it is a trait, nothing is to be done.`,
  });
};

/** One letter of a short name, two of a long one; nobody is asked whether `Game` was meant as `name`. */
function near(column: string, name: string): boolean {
  const a = foldHeader(column);
  const b = foldHeader(name);
  if (a === b || b.length < 5 || Math.abs(a.length - b.length) > 2) return false;
  return editDistance(a, b) <= (b.length < 8 ? 1 : 2);
}

export const missingName = (line: number, headers: Headers): RowProblem => {
  const guess = headers.find((header) => isNearName(foldHeader(header)));
  return error(line, "name", {
    code: "file.missing_name",
    message: `Expected a column called name (or title), got ${list(headers.slice(0, 20))}.`,
    next: guess
      ? `Did you mean ${quote(guess)}? Rename it to name or add ${mapped("name", guess)}.`
      : 'Add a column called name, or name the tokens from other columns, for instance --template "name=Relic #{line}" (over HTTP template[name]=Relic #{line}).',
  });
};

/** One letter off, or all of them in another order. */
const isNearName = (header: string): boolean =>
  editDistance(header, "name") === 1 || [...header].sort().join("") === "aemn";

export const noHeader = (line: number, headers: Headers): RowProblem =>
  error(line, headers[0] ?? "", {
    code: "file.no_header",
    message: `Expected the names of columns in the first line, got what looks like a row: ${list(headers.slice(0, 5))}.`,
    next: "Add a first line that names the columns, for instance tokenId,name,description,image.",
  });

export const idsNotUsed = (line: number, column: string, used: string): RowProblem =>
  warning(line, column, {
    code: "file.ids_not_used",
    message: `The column ${quote(column)} holds token ids, but tokenIds=${used} was asked for; the column is ignored.`,
    next: "Leave --token-ids (tokenIds) out to use the file's own ids.",
  });

export const derivedIds = (line: number): RowProblem =>
  warning(line, "", {
    code: "file.derived_ids",
    message:
      "The file has no token ids, so each is derived from the row's cells: an edited row is a new token.",
    next: "Add a tokenId column if rows may change later, or count them with --token-ids sequential (over HTTP tokenIds=sequential).",
  });

export const notJson = (line: number, column: string, field: Field): RowProblem =>
  warning(line, column, {
    code: "file.not_json_column",
    message: `The column ${quote(column)} holds no JSON, so it is a trait and not the ${field}.`,
    next: "Nothing is to be done; to give JSON there, write it in every cell of the column that is not empty.",
  });

export const leftOutKeys = (line: number, keys: Headers): RowProblem =>
  warning(line, "", {
    code: "file.keys_left_out",
    message: `Of each object its metadata and its id are taken; left out: ${list(keys)}.`,
    next: "Nothing is to be done, unless one of them belongs on the token: then move it into metadata.",
  });

export const tooManyKeys = (line: number): RowProblem =>
  error(line, "", {
    code: "file.too_many_keys",
    message: `Expected objects with the same keys, got more than ${LIMITS.jsonKeys} different ones in all.`,
    next: "Write what differs from row to row as values, for instance under attributes, not as keys.",
  });
