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

/** Work of many turns; whoever does it may let others go first between two of them. */
export type Steps<T> = Generator<undefined, T, undefined>;

/**
 * Whether none of what the lists are of comes twice. False also where two hashes only happen to meet, or where a list
 * is missing: then somebody has to look closely.
 * @param count how many hashes the lists must hold together
 */
export function* areAllDifferent(lists: readonly HashList[], count: number): Steps<boolean> {
  if (lists.reduce((sum, { length }) => sum + length, 0) !== count) return false;
  for (const share of sortedShares(lists, 1)) {
    for (let at = 1; at < share.length; at += 1) if (share[at] === share[at - 1]) return false;
    yield;
  }
  return true;
}

/** Sorted at one go: a million at once keep everybody waiting for a tenth of a second, so many for about two ms. */
const SHARE_HASHES = 16_384;
const HASHES_END = 2 ** 53;

/**
 * All hashes of the lists, in order, piece by piece: equal ones stand in one piece. Some pieces are empty, so that
 * each takes a moment only.
 * @param every how many numbers of a list belong to one hash, which is the first of them
 */
export function* sortedShares(lists: readonly HashList[], every: number): Generator<HashList> {
  const count = lists.reduce((sum, { length }) => sum + length / every, 0);
  const shares = Math.ceil(count / SHARE_HASHES);
  const shareOf = (hash: number): number => Math.floor((hash / HASHES_END) * shares);
  const ends = new Uint32Array(shares);
  for (const list of lists) {
    for (let at = 0; at < list.length; at += every) {
      const share = shareOf(list[at] ?? 0);
      ends[share] = (ends[share] ?? 0) + 1;
    }
    yield new Float64Array();
  }
  for (let share = 1; share < shares; share += 1) ends[share] = (ends[share] ?? 0) + (ends[share - 1] ?? 0);
  const begins = ends.slice();
  const hashes = new Float64Array(count);
  for (const list of lists) {
    for (let at = 0; at < list.length; at += every) {
      const hash = list[at] ?? 0;
      const share = shareOf(hash);
      const place = (begins[share] ?? 0) - 1;
      hashes[place] = hash;
      begins[share] = place;
    }
    yield new Float64Array();
  }
  for (let share = 0; share < shares; share += 1) yield hashes.subarray(begins[share], ends[share]).sort();
}
