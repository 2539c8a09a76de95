/** The rules by which a rate rises and falls, one by one; limits.test.ts shows what they come to together. */
import { describe, expect, it } from "vitest";
import { enter, more, tell } from "../../../../workers/consumer/gate/gate.ts";
import { freshGate, type GateState } from "../../../../workers/consumer/gate/state.ts";
import type { Report } from "../../../../workers/consumer/gate/words.ts";
import { come, gateAt, report, START, shutOf, turnsOf } from "../../../support/gate.ts";

/** A delivery that has its turns, and tells this at the end. */
const visited = (state: GateState, told: Partial<Report>, now: number): GateState => {
  const { state: entered, pass } = come(state, now - 400);
  return tell(entered, pass, report({ calls: 40, firstAt: now - 400, lastAt: now, ...told }), now).state;
};

/** Turns of the last second, one every 10 ms: a hundred calls were sent. */
const sent = (state: GateState, calls: number, now: number): GateState => ({
  ...state,
  grid: {
    nextAt: now,
    issued: [{ by: 0, from: now - 1000 + 1000 / calls, everyMs: 1000 / calls, calls }],
    holes: [],
  },
});

describe("rising", () => {
  it("doubles while no limit is known, each time the rate has been tried", () => {
    const twice = visited(freshGate(), {}, START);
    expect(twice.rate.perSecond).toBe(200);
    expect(visited(twice, { lastAt: START + 150 }, START + 150).rate.perSecond).toBe(200);
    expect(visited(twice, { lastAt: START + 250 }, START + 250).rate.perSecond).toBe(400);
  });

  it("proves nothing by calls that did not wait for their turns", () => {
    let gate = freshGate();
    for (let turn = 1; turn < 10; turn += 1) gate = visited(gate, { waited: 4 }, START + turn * 1_000);
    expect(gate.rate.perSecond).toBeLessThanOrEqual(200);
  });

  it("does not go on behind a ceiling, where growth could not show", () => {
    const ask = { calls: 40, ceiling: 50, report: null };
    const { state, pass } = enter(gateAt(100), ask, START);
    const told = report({ firstAt: START, lastAt: START + 1_000 });
    expect(tell(state, pass, told, START + 1_000).state.rate.perSecond).toBe(100);
  });

  it("is faster the longer nothing is refused beyond the mark, and never more than a fifth at a time", () => {
    let gate = gateAt(50);
    const rates = Array.from({ length: 12 }, (_, index) => {
      gate = visited(gate, {}, START + (index + 1) * 500);
      return gate.rate.perSecond;
    });
    const growth = rates.map((rate, index) => rate / (rates[index - 1] ?? 50));
    expect(Math.max(...growth)).toBeLessThanOrEqual(1.2 + 1e-9);
    expect(growth[5]).toBeGreaterThan((growth[0] ?? 2) + 0.05);
    expect(rates.findIndex((rate) => rate >= 100) + 1).toBeLessThanOrEqual(12);
  });

  it("ends where nothing need be paced", () => {
    let gate = freshGate();
    for (let turn = 1; turn < 10; turn += 1) gate = visited(gate, {}, START + turn * 1_000);
    expect(turnsOf(come(gate, START + 20_000))).toMatchObject({
      everyMs: 0,
      calls: 40,
      from: START + 20_000,
    });
  });
});

describe("a refusal", () => {
  it("sets the rate just below what was accepted in the second before", () => {
    const gate = sent(gateAt(130), 101, START);
    const { state, pass } = come(gate, START);
    const told = report({ calls: 20, refused: 1, firstAt: START - 200, lastAt: START - 1 });
    const { rate } = more(state, pass, 30, told, START).state;
    expect(rate).toMatchObject({ mark: 100, perSecond: 98.5, era: 1, holdUntil: START + 30 });
  });

  it("is answered with turns of a new era, after a pause", () => {
    const { state, pass } = come(gateAt(100), START);
    const told = report({ calls: 20, refused: 1, firstAt: START, lastAt: START + 190 });
    const next = turnsOf(more(state, pass, 20, told, START + 200));
    expect(next.era).toBe(1);
    expect(next.from).toBeGreaterThanOrEqual(START + 200 + 25);
    // What was held was given up: the new turns do not queue behind it.
    expect(next.from).toBeLessThan(START + 250);
  });

  it("on turns of an older era has been answered already", () => {
    const gate = gateAt(100, { era: 4 });
    const told = report({ calls: 20, refused: 9, era: 3, firstAt: START, lastAt: START });
    const { state, pass } = come(gate, START);
    expect(tell(state, pass, told, START).state.rate).toMatchObject({ perSecond: 100, era: 4 });
  });

  it("is not looked for again for five seconds, or two hundred calls", () => {
    const lower = (perSecond: number) => {
      const gate = sent(gateAt(perSecond), perSecond, START);
      const { state, pass } = come(gate, START);
      return (
        tell(state, pass, report({ refused: 1, lastAt: START - 1 }), START).state.rate.steadyUntil - START
      );
    };
    expect(lower(100)).toBeCloseTo(5_030, -2);
    expect(lower(20)).toBeCloseTo(10_500, -3);
  });

  it("never lowers the rate below one call a second", () => {
    let gate = gateAt(2);
    for (let era = 0; era < 20; era += 1) {
      gate = visited(gate, { era, calls: 2, refused: 1 }, START + era * 10_000);
      expect(gate.rate.perSecond).toBeGreaterThanOrEqual(1);
    }
  });
});

describe("everything refused", () => {
  /** Each time all of one delivery's calls, until the gate shuts. @returns the ms after which it did. */
  const refuseAll = (retryAfterSeconds: number | null) => {
    let { state, pass } = come(gateAt(100), START);
    let now = START;
    for (let era = 0; now < START + 60_000; era += 1) {
      const told = report({ era, calls: 2, refused: 2, firstAt: now, lastAt: now, retryAfterSeconds });
      const step = more(state, pass, 40, told, now + 5);
      if (step.answer.kind === "shut") return { step, ms: now - START };
      state = step.state;
      pass = step.pass;
      now = Math.max(now + 5, step.answer.turns.from);
    }
    throw new Error("never shut");
  };

  it("is asked again later and later, and binds everybody after two seconds", () => {
    const { step, ms } = refuseAll(60);
    expect(ms).toBeGreaterThanOrEqual(1_500);
    expect(ms).toBeLessThan(5_000);
    const shut = shutOf(step);
    expect(shut).toMatchObject({ reason: "rate_limited", herald: true });
    expect(shut.until - shut.since).toBe(60_000);
  });

  it.each([
    [null, 5_000],
    [0, 1_000],
    [7, 7_000],
    [999_999, 3_600_000],
  ])("for as long as the host says, within bounds: Retry-After %s is %i ms", (said, ms) => {
    const shut = shutOf(refuseAll(said).step);
    expect(shut.until - shut.since).toBe(ms);
  });

  it("opens with an answer, not with another refusal, at no more than half of the rate", () => {
    const { step } = refuseAll(1);
    const { until, since } = shutOf(step);
    const probe = come(step.state, until);
    const refused = report({ calls: 1, refused: 1, firstAt: until, lastAt: until, retryAfterSeconds: 30 });
    const again = tell(probe.state, probe.pass, refused, until + 10);
    expect(shutOf(again)).toMatchObject({ reason: "rate_limited", since, until: until + 30_010 });
    const next = come(again.state, until + 30_010);
    const answered = report({ calls: 1, firstAt: until + 30_010, lastAt: until + 30_010 });
    const open = tell(next.state, next.pass, answered, until + 30_020);
    expect(open.answer.kind).toBe("open");
    expect(open.state.rate.perSecond).toBeLessThanOrEqual(50);
  });
});
