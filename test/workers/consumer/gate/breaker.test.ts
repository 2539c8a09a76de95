/** A host that does not answer: shut, tried by one at a time, opened with the first usable answer. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { leave, more, type Step, tell } from "../../../../workers/consumer/gate/gate.ts";
import { freshGate, type GateState } from "../../../../workers/consumer/gate/state.ts";
import type { Report } from "../../../../workers/consumer/gate/words.ts";
import { come, failures, gateAt, nothing, report, START, shutOf, turnsOf } from "../../../support/gate.ts";
import { dice } from "./clock.ts";

const say = (state: GateState, told: Report, now: number): Step => {
  const { state: entered, pass } = come(state, now);
  return tell(entered, pass, told, now);
};

/** A gate that was shut at START, its herald named. */
const shutGate = (): GateState => say(freshGate(), failures(10), START).state;

describe("shutting", () => {
  it("takes ten unusable answers in a row, over everybody's reports", () => {
    const nine = say(freshGate(), failures(9), START);
    expect(nine.answer).toMatchObject({ kind: "open", failedInARow: 9 });
    expect(come(nine.state, START).answer).toMatchObject({ kind: "open", failedInARow: 9 });
    const ten = say(nine.state, failures(1), START);
    const expected = { kind: "shut", reason: "down", since: START, until: START + 2_000, herald: true };
    expect(ten.answer).toEqual(expected);
  });

  it.each([
    ["an answer", report({ calls: 1 })],
    ["a refusal", report({ calls: 1, refused: 1 })],
    ["an answer before the last failures", failures(5, { calls: 20, failed: 12 })],
  ])("is put off by %s", (_, usable) => {
    const { state } = say(say(freshGate(), failures(9), START).state, usable, START);
    expect(say(state, failures(4), START).answer.kind).toBe("open");
  });

  it("does not come of chance: one call in four fails, fifty thousand times", () => {
    const roll = dice(7);
    let state = freshGate();
    for (let delivery = 0; delivery < 1_250; delivery += 1) {
      const failed = Array.from({ length: 40 }, () => roll() < 0.25);
      const failedInARow = 39 - failed.lastIndexOf(false);
      state = say(
        state,
        report({ calls: 40, failed: failed.filter(Boolean).length, failedInARow }),
        START,
      ).state;
      if (state.breaker.shut !== null) break;
    }
    expect(state.breaker.shut).toBeNull();
    expect(state.passes).toBe(1_250);
  });
});

describe("a shut gate", () => {
  it("names exactly one herald a period, however many come", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 1_999 }), { minLength: 1, maxLength: 30 }), (waits) => {
        // The first herald is who shut it; it is forgotten here, so that one of those who come must be.
        const shut = shutGate();
        let state: GateState = shut.breaker.shut
          ? { ...shut, breaker: { ...shut.breaker, shut: { ...shut.breaker.shut, heraldUntil: START } } }
          : shut;
        const heralds = waits
          .sort((a, b) => a - b)
          .filter((ms) => {
            const step = come(state, START + ms);
            state = step.state;
            return shutOf(step).herald;
          });
        expect(heralds).toHaveLength(1);
      }),
    );
    expect(shutOf(come(shutGate(), START + 1)).herald).toBe(false);
  });

  it("lets the first who comes after its time try, with turns for one job, and nobody else", () => {
    const first = come(shutGate(), START + 2_000);
    expect(first.answer.kind).toBe("probe");
    expect(turnsOf(first).calls).toBeLessThanOrEqual(8);
    const second = come(first.state, START + 2_001);
    expect(shutOf(second)).toMatchObject({ since: START, until: START + 4_001, herald: true });
    expect(shutOf(come(second.state, START + 2_002)).herald).toBe(false);
  });

  it.each([
    ["an answer", report({ calls: 1 })],
    ["an answer after failures", report({ calls: 3, failed: 2 })],
    ["a 429: the host is there", report({ calls: 1, refused: 1 })],
  ])("opens with %s", (_, usable) => {
    const probe = come(shutGate(), START + 2_000);
    const after = more(probe.state, probe.pass, 36, { ...usable, firstAt: START + 2_000 }, START + 2_100);
    expect(after.answer).toMatchObject({ kind: "open", failedInARow: 0 });
    expect(come(after.state, START + 2_101).answer.kind).toBe("open");
  });

  it("is shut for longer after each failed probe, up to five seconds; since stays; who failed is the herald", () => {
    let state = shutGate();
    let now = START;
    const periods = [3_000, 4_500, 5_000, 5_000].map((period) => {
      now = state.breaker.shut?.until ?? Number.NaN;
      const probe = come(state, now);
      const after = tell(probe.state, probe.pass, failures(1, { firstAt: now }), now);
      state = after.state;
      expect(shutOf(after)).toMatchObject({ since: START, herald: true, reason: "down" });
      expect(shutOf(come(state, now)).herald).toBe(false);
      return [shutOf(after).until - now, period];
    });
    for (const [got, expected] of periods) expect(got).toBe(expected);
  });

  it("passes the probe on where it was not used, or where its delivery ended without a word", () => {
    const probe = come(shutGate(), START + 2_000);
    const unused = tell(probe.state, probe.pass, nothing(), START + 2_010);
    expect(unused.answer.kind).toBe("probe");
    expect(come(unused.state, START + 2_020).answer.kind).toBe("probe");
    expect(come(leave(probe.state, probe.pass, START + 2_010), START + 2_020).answer.kind).toBe("probe");
  });

  it("gives a probe up of which nothing is heard for 45 s, and hears it no more", () => {
    const lost = come(shutGate(), START + 2_000);
    expect(come(lost.state, START + 46_999).answer.kind).toBe("shut");
    const next = come(lost.state, START + 47_000);
    expect(next.answer.kind).toBe("probe");
    const late = failures(1, { firstAt: START - 1 });
    expect(tell(next.state, lost.pass, late, START + 48_000).state.breaker.shut).toMatchObject({
      probe: next.state.breaker.shut?.probe,
      until: START + 2_000,
    });
  });

  it("keeps somebody coming while a probe hangs: a herald every two seconds", () => {
    let { state } = come(shutGate(), START + 2_000);
    for (let now = START + 2_001; now < START + 40_000; now += 2_000) {
      const step = come(state, now);
      expect(shutOf(step)).toMatchObject({ herald: true, until: now + 2_000 });
      state = step.state;
    }
  });

  it("hears nothing of what was sent before it was shut", () => {
    const stale = report({ firstAt: START - 1, lastAt: START - 1 });
    const { state, pass } = come(shutGate(), START + 1);
    expect(tell(state, pass, stale, START + 100).answer.kind).toBe("shut");
    expect(tell(state, pass, { ...stale, firstAt: START + 50 }, START + 100).answer.kind).toBe("open");
  });

  it("goes on at the rate that was found, without a burst", () => {
    const found = gateAt(50, { era: 3 });
    const shut = say(found, failures(10, { era: 3 }), START).state;
    const probe = come(shut, START + 2_000);
    const told = report({ calls: 1, era: 3, firstAt: START + 2_000, lastAt: START + 2_000 });
    const open = tell(probe.state, probe.pass, told, START + 2_100);
    const turns = turnsOf(come(open.state, START + 2_500));
    expect(turns.everyMs).toBe(20);
    expect(turns.from).toBeGreaterThanOrEqual(START + 2_500 - 150);
    const atOnce = turnsOf(come(open.state, START + 2_100));
    expect(atOnce.from).toBeGreaterThanOrEqual(START + 2_100);
  });
});

it("an outage of any length is over within ten seconds of its end, and costs a call a period", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 120_000 }), (outageMs) => {
      const endsAt = START + outageMs;
      let { state } = say(freshGate(), failures(10), START);
      let wakeAt = state.breaker.shut?.until ?? START;
      for (let probes = 1; ; probes += 1) {
        const probe = come(state, wakeAt);
        const up = wakeAt >= endsAt;
        const told = up ? report({ calls: 1, firstAt: wakeAt }) : failures(1, { firstAt: wakeAt });
        const after = tell(probe.state, probe.pass, told, wakeAt);
        state = after.state;
        if (after.answer.kind === "open") {
          expect(wakeAt - endsAt).toBeLessThanOrEqual(5_000);
          expect(probes).toBeLessThanOrEqual(3 + outageMs / 4_000);
          return;
        }
        wakeAt = shutOf(after).until;
      }
    }),
  );
});
