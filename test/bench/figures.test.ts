/** A figure below its bound is said to be, and ends the bench with 1; what is written says what was measured. */
import { describe, expect, it } from "vitest";
import { atLeast, atMost, exactly, exitCodeOf, judge, judged, recordOf, tableOf, told } from "./figures.ts";
import { percentile } from "./percentiles.ts";
import { MARKER, resultsText } from "./report.ts";

const kept = judged("kept", 1.2, "×", atLeast(1));
const missed = judged("missed", 0.94, "×", atLeast(0.95));

describe("judging", () => {
  it.each([
    [judged("", 0.95, "", atLeast(0.95)), "ok"],
    [judged("", 0.949, "", atLeast(0.95)), "NOT"],
    [judged("", 6, "", atMost(6)), "ok"],
    [judged("", 6.01, "", atMost(6)), "NOT"],
    [judged("", 4, "", exactly(4)), "ok"],
    [judged("", 4.001, "", exactly(4)), "NOT"],
    [judged("", 3.999, "", exactly(4)), "NOT"],
    [judged("not run", null, "", atLeast(0)), "NOT"],
    [judged("no number", Number.NaN, "", atMost(1)), "NOT"],
    [told("", 0, ""), "told"],
  ] as const)("%j is %s", (figure, verdict) => {
    expect(judge(figure)).toBe(verdict);
  });

  it("ends with 1 where any bound is missed, and where nothing was measured", () => {
    expect(exitCodeOf([kept, told("", 1, "")])).toBe(0);
    expect(exitCodeOf([kept, missed])).toBe(1);
    expect(exitCodeOf([])).toBe(1);
  });
});

describe("what is printed", () => {
  it("shows figure, bound and verdict on a line", () => {
    expect(tableOf([kept, missed])).toEqual(["ok   kept    1.2 ×   ≥ 1", "NOT  missed  0.94 ×  ≥ 0.95"]);
  });

  it("gives scripts each figure by its name", () => {
    expect(recordOf([missed])).toEqual({
      missed: { value: 0.94, unit: "×", bound: "≥ 0.95", is: "NOT", note: null },
    });
  });

  it("says of every figure of RESULTS.md where it was measured, and keeps what people wrote", () => {
    const first = resultsText({ CPU: "some" }, [kept, told("behind", 3, "ms", "a | b")], null);
    const lines = first
      .split("\n")
      .filter((line) => line.startsWith("| kept") || line.startsWith("| behind"));
    expect(lines).toEqual([
      "| kept | 1.2 ×, local runtime | ≥ 1 | ok |  |",
      "| behind | 3 ms, local runtime |  |  | a \\| b |",
    ]);
    const written = `${first}\nBefore: 0.5.\n`;
    const second = resultsText({ CPU: "other" }, [missed], written);
    expect(second).toContain("- CPU: other");
    expect(second).not.toContain("| kept");
    expect(second.slice(second.indexOf(MARKER))).toBe(written.slice(written.indexOf(MARKER)));
  });
});

describe("percentiles", () => {
  it("are values that were measured", () => {
    const values = Array.from({ length: 100 }, (_, index) => 100 - index);
    expect([50, 99, 100].map((percent) => percentile(values, percent))).toEqual([50, 99, 100]);
    expect(percentile([7], 99)).toBe(7);
  });
});
