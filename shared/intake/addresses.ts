/**
 * Which media addresses stand in several rows, so that each is fetched once. The rows of a file are in D1 long before
 * its end, and to group a million addresses there takes 20 s (measured); so each slice leaves a list of hashes, 16
 * bytes an address, and the end looks through the lists. Two addresses of one hash cost a little and spoil nothing:
 * who shares what nobody else needs finds it in R2. Pure.
 */
import type { JobArgs } from "../job/job.ts";
import { LIMITS } from "../limits.ts";

/** Pairs: the hash of an address, and its place: 4 × the line and which of the row's media it is. */
export type AddressList = Float64Array<ArrayBuffer>;

export type AddressCollector = {
  add(line: number, args: Pick<JobArgs, "media">): void;
  list(): AddressList;
};

export function collectAddresses(): AddressCollector {
  const pairs: number[] = [];
  return {
    add(line, { media }) {
      for (const [index, { source }] of media.entries()) {
        if (source.kind === "url") pairs.push(hashOf(source.url), 4 * line + index);
      }
    },
    list: () => Float64Array.from(pairs),
  };
}

/** How many addresses of a file with so many rows are worth their two rows written in D1. */
export const sharedAddressesMax = (rows: number): number =>
  Math.max(LIMITS.sharedAddressesMin, Math.floor(rows / LIMITS.sharedAddressPerRows));

/** The first place of each address that stands in several rows, of at most `max` of them: the most used. */
export function sharedPlaces(lists: readonly AddressList[], max: number): number[] {
  const chosen = new Set(mostUsed(lists, max));
  const places: number[] = [];
  for (const list of lists) {
    for (let at = 0; at < list.length && chosen.size > 0; at += 2) {
      if (chosen.delete(list[at] ?? 0)) places.push(list[at + 1] ?? 0);
    }
  }
  return places;
}

function mostUsed(lists: readonly AddressList[], max: number): number[] {
  const hashes = new Float64Array(lists.reduce((sum, { length }) => sum + length / 2, 0));
  let filled = 0;
  for (const list of lists) {
    for (let at = 0; at < list.length; at += 2) hashes[filled++] = list[at] ?? 0;
  }
  hashes.sort();
  const repeated: { hash: number; count: number }[] = [];
  for (let from = 0, to = 0; from < hashes.length; from = to) {
    const hash = hashes[from] ?? 0;
    while (to < hashes.length && hashes[to] === hash) to += 1;
    if (to - from > 1) repeated.push({ hash, count: to - from });
  }
  if (repeated.length > max) repeated.sort((a, b) => b.count - a.count || a.hash - b.hash);
  return repeated.slice(0, max).map(({ hash }) => hash);
}

/** 53 bits, which a number holds exactly. Not against anybody: who makes two addresses meet gains nothing. */
function hashOf(address: string): number {
  let low = 0x811c9dc5;
  let high = 0x2c1b3c6d;
  for (let at = 0; at < address.length; at += 1) {
    const code = address.charCodeAt(at);
    low = Math.imul(low ^ code, 0x01000193);
    high = Math.imul(high ^ (code + at), 0x297a2d39);
    high ^= high >>> 15;
  }
  return ((high >>> 0) & 0x1fffff) * 0x1_0000_0000 + (low >>> 0);
}
