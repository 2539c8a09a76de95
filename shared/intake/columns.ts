/** From a header to what each column means. Decided once a file; the rows only read the plan. Pure. */
import {
  type Claims,
  chooseColumns,
  claimColumns,
  type FieldColumns,
  type PairColumns,
  type PropertyColumn,
  type TraitColumn,
} from "./claims.ts";
import {
  type ColumnOptions,
  type FieldTemplates,
  type Header,
  readMap,
  readTemplates,
} from "./column-options.ts";
import { FIELDS } from "./fields.ts";
import {
  ambiguous,
  derivedIds,
  idsNotUsed,
  missingName,
  nearMiss,
  noHeader,
  unnamedColumn,
} from "./header-problems.ts";
import { describeMapping, formatOf } from "./mapping.ts";
import type { RowProblem } from "./problem.ts";

export type { ColumnOptions, Header } from "./column-options.ts";

/** Where a row's token id comes from. `own`: `_token_id`; where that is empty, derived. */
export type IdSource = "file" | "own" | "derived" | "sequential";

export type ColumnPlan = {
  readonly headers: readonly string[];
  readonly fields: Readonly<FieldColumns>;
  readonly templates: Readonly<FieldTemplates>;
  readonly traits: readonly TraitColumn[];
  readonly pairs: readonly PairColumns[];
  readonly properties: readonly PropertyColumn[];
  readonly idSource: IdSource;
  /** The column `_token_id`, where `idSource` is `own`. */
  readonly ownIdIndex: number | null;
  /** The columns that a derived id is made of. */
  readonly ownCells: readonly number[];
  /** `opensea`, `thirdweb` or `csv`: said, not used; nothing is read differently because of it. */
  readonly format: string;
  /** What the batch shows: field → header, `attributes[Trait]` → header, `template[field]` → its text. */
  readonly mapping: Readonly<Record<string, string>>;
};

export type Planned = {
  readonly plan: ColumnPlan;
  /** Columns that are ids if all their cells are; empty once that is settled. */
  readonly undecided: readonly number[];
  readonly problems: readonly RowProblem[];
};

/** @param settled those of `undecided` that turned out to hold only ids; null before anybody looked. */
export function planColumns(
  header: Header,
  options: ColumnOptions,
  settled: readonly number[] | null = null,
): Planned {
  const problems: RowProblem[] = [];
  const mapped = readMap(header, options.map, problems);
  const templates = readTemplates(header, options.template, problems);
  const claims = claimColumns(header.cells, mapped);
  const chosen = chooseColumns(header, claims, mapped, problems);
  const undecided = weakIds(claims, chosen, templates, options);
  if (settled && undecided.length > 0) takeWeakId(header, settled, chosen, problems);
  const ids = decideIds(header, options, claims, chosen, templates, problems);
  const traits = traitColumns(header, claims, chosen);
  problems.push(...claims.unnamed.map((index) => unnamedColumn(header.line, index)));
  problems.push(...judgeNames(header, claims, { ...templates, ...chosen }, traits));
  const plan: ColumnPlan = {
    headers: header.cells,
    fields: chosen,
    templates,
    traits,
    pairs: claims.pairs,
    properties: claims.properties,
    ...ids,
    ownCells: header.cells.flatMap((name, index) => (name === "" || name.startsWith("_") ? [] : [index])),
    format: formatOf(header, chosen, claims),
    mapping: describeMapping(header, chosen, { ...claims, traits }, options),
  };
  return { plan, undecided: settled ? [] : undecided, problems };
}

/**
 * `number`, `#` and `edition` are asked only where nothing else is an id. `_token_id` comes first: in a failed
 * file such a column may hold ids by chance, where the whole file's did not.
 */
function weakIds(
  claims: Claims,
  chosen: FieldColumns,
  templates: FieldTemplates,
  options: ColumnOptions,
): readonly number[] {
  const others = chosen.tokenId !== undefined || templates.tokenId !== undefined || claims.ownId !== null;
  return others || options.tokenIds !== "file" ? [] : claims.weakIds;
}

function takeWeakId(
  header: Header,
  settled: readonly number[],
  chosen: FieldColumns,
  problems: RowProblem[],
): void {
  if (settled.length > 1) problems.push(ambiguous(header.line, "tokenId", settled, header.cells));
  const [only] = settled;
  if (only !== undefined) chosen.tokenId = only;
}

function decideIds(
  header: Header,
  options: ColumnOptions,
  claims: Claims,
  chosen: FieldColumns,
  templates: FieldTemplates,
  problems: RowProblem[],
): { idSource: IdSource; ownIdIndex: number | null } {
  const inFile = chosen.tokenId !== undefined || templates.tokenId !== undefined;
  if (inFile && options.tokenIds === "file") return { idSource: "file", ownIdIndex: null };
  if (chosen.tokenId !== undefined)
    problems.push(idsNotUsed(header.line, header.cells[chosen.tokenId] ?? "", options.tokenIds));
  if (!inFile && claims.ownId !== null) return { idSource: "own", ownIdIndex: claims.ownId };
  if (options.tokenIds === "sequential") return { idSource: "sequential", ownIdIndex: null };
  problems.push(derivedIds(header.line));
  return { idSource: "derived", ownIdIndex: null };
}

/** Every column that is nothing else is a trait, named as in the header. In the header's order. */
function traitColumns(header: Header, claims: Claims, chosen: FieldColumns): TraitColumn[] {
  const taken = new Set<number>([...Object.values(chosen), ...claims.ignored, ...claims.unnamed]);
  for (const { index } of [...claims.properties, ...claims.traits]) taken.add(index);
  for (const { typeIndex, valueIndex } of claims.pairs) taken.add(typeIndex).add(valueIndex);
  const bare = header.cells.flatMap((trait, index) => (taken.has(index) ? [] : [{ trait, index }]));
  return [...claims.traits, ...bare].sort((a, b) => a.index - b.index);
}

/** A first record in which nothing is a name that we know, and something is what only rows hold, is a row. */
const ROW_CELL =
  /^(\d+(\.\d+)?|0x[0-9a-f]+|[[{].*|(https?|ipfs|ar|data):.*|.*\.(png|jpe?g|gif|webp|svg|mp4|mp3))$/is;

function judgeNames(
  header: Header,
  claims: Claims,
  filled: Readonly<Record<string, unknown>>,
  traits: readonly TraitColumn[],
): RowProblem[] {
  const { cells, line } = header;
  if (claims.recognised === 0 && cells.some((cell) => ROW_CELL.test(cell))) return [noHeader(line, cells)];
  const open = FIELDS.filter((field) => filled[field] === undefined);
  const doubts = traits.flatMap(({ trait, index }) =>
    trait === cells[index] ? (nearMiss(line, trait, open) ?? []) : [],
  );
  return "name" in filled ? doubts : [missingName(line, cells), ...doubts];
}
