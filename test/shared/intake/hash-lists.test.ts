/** What tells whether a look at all rows is needed at all: it may doubt in vain, and must never miss. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { areAllDifferent, hashOf } from "../../../shared/intake/hash-lists.ts";

const listsOf = (...slices: string[][]) => slices.map((texts) => Float64Array.from(texts.map(hashOf)));

describe("lists of hashes", () => {
  it("of different texts hold nothing twice", () => {
    const ids = Array.from({ length: 100_000 }, (_, index) => String(index));
    expect(areAllDifferent(listsOf(ids.slice(0, 60_000), ids.slice(60_000)), 100_000)).toBe(true);
  });

  it("show what stands in two slices, or twice in one", () => {
    expect(areAllDifferent(listsOf(["1", "2"], ["3", "1"]), 4)).toBe(false);
    expect(areAllDifferent(listsOf(["1", "1"]), 2)).toBe(false);
  });

  it("are no proof where one is missing", () => {
    expect(areAllDifferent(listsOf(["1", "2"]), 4)).toBe(false);
    expect(areAllDifferent([], 1)).toBe(false);
  });

  it("never miss a repeat", () => {
    void fc.assert(
      fc.property(fc.array(fc.string(), { minLength: 1 }), fc.nat(), (texts, at) => {
        const again = texts[at % texts.length] ?? "";
        expect(areAllDifferent(listsOf(texts, [again]), texts.length + 1)).toBe(false);
      }),
    );
  });

  it("hold whole numbers exactly", () => {
    void fc.assert(fc.property(fc.string(), (text) => Number.isSafeInteger(hashOf(text))));
  });
});
