/** How a header was understood, in words that people read on the batch. Pure. */
import type { FieldColumns, PairColumns, PropertyColumn, TraitColumn } from "./claims.ts";
import type { ColumnOptions, Header } from "./column-options.ts";
import { FIELDS } from "./fields.ts";

type Columns = {
  readonly traits: readonly TraitColumn[];
  readonly pairs: readonly PairColumns[];
  readonly properties: readonly PropertyColumn[];
  readonly preview: number | null;
  readonly ownIdIndex: number | null;
};

export function describeMapping(
  { cells }: Header,
  chosen: FieldColumns,
  { traits, pairs, properties, preview, ownIdIndex }: Columns,
  options: ColumnOptions,
): Record<string, string> {
  const name = (index: number | undefined): string => (index === undefined ? "" : (cells[index] ?? ""));
  return Object.fromEntries([
    ...(ownIdIndex === null ? [] : [["tokenId", name(ownIdIndex)]]),
    ...FIELDS.filter((field) => chosen[field] !== undefined).map((field) => [field, name(chosen[field])]),
    ...(preview === null ? [] : [["thumbnail", name(preview)]]),
    ...properties.map(({ key, index }) => [`properties.${key}`, name(index)]),
    ...traits.map(({ trait, index }) => [`attributes[${trait}]`, name(index)]),
    ...pairs.map((pair) => [`attributes[{${name(pair.typeIndex)}}]`, name(pair.valueIndex)]),
    ...Object.entries(options.template).map(([field, text]) => [`template[${field}]`, text]),
  ]);
}
