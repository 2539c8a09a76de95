/**
 * Lists of hashes instead of what they are of: whether something stands in several rows shows only at the end of the
 * file, and to let D1 group a million rows takes it many seconds in which nobody else is answered (measured). So each
 * slice leaves a list, and the end looks through the lists. Pure.
 */

export type HashList = Float64Array<ArrayBuffer>;

/** 53 bits, which a number holds exactly. Not against anybody: who makes two texts meet gains nothing. */
export function hashOf(text: string): number {
  let low = 0x811c9dc5;
  let high = 0x2c1b3c6d;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    low = Math.imul(low ^ code, 0x01000193);
    high = Math.imul(high ^ (code + at), 0x297a2d39);
    high ^= high >>> 15;
  }
  return ((high >>> 0) & 0x1fffff) * 0x1_0000_0000 + (low >>> 0);
}

/**
 * Whether none of what the lists are of comes twice. False also where two hashes only happen to meet, or where a list
 * is missing: then somebody has to look closely.
 * @param count how many hashes the lists must hold together
 */
export function areAllDifferent(lists: readonly HashList[], count: number): boolean {
  if (lists.reduce((sum, { length }) => sum + length, 0) !== count) return false;
  const hashes = new Float64Array(count);
  let filled = 0;
  for (const list of lists) {
    hashes.set(list, filled);
    filled += list.length;
  }
  hashes.sort();
  return hashes.every((hash, index) => index === 0 || hash !== hashes[index - 1]);
}
