import { expect, it } from "vitest";
import { tallyOf } from "./checks.ts";

const report = (passed: number, failed: number, pending = 0) => ({
  numPassedTests: passed,
  numFailedTests: failed,
  numFailedTestSuites: 0,
  numPendingTests: pending,
});

it("counts what passed and what failed", () => {
  expect(tallyOf(report(5, 0), true)).toEqual({ passed: 5, failed: 0 });
  expect(tallyOf(report(5, 2), false)).toEqual({ passed: 5, failed: 2 });
});

it("counts a crash, a run without tests, a skipped test and a missing report as failed", () => {
  expect(tallyOf(report(5, 0), false).failed).toBe(1);
  expect(tallyOf(report(0, 0), true).failed).toBe(1);
  expect(tallyOf(report(5, 0, 1), true).failed).toBe(1);
  expect(tallyOf(null, true)).toEqual({ passed: 0, failed: 1 });
});
