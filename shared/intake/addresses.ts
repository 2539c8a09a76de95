/**
 * Which media addresses stand in several rows, so that each is fetched once: from lists of hashes (hash-lists.ts), 16
 * bytes an address. Two addresses of one hash cost a little and spoil nothing: who shares what nobody else needs finds
 * it in R2. Pure.
 */
import type { JobArgs } from "../job/job.ts";
import { LIMITS } from "../limits.ts";
import { type HashList, hashOf, type Steps, sortedShares } from "./hash-lists.ts";

/** Pairs: the hash of an address, and its place: 4 × the line and which of the row's media it is. */
export type AddressList = HashList;

export type AddressCollector = {
  add(line: number, args: Pick<JobArgs, "media">): void;
  list(): AddressList;
};

export function collectAddresses(): AddressCollector {
  const pairs: number[] = [];
  return {
    add(line, { media }) {
      for (let index = 0; index < media.length; index += 1) {
        const source = media[index]?.source;
        if (source?.kind === "url") pairs.push(hashOf(source.url), 4 * line + index);
      }
    },
    list: () => Float64Array.from(pairs),
  };
}

/** How many addresses of a file with so many rows are worth their two rows written in D1. */
export const sharedAddressesMax = (rows: number): number =>
  Math.max(LIMITS.sharedAddressesMin, Math.floor(rows / LIMITS.sharedAddressPerRows));

/** The first place of each address that stands in several rows, of at most `max` of them: the most used. */
export function* sharedPlaces(lists: readonly AddressList[], max: number): Steps<number[]> {
  const chosen = new Set(yield* mostUsed(lists, max));
  const places: number[] = [];
  for (const list of lists) {
    for (let at = 0; at < list.length && chosen.size > 0; at += 2) {
      if (chosen.delete(list[at] ?? 0)) places.push(list[at + 1] ?? 0);
    }
    yield;
  }
  return places;
}

function* mostUsed(lists: readonly AddressList[], max: number): Steps<number[]> {
  const repeated: { hash: number; count: number }[] = [];
  for (const hashes of sortedShares(lists, 2)) {
    for (let from = 0, to = 0; from < hashes.length; from = to) {
      const hash = hashes[from] ?? 0;
      while (to < hashes.length && hashes[to] === hash) to += 1;
      if (to - from > 1) repeated.push({ hash, count: to - from });
    }
    yield;
  }
  if (repeated.length > max) repeated.sort((a, b) => b.count - a.count || a.hash - b.hash);
  return repeated.slice(0, max).map(({ hash }) => hash);
}
