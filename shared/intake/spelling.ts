/**
 * Traits that are nearly spelt alike: `Blue` and `blue `. To a marketplace they are two values, each rarer than
 * it was meant. Remembers so many spellings and no more: a trait with more than LIMITS.spellingsOfTrait values is
 * no list of choices, and after LIMITS.spellingsOfFile of all traits nothing new is learnt. In plain values, so
 * that it can be kept between two slices. Pure.
 */
import * as z from "zod";
import { LIMITS } from "../limits.ts";
import { type Place, type ProblemText, quote, type RowProblem, warningAt } from "./problem.ts";
import type { CheckedRow } from "./row.ts";

/** By trait: each spelling with the line on which it first stood; null where it has too many to be compared. */
export const Spellings = z.record(z.string(), z.array(z.tuple([z.string(), z.number()])).nullable());
export type Spellings = z.infer<typeof Spellings>;

type Valid = CheckedRow & { readonly kind: "valid" };

export type SpellingCheck = {
  /** A warning for each spelling that comes for the first time and is nearly one that came before. */
  check(row: Valid): RowProblem[];
  /** What was learnt. */
  spellings(): Spellings;
};

/** Of one trait: spellings by what they have in common, and all of them. */
type Known = { readonly first: Map<string, Spelt>; readonly exact: Map<string, number> };
type Spelt = { readonly text: string; readonly line: number };

/** Stands for the traits' own names. Nothing else is called so: it has no name. */
const NAMES = "";

/** @param before what was learnt from the rows before. */
export function spellingCheck(before: Spellings = {}): SpellingCheck {
  const traits = new Map<string, Known | null>();
  let room: number = LIMITS.spellingsOfFile;

  const learn = (trait: string, text: string, line: number): Spelt | null => {
    let known = traits.get(trait);
    if (known === null || text.length > LIMITS.spellingChars) return null;
    if (known?.exact.has(text) || room <= 0) return null;
    if (known === undefined) {
      known = { first: new Map(), exact: new Map() };
      traits.set(trait, known);
    }
    if (known.exact.size >= LIMITS.spellingsOfTrait) {
      room += known.exact.size;
      traits.set(trait, null);
      return null;
    }
    room -= 1;
    known.exact.set(text, line);
    const common = fold(text);
    const earlier = known.first.get(common) ?? null;
    if (earlier === null) known.first.set(common, { text, line });
    return earlier;
  };

  for (const [trait, spelt] of Object.entries(before)) {
    if (spelt === null) traits.set(trait, null);
    else for (const [text, line] of spelt) learn(trait, text, line);
  }

  return {
    check(row) {
      const problems: RowProblem[] = [];
      for (const { trait_type: trait, value } of row.args.token.attributes ?? []) {
        if (typeof trait !== "string" || trait === NAMES || trait.length > LIMITS.spellingChars) continue;
        const name = learn(NAMES, trait, row.line);
        if (name) problems.push(warningAt(placeOf(row, trait, trait), nearly("trait", trait, name)));
        if (typeof value !== "string") continue;
        const earlier = learn(trait, value, row.line);
        if (earlier) problems.push(warningAt(placeOf(row, trait, value), nearly("value", value, earlier)));
      }
      return problems;
    },
    spellings: () =>
      Object.fromEntries([...traits].map(([trait, known]) => [trait, known && [...known.exact]])),
  };
}

const placeOf = ({ line }: Valid, trait: string, value: string): Place => ({
  line,
  column: `attributes[${trait}]`,
  value,
});

/** Case, spaces, and the many ways in which Unicode writes one letter. */
const fold = (text: string): string => text.normalize("NFKC").trim().replace(/\s+/g, " ").toLowerCase();

const nearly = (what: "trait" | "value", text: string, earlier: Spelt): ProblemText => ({
  code: what === "trait" ? "row.trait_name_spelling" : "row.trait_spelling",
  message: `The ${what} ${quote(text)} is nearly ${quote(earlier.text)} of line ${earlier.line}; marketplaces count them apart.`,
  next: "Spell both alike, unless they are meant to differ.",
});
