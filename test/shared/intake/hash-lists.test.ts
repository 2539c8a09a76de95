/** What tells whether a look at all rows is needed at all: it may doubt in vain, and must never miss. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { areAllDifferent, hashOf, sortedShares } from "../../../shared/intake/hash-lists.ts";
import { ended } from "./support.ts";

const listsOf = (...slices: string[][]) => slices.map((texts) => Float64Array.from(texts.map(hashOf)));

describe("lists of hashes", () => {
  it("of different texts hold nothing twice", () => {
    const ids = Array.from({ length: 100_000 }, (_, index) => String(index));
    expect(ended(areAllDifferent(listsOf(ids.slice(0, 60_000), ids.slice(60_000)), 100_000))).toBe(true);
  });

  it("show what stands in two slices, or twice in one", () => {
    expect(ended(areAllDifferent(listsOf(["1", "2"], ["3", "1"]), 4))).toBe(false);
    expect(ended(areAllDifferent(listsOf(["1", "1"]), 2))).toBe(false);
  });

  it("are no proof where one is missing", () => {
    expect(ended(areAllDifferent(listsOf(["1", "2"]), 4))).toBe(false);
    expect(ended(areAllDifferent([], 1))).toBe(false);
  });

  it("never miss a repeat", () => {
    void fc.assert(
      fc.property(fc.array(fc.string(), { minLength: 1 }), fc.nat(), (texts, at) => {
        const again = texts[at % texts.length] ?? "";
        expect(ended(areAllDifferent(listsOf(texts, [again]), texts.length + 1))).toBe(false);
      }),
    );
  });

  it("come in order, in pieces that are sorted in a moment", () => {
    const hashes = Array.from({ length: 100_000 }, (_, index) => hashOf(`id ${index % 70_000}`));
    const lists = [Float64Array.from(hashes.slice(0, 30_000)), Float64Array.from(hashes.slice(30_000))];
    const shares = [...sortedShares(lists, 1)].map((share) => [...share]);
    expect(shares.flat()).toEqual([...hashes].sort((a, b) => a - b));
    expect(Math.max(...shares.map(({ length }) => length))).toBeLessThan(2 * 16_384);
    expect(
      [...sortedShares([Float64Array.of(5, 7, 5, 8), Float64Array.of(1, 5)], 2)].flatMap((share) => [
        ...share,
      ]),
    ).toEqual([1, 5, 5]);
  });

  it("hold whole numbers exactly", () => {
    void fc.assert(fc.property(fc.string(), (text) => Number.isSafeInteger(hashOf(text))));
  });
});
