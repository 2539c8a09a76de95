/**
 * What each column of a header may be: the first half of the plan, before it is decided between columns that
 * claim the same field. Pure.
 */

import { FIELDS, type Field, matchName, matchPattern } from "./fields.ts";
import { ambiguous, synonymAsTrait } from "./header-problems.ts";
import type { RowProblem } from "./problem.ts";

export type TraitColumn = { readonly trait: string; readonly index: number };
export type PairColumns = { readonly typeIndex: number; readonly valueIndex: number };
export type PropertyColumn = { readonly key: string; readonly index: number };
/** Which column fills which field. */
export type FieldColumns = Partial<Record<Field, number>>;

export type Claims = {
  readonly exact: ReadonlyMap<Field, readonly number[]>;
  readonly synonyms: ReadonlyMap<Field, readonly number[]>;
  /** `number`, `#`, `edition`. */
  readonly weakIds: readonly number[];
  /** `_token_id`. */
  readonly ownId: number | null;
  readonly traits: readonly TraitColumn[];
  readonly pairs: readonly PairColumns[];
  readonly properties: readonly PropertyColumn[];
  /** Columns that begin with `_`: ours, or somebody's notes. */
  readonly ignored: readonly number[];
  readonly unnamed: readonly number[];
  /** How many columns are something that we know by name or form. */
  readonly recognised: number;
};

/** @param mapped columns that `map[…]` has given away already; their names count for nothing more. */
export function claimColumns(headers: readonly string[], mapped: FieldColumns = {}): Claims {
  const given = new Set(Object.values(mapped));
  const exact = new Map<Field, number[]>();
  const synonyms = new Map<Field, number[]>();
  const weakIds: number[] = [];
  const traits: TraitColumn[] = [];
  const properties: PropertyColumn[] = [];
  const halves = new Map<string, { typeIndex?: number; valueIndex?: number }>();
  const ignored: number[] = [];
  const unnamed: number[] = [];
  for (const [index, header] of headers.entries()) {
    if (given.has(index)) continue;
    if (header === "") unnamed.push(index);
    else if (header.startsWith("_")) ignored.push(index);
    else {
      const name = matchName(header);
      const pattern = name ? null : matchPattern(header);
      if (name?.strength === "exact") push(exact, name.field, index);
      else if (name?.strength === "synonym") push(synonyms, name.field, index);
      else if (name) weakIds.push(index);
      else if (pattern?.kind === "trait") traits.push({ trait: pattern.trait, index });
      else if (pattern?.kind === "property") properties.push({ key: pattern.key, index });
      else if (pattern) {
        const half = pattern.part === "type" ? { typeIndex: index } : { valueIndex: index };
        halves.set(pattern.pair, { ...halves.get(pattern.pair), ...half });
      }
    }
  }
  const pairs = [...halves.values()].flatMap(({ typeIndex, valueIndex }) =>
    typeIndex === undefined || valueIndex === undefined ? [] : [{ typeIndex, valueIndex }],
  );
  const ownId = headers.findIndex((header) => header.toLowerCase() === "_token_id");
  const named = [...exact.values(), ...synonyms.values()].flat().length;
  return {
    exact,
    synonyms,
    weakIds,
    ownId: ownId < 0 ? null : ownId,
    traits,
    pairs,
    properties,
    ignored,
    unnamed,
    recognised:
      given.size +
      named +
      weakIds.length +
      traits.length +
      properties.length +
      2 * pairs.length +
      ignored.length,
  };
}

const push = (map: Map<Field, number[]>, field: Field, index: number): void => {
  map.set(field, [...(map.get(field) ?? []), index]);
};

/** `map[…]` beats a field's own name, which beats a synonym; between equals nobody but the user can choose. */
export function chooseColumns(
  header: { readonly cells: readonly string[]; readonly line: number },
  claims: Claims,
  mapped: FieldColumns,
  problems: RowProblem[],
): FieldColumns {
  const { cells: headers, line } = header;
  const chosen: FieldColumns = { ...mapped };
  for (const field of FIELDS.filter((one) => mapped[one] === undefined)) {
    const own = claims.exact.get(field) ?? [];
    const others = claims.synonyms.get(field) ?? [];
    const rivals = own.length > 0 ? own : others;
    const [winner] = rivals;
    if (winner === undefined) continue;
    chosen[field] = winner;
    if (rivals.length > 1) problems.push(ambiguous(line, field, rivals, headers));
    else if (own.length > 0)
      problems.push(
        ...others.map((index) => synonymAsTrait(line, headers[index] ?? "", field, headers[winner] ?? "")),
      );
  }
  return chosen;
}
