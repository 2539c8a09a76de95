/**
 * What each column of a header may be: the first half of the plan, before it is decided between columns that
 * claim the same field. Pure.
 */
import { foldHeader } from "../job/token-id.ts";
import type { Header, JsonHeader } from "./column-options.ts";
import {
  FIELDS,
  type Field,
  type HeaderPattern,
  isRecordId,
  isTraitList,
  matchName,
  matchPattern,
  type PairForm,
  type TraitForm,
} from "./fields.ts";
import { ambiguous, synonymAsTrait } from "./header-problems.ts";
import type { RowProblem } from "./problem.ts";

export type TraitColumn = { readonly trait: string; readonly index: number };
export type PairColumns = {
  readonly typeIndex: number;
  readonly valueIndex: number;
  readonly displayIndex: number | null;
};
export type PropertyColumn = { readonly key: string; readonly index: number };
/** Which column fills which field. */
export type FieldColumns = Partial<Record<Field, number>>;

export type Claims = {
  readonly exact: ReadonlyMap<Field, readonly number[]>;
  readonly synonyms: ReadonlyMap<Field, readonly number[]>;
  /** `number`, `#`, `edition`. */
  readonly weakIds: readonly number[];
  /** A service's own name for a record of JSON. */
  readonly recordIds: readonly number[];
  /** `_token_id`. */
  readonly ownId: number | null;
  readonly traits: readonly TraitColumn[];
  readonly pairs: readonly PairColumns[];
  readonly properties: readonly PropertyColumn[];
  /** Columns that hold lists of traits, if all their cells do. */
  readonly traitLists: readonly number[];
  /** Columns that begin with `_`: ours, or somebody's notes. */
  readonly ignored: readonly number[];
  readonly unnamed: readonly number[];
  /** The forms in which traits are written. */
  readonly forms: ReadonlySet<TraitForm | PairForm>;
  /** How many columns are something that we know by name or form. */
  readonly recognised: number;
};

type Claim =
  | { readonly kind: "unnamed" | "ignored" | "record-id" | "weak-id" | "trait-list" | "bare" | "given" }
  | { readonly kind: "exact" | "synonym"; readonly field: Field }
  | HeaderPattern;

/** @param mapped columns that `map[…]` has given away already; their names count for nothing more. */
export function claimColumns(
  headers: readonly string[],
  mapped: FieldColumns = {},
  json: JsonHeader | null = null,
): Claims {
  const given = new Set(Object.values(mapped));
  const claims = headers.map((header, index) => ({
    index,
    claim: given.has(index) ? ({ kind: "given" } as const) : claimOf(header, json),
  }));
  const of = (kind: Claim["kind"]): number[] =>
    claims.flatMap(({ claim, index }) => (claim.kind === kind ? [index] : []));
  const byField = (kind: "exact" | "synonym"): Map<Field, number[]> => {
    const fields = new Map<Field, number[]>();
    for (const { claim, index } of claims) {
      if (claim.kind === kind && "field" in claim)
        fields.set(claim.field, [...(fields.get(claim.field) ?? []), index]);
    }
    return fields;
  };
  const ownId = headers.findIndex((header) => header.toLowerCase() === "_token_id");
  const pairs = pairUp(claims);
  const halves = pairs.flatMap(({ typeIndex, valueIndex, displayIndex }) =>
    displayIndex === null ? [typeIndex, valueIndex] : [typeIndex, valueIndex, displayIndex],
  );
  const known = [
    "given",
    "exact",
    "synonym",
    "weak-id",
    "record-id",
    "ignored",
    "trait",
    "property",
  ] as const;
  return {
    exact: byField("exact"),
    synonyms: byField("synonym"),
    weakIds: of("weak-id"),
    recordIds: of("record-id"),
    ownId: ownId < 0 ? null : ownId,
    traits: claims.flatMap(({ claim, index }) =>
      claim.kind === "trait" ? [{ trait: claim.trait, index }] : [],
    ),
    pairs,
    properties: claims.flatMap(({ claim, index }) =>
      claim.kind === "property" ? [{ key: claim.key, index }] : [],
    ),
    traitLists: of("trait-list"),
    ignored: of("ignored"),
    unnamed: of("unnamed"),
    forms: new Set(
      claims.flatMap(({ claim, index }) =>
        claim.kind === "trait" || (claim.kind === "pair" && halves.includes(index)) ? [claim.form] : [],
      ),
    ),
    recognised: halves.length + known.reduce((sum, kind) => sum + of(kind).length, 0),
  };
}

function claimOf(header: string, json: JsonHeader | null): Claim {
  if (header.trim() === "") return { kind: "unnamed" };
  if (header.startsWith("_")) return { kind: "ignored" };
  // Where the token's own part is in `metadata`, the `id` beside it is the service's.
  if (json && (isRecordId(header) || (json.nested && foldHeader(header) === "id")))
    return { kind: "record-id" };
  if (isTraitList(header)) return { kind: "trait-list" };
  const name = matchName(header);
  if (name?.strength === "weak") return { kind: "weak-id" };
  if (name) return { kind: name.strength === "exact" ? "exact" : "synonym", field: name.field };
  return matchPattern(header) ?? { kind: "bare" };
}

/** Half a pair is none: its column stays what any other is. */
function pairUp(claims: readonly { readonly claim: Claim; readonly index: number }[]): PairColumns[] {
  const found = new Map<string, { type?: number; value?: number; display?: number }>();
  for (const { claim, index } of claims) {
    if (claim.kind === "pair") found.set(claim.pair, { ...found.get(claim.pair), [claim.part]: index });
  }
  return [...found.values()].flatMap(({ type, value, display }) =>
    type === undefined || value === undefined
      ? []
      : [{ typeIndex: type, valueIndex: value, displayIndex: display ?? null }],
  );
}

/** `map[…]` beats a field's own name, which beats a synonym; between equals nobody but the user can choose. */
export function chooseColumns(
  header: Header,
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
