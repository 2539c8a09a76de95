/**
 * The name that was probably meant. Comparing a wrong name with every file would cost 10,000 × 10,000 in the
 * folder where all extensions changed; names are looked up instead by what common slips leave alone. No I/O.
 */

/** A name of the list, or null. The index is built at the first question: most sheets ask none. */
export type Suggest = (name: string) => string | null;

/** From the surest to the loosest: another extension, other marks and zeros, a letter too many or too few. */
const KEYS: readonly ((name: string) => readonly string[])[] = [
  (name) => [stemOf(name)],
  (name) => [squash(stemOf(name))],
  (name) => slips(squash(stemOf(name))),
];

export function suggestFrom(names: readonly string[]): Suggest {
  const indexes = KEYS.map(() => null as Map<string, string> | null);
  return (name) => {
    for (const [level, keys] of KEYS.entries()) {
      const index = indexes[level] ?? indexBy(names, keys);
      indexes[level] = index;
      for (const key of keys(name)) {
        const found = key === "" ? undefined : index.get(key);
        if (found !== undefined) return found;
      }
    }
    return null;
  };
}

function indexBy(names: readonly string[], keys: (name: string) => readonly string[]): Map<string, string> {
  const index = new Map<string, string>();
  for (const name of names) {
    for (const key of keys(name)) if (!index.has(key)) index.set(key, name);
  }
  return index;
}

const stemOf = (name: string): string =>
  name
    .slice(name.lastIndexOf("/") + 1)
    .replace(/\.[^.]*$/, "")
    .normalize("NFC")
    .toLowerCase();

/** `Cool Cat #0017` and `cool_cat-17` come to the same. */
const squash = (stem: string): string =>
  stem
    .normalize("NFD")
    .replace(/[^\p{L}\p{N}]+/gu, "")
    .replace(/(?<!\p{N})0+(?=\p{N})/gu, "");

/** Longer names cost by the square, and their slips are rarer than their being another name. */
const SLIP_CHARS = 64;

/**
 * The text itself and every version that lacks one letter: two names that share one are a slip apart. Digits
 * stay, since `dragon17` is no misspelling of `dragon18`.
 */
function slips(text: string): string[] {
  if (text.length < 3 || text.length > SLIP_CHARS) return [text];
  const versions = new Set([text]);
  for (let at = 0; at < text.length; at++) {
    if (!/\p{N}/u.test(text[at] ?? "")) versions.add(text.slice(0, at) + text.slice(at + 1));
  }
  return [...versions];
}
