/**
 * The figures that the gate is there for, in virtual time against the emulator's own limiter. Each holds for every
 * seed with which it is run; the bounds are those of the requirements, not of what was measured.
 */
import { describe, expect, it } from "vitest";
import { foundAfter, mostInASecond, refusedShare, use } from "./figures.ts";
import { type Outcome, type Scenario, simulate } from "./simulation.ts";

const each = (
  seeds: readonly number[],
  scenario: Scenario,
  check: (outcome: Outcome, scenario: Scenario) => void,
): void => {
  for (const seed of seeds) check(simulate({ ...scenario, seed }), { ...scenario, seed });
};

/** Halved after 20 seconds, doubled after 40. */
const STEPS: Scenario = { seconds: 80, limit: (second) => (second >= 20 && second < 40 ? 50 : 100) };
const CHANGES = [20, 40];
const NO_LIMIT = () => Number.POSITIVE_INFINITY;

describe("a limit by the second that changes", () => {
  it.each([2, 20])("is used and kept, and found again, at %i ms", (latencyMs) => {
    each([1, 2], { ...STEPS, latencyMs }, ({ calls }, scenario) => {
      expect(refusedShare(calls, CHANGES)).toBeLessThan(0.01);
      expect(use(scenario, calls)).toBeGreaterThan(0.9);
      for (const change of CHANGES) expect(foundAfter(scenario, calls, change)).toBeLessThan(15);
    });
  });

  it("is no reason to hold back where answers take so long that it is not reached", () => {
    const unlimited = simulate({ ...STEPS, latencyMs: 100, limit: NO_LIMIT });
    const { calls } = simulate({ ...STEPS, latencyMs: 100 });
    expect(calls.length).toBeGreaterThan(0.95 * unlimited.calls.length);
    expect(refusedShare(calls, CHANGES)).toBeLessThan(0.01);
  });

  it("is kept by twenty deliveries at once, who hear of it a second late", () => {
    const scenario = { ...STEPS, deliveries: 20, latencyMs: 20 };
    const { calls } = simulate(scenario);
    expect(refusedShare(calls, CHANGES)).toBeLessThan(0.03);
    expect(use(scenario, calls)).toBeGreaterThan(0.75);
    for (const change of CHANGES) expect(foundAfter(scenario, calls, change)).toBeLessThan(20);
  });

  it("is found when it falls to a twentieth", () => {
    const scenario: Scenario = { seconds: 60, limit: (second) => (second < 20 ? 100 : 5) };
    each([1, 2], scenario, ({ calls }, given) => {
      expect(use(given, calls, 25)).toBeGreaterThan(0.7);
      expect(refusedShare(calls, [20])).toBeLessThan(0.03);
    });
  });
});

it("uses a steady limit of 200 calls a second to 95 %, with 1 % refused at most", () => {
  each([1, 2], { seconds: 60, limit: () => 200 }, ({ calls }, scenario) => {
    expect(use(scenario, calls)).toBeGreaterThan(0.95);
    expect(refusedShare(calls)).toBeLessThan(0.01);
  });
});

describe("a limit by the minute that the headers tell", () => {
  const MINUTE: Scenario = { seconds: 150, limit: () => 3_000, windowMs: 60_000, headers: true };

  it("is never met, and used", () => {
    each([1], MINUTE, ({ calls }, scenario) => {
      expect(refusedShare(calls)).toBe(0);
      expect(use(scenario, calls, 60)).toBeGreaterThan(0.95);
    });
  });

  it("leaves a ceiling its word: never a call too many in any second", () => {
    each([1], { ...MINUTE, ceiling: 20 }, ({ calls }, scenario) => {
      expect(mostInASecond(calls)).toBeLessThanOrEqual(20);
      expect(use(scenario, calls, 60)).toBeGreaterThan(0.9);
      expect(refusedShare(calls)).toBe(0);
    });
  });

  it("is shared with others, who take what they want", () => {
    const scenario = { ...MINUTE, seconds: 240, others: 20 };
    const { calls } = simulate(scenario);
    expect(refusedShare(calls, [], 60)).toBeLessThan(0.01);
    expect(use(scenario, calls, 120)).toBeGreaterThan(0.4);
  });

  it("is lived with where no header tells it", () => {
    const scenario = { ...MINUTE, headers: false };
    const { calls } = simulate(scenario);
    expect(refusedShare(calls, [], 60)).toBeLessThan(0.05);
    expect(use(scenario, calls, 60)).toBeGreaterThan(0.6);
  });
});

describe("a ceiling", () => {
  it.each([1, 20])("holds in any second, whoever asks (%i deliveries)", (deliveries) => {
    const scenario: Scenario = { seconds: 30, limit: NO_LIMIT, ceiling: 20, deliveries };
    const { calls } = simulate(scenario);
    expect(mostInASecond(calls)).toBeLessThanOrEqual(20);
    expect(calls.length).toBeGreaterThan(0.9 * 20 * 30);
  });

  it("holds while a lower limit is felt for", () => {
    each([1], { ...STEPS, ceiling: 60 }, ({ calls }) => expect(mostInASecond(calls)).toBeLessThanOrEqual(60));
  });
});

describe("no limit", () => {
  it("is soon not paced: a second is lost at the start", () => {
    const { calls, asked, state } = simulate({ seconds: 10, limit: NO_LIMIT });
    const secondHalf = calls.filter(({ at }) => at >= 5_000).length;
    expect(calls.length).toBeGreaterThan(2 * 0.85 * secondHalf);
    expect(secondHalf).toBeGreaterThan(5 * 600);
    expect(asked).toBe(0);
    expect(state.rate.mark).toBeNull();
  });

  it("is not taken for one where a share of calls is refused by chance", () => {
    each([1, 2], { seconds: 15, limit: NO_LIMIT, byChance: 0.05 }, ({ calls, state }) => {
      expect(calls.filter(({ at }) => at >= 10_000).length).toBeGreaterThan(5 * 200);
      expect(state.breaker.shut).toBeNull();
    });
  });
});

it("asks the gate once a delivery as a rule: again only after a refusal", () => {
  const { asked, entered, calls } = simulate({ seconds: 20, limit: () => 200 });
  expect(asked).toBeLessThanOrEqual(2 * calls.filter(({ refused }) => refused).length);
  expect(asked).toBeLessThan(0.5 * entered);
});
