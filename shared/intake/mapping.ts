/** How a header was understood, in words that people read on the batch. Pure. */
import { foldHeader } from "../job/token-id.ts";
import type { Claims, FieldColumns, PairColumns, PropertyColumn, TraitColumn } from "./claims.ts";
import type { ColumnOptions, Header } from "./column-options.ts";
import { FIELDS } from "./fields.ts";

const THIRDWEB = ["youtube_url", "background_color", "map_image", "map_animation_url"].map(foldHeader);

/** Whose convention the header follows. */
export function formatOf({ cells }: Header, chosen: FieldColumns, claims: Claims): string {
  const names = new Set(cells.map(foldHeader));
  const hasIds = chosen.tokenId !== undefined;
  if (hasIds && names.has("filename") && cells.some((header) => /^attributes\[/i.test(header)))
    return "opensea";
  const bare = claims.traits.length === 0 && claims.pairs.length === 0;
  return !hasIds && bare && THIRDWEB.some((name) => names.has(name)) ? "thirdweb" : "csv";
}

type Columns = {
  readonly traits: readonly TraitColumn[];
  readonly pairs: readonly PairColumns[];
  readonly properties: readonly PropertyColumn[];
};

export function describeMapping(
  { cells }: Header,
  chosen: FieldColumns,
  { traits, pairs, properties }: Columns,
  options: ColumnOptions,
): Record<string, string> {
  const name = (index: number | undefined): string => (index === undefined ? "" : (cells[index] ?? ""));
  return Object.fromEntries([
    ...FIELDS.filter((field) => chosen[field] !== undefined).map((field) => [field, name(chosen[field])]),
    ...properties.map(({ key, index }) => [`properties.${key}`, name(index)]),
    ...traits.map(({ trait, index }) => [`attributes[${trait}]`, name(index)]),
    ...pairs.map((pair) => [`attributes[{${name(pair.typeIndex)}}]`, name(pair.valueIndex)]),
    ...Object.entries(options.template).map(([field, text]) => [`template[${field}]`, text]),
  ]);
}
