/** "Did you mean …?": the nearest of the known names. Pure; Worker, intake and CLI share it. */

/**
 * The known name that a mistyped one most likely stands for.
 * Case, `_`, `-`, `.` and spaces count for nothing: nobody mistypes those on purpose.
 * @returns null where even the nearest is more than half different: a far-fetched guess helps nobody.
 */
export function nearest(given: string, known: readonly string[]): string | null {
  let best: { name: string; distance: number } | null = null;
  for (const name of known) {
    const distance = editDistance(folded(given), folded(name));
    if (best === null || distance < best.distance) best = { name, distance };
  }
  if (best === null) return null;
  const longest = Math.max(folded(given).length, folded(best.name).length);
  return best.distance * 2 <= longest ? best.name : null;
}

/** For the end of a sentence: `Did you mean "x"?`, or all known names where none is near. */
export function suggest(given: string, known: readonly string[]): string {
  const name = nearest(given, known);
  if (name !== null) return `Did you mean "${name}"?`;
  return known.length > 0 ? `Known: ${known.join(", ")}.` : "None is known here.";
}

const folded = (name: string): string => name.toLowerCase().replace(/[\s_.-]/g, "");

/** Levenshtein's: insertions, deletions and replacements that turn one text into the other. */
export function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const replaced = (previous[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      const removed = (previous[column] ?? 0) + 1;
      const inserted = (current[column - 1] ?? 0) + 1;
      current.push(Math.min(replaced, removed, inserted));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}
