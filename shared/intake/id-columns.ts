/** Where a file's token ids come from: a column of ids, `_token_id`, the row's own cells, or its number. Pure. */
import type { Claims, FieldColumns } from "./claims.ts";
import type { ColumnOptions, FieldTemplates, Header, Settled } from "./column-options.ts";
import { ambiguous, derivedIds, idsNotUsed } from "./header-problems.ts";
import type { RowProblem } from "./problem.ts";

/** `own`: `_token_id`; where that is empty, derived. */
export type IdSource = "file" | "own" | "derived" | "sequential";

/**
 * `number`, `#` and `edition` are asked only where nothing else is an id. `_token_id` comes first: in a failed
 * file such a column may hold ids by chance, where the whole file's did not.
 */
export function weakIdColumns(
  claims: Claims,
  filled: { readonly tokenId?: unknown },
  options: ColumnOptions,
): readonly number[] {
  const others = filled.tokenId !== undefined || claims.ownId !== null;
  return others || options.tokenIds !== "file" ? [] : [...claims.recordIds, ...claims.weakIds];
}

type Given = {
  readonly claims: Claims;
  readonly weak: readonly number[];
  readonly settled: Settled | null;
  /** Gets the weak column that holds ids. */
  readonly chosen: FieldColumns;
  readonly templates: FieldTemplates;
  readonly options: ColumnOptions;
};

export function whereIdsComeFrom(
  header: Header,
  given: Given,
  problems: RowProblem[],
): { idSource: IdSource; ownIdIndex: number | null } {
  const { claims, chosen, options } = given;
  takeWeakId(header, given, problems);
  const inFile = chosen.tokenId !== undefined || given.templates.tokenId !== undefined;
  if (inFile && options.tokenIds === "file") return { idSource: "file", ownIdIndex: null };
  if (chosen.tokenId !== undefined)
    problems.push(idsNotUsed(header.line, header.cells[chosen.tokenId] ?? "", options.tokenIds));
  // Also where the file has ids that were not to be used: a failed file must meet the tokens of its first time.
  if (claims.ownId !== null) return { idSource: "own", ownIdIndex: claims.ownId };
  if (options.tokenIds === "sequential") return { idSource: "sequential", ownIdIndex: null };
  problems.push(derivedIds(header.line));
  return { idSource: "derived", ownIdIndex: null };
}

/** A service's own id comes before a number that may be anything; between two such numbers nobody can choose. */
function takeWeakId(
  { line, cells }: Header,
  { claims, weak, settled, chosen }: Given,
  problems: RowProblem[],
): void {
  const held = weak.filter((index) => settled?.ids.includes(index));
  const own = held.find((index) => claims.recordIds.includes(index));
  const [only] = own === undefined ? held : [own];
  if (only === undefined) return;
  if (own === undefined && held.length > 1) problems.push(ambiguous(line, "tokenId", held, cells));
  chosen.tokenId = only;
}
