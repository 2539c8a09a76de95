/** What the middleware's headers are believed, and what is made of it. */
import { expect, it } from "vitest";
import { allowed, hearQuota } from "../../../../workers/consumer/gate/allowance.ts";
import { report, START } from "../../../support/gate.ts";

const said = (resetInMs: number, given: { remaining?: number; limit?: number } = {}) =>
  report({ lastAt: START, quota: { limit: 3_000, remaining: 2_000, resetAt: START + resetInMs, ...given } });

it("is silent where no header spoke", () => {
  expect(hearQuota(null, report())).toBeNull();
  expect(allowed(null, START)).toBeNull();
});

it("does not take a window for a minute that could be a second", () => {
  expect(allowed(hearQuota(null, said(2_000)), START)).toBeNull();
});

it("spreads a minute's calls over it", () => {
  expect(allowed(hearQuota(null, said(2_001)), START)).toBeCloseTo(48.5);
});

it("remembers what it knows to the end of the window, and not beyond another limit", () => {
  const known = hearQuota(null, said(40_000));
  expect(allowed(hearQuota(known, said(500)), START)).toBeCloseTo(48.5);
  expect(allowed(hearQuota(known, report()), START)).toBeCloseTo(48.5);
  expect(allowed(hearQuota(known, said(500, { limit: 100 })), START)).toBeNull();
});

it("goes slower where others have used the window up, but never stops by itself", () => {
  const at = (remaining: number) =>
    allowed(hearQuota(null, said(40_000, { remaining })), START) ?? Number.NaN;
  expect(at(75)).toBeCloseTo(48.5);
  expect(at(37.5)).toBeCloseTo(24.25);
  expect(at(0)).toBeCloseTo(4.85);
});

it("does not trust an old count of what is left", () => {
  const empty = hearQuota(null, said(40_000, { remaining: 0 }));
  expect(allowed(empty, START + 60_001)).toBeCloseTo(48.5);
});
