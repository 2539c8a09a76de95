/**
 * How often each trait has which value, for the preview. Counts at most LIMITS.rarityTraits traits and of each at
 * most LIMITS.rarityValues values; what comes beyond is only known to be there. Pure.
 */
import type { JobArgs } from "../job/job.ts";
import { LIMITS } from "../limits.ts";

export type TraitSummary = {
  readonly trait: string;
  /** Tokens that have the trait. */
  readonly tokens: number;
  /** How many different values; those beyond LIMITS.rarityValues are not counted. */
  readonly values: number;
  /** There are more values than were counted. */
  readonly more: boolean;
  /** Of numbers, and only where all values are. */
  readonly range: { readonly min: number; readonly max: number } | null;
  /** The most frequent and the rarest values, the frequent ones first; the two lists do not overlap. */
  readonly common: readonly ValueCount[];
  readonly rare: readonly ValueCount[];
};
export type ValueCount = { readonly value: string; readonly tokens: number };

type Counts = {
  tokens: number;
  numbers: number;
  min: number;
  max: number;
  more: boolean;
  by: Map<string, number>;
};

export type Rarity = {
  add(args: JobArgs): void;
  /** In the order in which the traits first came. */
  summary(): TraitSummary[];
};

export function rarity(): Rarity {
  const traits = new Map<string, Counts>();
  const countsOf = (trait: string): Counts | null => {
    const known = traits.get(trait);
    if (known) return known;
    if (traits.size >= LIMITS.rarityTraits) return null;
    const counts = { tokens: 0, numbers: 0, min: Infinity, max: -Infinity, more: false, by: new Map() };
    traits.set(trait, counts);
    return counts;
  };
  return {
    add({ token }) {
      for (const { trait_type: trait, value } of token.attributes ?? []) {
        const counts = countsOf(typeof trait === "string" ? trait : "");
        if (counts === null || value === undefined) continue;
        count(counts, typeof value === "string" ? value : JSON.stringify(value));
        if (typeof value !== "number") continue;
        counts.numbers += 1;
        counts.min = Math.min(counts.min, value);
        counts.max = Math.max(counts.max, value);
      }
    },
    summary: () => [...traits].map(([trait, counts]) => summaryOf(trait, counts)),
  };
}

function count(counts: Counts, value: string): void {
  counts.tokens += 1;
  const times = counts.by.get(value);
  if (times === undefined && counts.by.size >= LIMITS.rarityValues) counts.more = true;
  else counts.by.set(value, (times ?? 0) + 1);
}

const COMMON = 5;
const RARE = 3;

function summaryOf(trait: string, { tokens, numbers, min, max, more, by }: Counts): TraitSummary {
  const sorted = [...by].map(([value, times]) => ({ value, tokens: times }));
  sorted.sort((a, b) => b.tokens - a.tokens);
  const range = numbers > 0 && numbers === tokens ? { min, max } : null;
  const common = sorted.slice(0, COMMON);
  return { trait, tokens, values: by.size, more, range, common, rare: sorted.slice(COMMON).slice(-RARE) };
}
