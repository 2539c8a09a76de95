import { expect, it } from "vitest";
import { notPassed, tallyOf } from "./checks.ts";

const report = (passed: number, failed: number, pending = 0, broken = 0) => ({
  numPassedTests: passed,
  numFailedTests: failed,
  numPendingTests: pending,
  testResults: [
    {
      name: "a.test.ts",
      status: failed > 0 ? "failed" : "passed",
      assertionResults: [
        ...Array<string>(passed).fill("passed"),
        ...Array<string>(failed).fill("failed"),
        ...Array<string>(pending).fill("skipped"),
      ].map((status) => ({ status, fullName: `is ${status}` })),
    },
    ...Array.from({ length: broken }, () => ({ name: "b.test.ts", status: "failed", assertionResults: [] })),
  ],
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

it("counts each file that would not load as one", () => {
  expect(tallyOf(report(5, 2, 1, 2), false)).toEqual({ passed: 5, failed: 5 });
});

it("names what did not pass", () => {
  expect(notPassed(report(5, 1, 1, 1))).toBe(
    "failed: a.test.ts > is failed\nskipped: a.test.ts > is skipped\nbroken: b.test.ts\n",
  );
  expect(notPassed(report(5, 0))).toBe("");
  expect(notPassed(null)).toBe("");
});
