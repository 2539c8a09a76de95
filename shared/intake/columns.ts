/** From a header to what each column means. Decided once a file; the rows only read the plan. Pure. */
import { MEDIA_FIELDS, type MediaField } from "../job/job.ts";
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
  type Settled,
} from "./column-options.ts";
import { type RefusalColumns, refusalColumns } from "./duplicates.ts";
import { formatOf } from "./formats.ts";
import { type IdSource, weakIdColumns, whereIdsComeFrom } from "./id-columns.ts";
import { jsonColumns, takeJsonColumns } from "./json-columns.ts";
import { describeMapping } from "./mapping.ts";
import { judgeHeader } from "./names.ts";
import { previewColumn, withoutPreview } from "./preview.ts";
import type { RowProblem } from "./problem.ts";

export type { ColumnOptions, Header, Settled } from "./column-options.ts";
export type { IdSource } from "./id-columns.ts";

export type ColumnPlan = {
  readonly headers: readonly string[];
  readonly fields: Readonly<FieldColumns>;
  readonly templates: Readonly<FieldTemplates>;
  readonly traits: readonly TraitColumn[];
  readonly pairs: readonly PairColumns[];
  readonly properties: readonly PropertyColumn[];
  /** The media fields that have a column, filled or not. */
  readonly mediaColumns: ReadonlySet<MediaField>;
  /** The picture of a work that is none itself: where it is filled, the image's column holds the animation. */
  readonly preview: number | null;
  readonly idSource: IdSource;
  /** The column `_token_id`, where `idSource` is `own`. */
  readonly ownIdIndex: number | null;
  /** Of a result file that goes back. */
  readonly refusal: RefusalColumns | null;
  /** The columns that a derived id is made of. */
  readonly ownCells: readonly number[];
  /** Whose convention the file follows: said, not used; nothing is read differently because of it. */
  readonly format: string;
  /** What the batch shows: field → header, `attributes[Trait]` → header, `template[field]` → its text. */
  readonly mapping: Readonly<Record<string, string>>;
};

export type Planned = {
  readonly plan: ColumnPlan;
  /** Columns whose cells decide what they are; empty once that is settled. */
  readonly undecided: Settled;
  readonly problems: readonly RowProblem[];
};

/** @param settled what a look at all cells has shown of `undecided`; null before anybody looked. */
export function planColumns(header: Header, options: ColumnOptions, settled: Settled | null = null): Planned {
  const problems: RowProblem[] = [];
  const { cells } = header;
  const mapped = readMap(header, options.map, problems);
  const templates = readTemplates(header, options.template, problems);
  const all = claimColumns(cells, mapped, header.json);
  const preview = previewColumn(header, all, mapped);
  const claims = withoutPreview(all, preview);
  const chosen = chooseColumns(header, claims, mapped, problems);
  const json = jsonColumns(header, claims, chosen);
  const weak = weakIdColumns(claims, { ...templates, ...chosen }, options);
  const undecided = { ids: weak, json };
  if (settled) takeJsonColumns(header, json, settled, chosen, problems);
  const ids = whereIdsComeFrom(header, { claims, weak, settled, chosen, templates, options }, problems);
  const columns = { ...otherColumns(header, claims, chosen, preview), pairs: claims.pairs, preview };
  problems.push(...judgeHeader(header, claims, { ...templates, ...chosen }, columns.traits));
  const plan: ColumnPlan = {
    headers: cells,
    fields: chosen,
    templates,
    ...columns,
    mediaColumns: new Set(MEDIA_FIELDS.filter((field) => chosen[field] !== undefined)),
    ...ids,
    refusal: refusalColumns(cells),
    ownCells: cells.flatMap((name, index) => (name === "" || name.startsWith("_") ? [] : [index])),
    format: formatOf(header, chosen, claims),
    mapping: describeMapping(header, chosen, { ...columns, ...ids }, options),
  };
  return { plan, undecided: settled ? { ids: [], json: [] } : undecided, problems };
}

/**
 * Every column that is nothing else is a trait, named as in the header. In JSON that is so only where the
 * objects bring no attributes of their own, and for what is text or a number; the rest are properties.
 */
function otherColumns(
  { cells, json }: Header,
  claims: Claims,
  chosen: FieldColumns,
  preview: number | null,
): { traits: TraitColumn[]; properties: PropertyColumn[] } {
  const taken = new Set<number>([...Object.values(chosen), ...claims.ignored, ...claims.unnamed]);
  for (const index of claims.recordIds) taken.add(index);
  for (const { index } of [...claims.properties, ...claims.traits]) taken.add(index);
  for (const { typeIndex, valueIndex, displayIndex } of claims.pairs)
    for (const index of [typeIndex, valueIndex, displayIndex]) if (index !== null) taken.add(index);
  if (preview !== null) taken.add(preview);
  const bare = cells.flatMap((name, index) => (taken.has(index) ? [] : [{ name, index }]));
  const ownTraits = json !== undefined && (json.nested || chosen.attributes !== undefined);
  const isProperty = (index: number): boolean => ownTraits || json?.structured.includes(index) === true;
  return {
    traits: [
      ...claims.traits,
      ...bare.flatMap(({ name, index }) => (isProperty(index) ? [] : [{ trait: name, index }])),
    ].sort((a, b) => a.index - b.index),
    properties: [
      ...claims.properties,
      ...bare.flatMap(({ name, index }) => (isProperty(index) ? [{ key: name, index }] : [])),
    ],
  };
}
