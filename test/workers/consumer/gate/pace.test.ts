/** Who gets which turns: never too many in a second, whatever comes to pass. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { leave, more, type Pass, type Step, tell } from "../../../../workers/consumer/gate/gate.ts";
import { freshGate, type GateState } from "../../../../workers/consumer/gate/state.ts";
import { come, gateAt, nothing, report, START, turnsOf } from "../../../support/gate.ts";

type Turn = {
  readonly at: number;
  readonly lateMs: number;
  readonly grantedAt: number;
  readonly era: number;
};
type Holder = { pass: Pass; turns: Turn[] };

const grantedBy = (step: Step, now: number): Turn[] => {
  const { from, everyMs, calls, lateMs, era } = turnsOf(step);
  return Array.from({ length: calls }, (_, n) => ({ at: from + n * everyMs, lateMs, grantedAt: now, era }));
};

/** What a delivery may still use of its turns once it has asked again, or has gone (ms): what is on the way. */
const ON_THE_WAY_MS = 25;

const deeds = fc.array(
  fc.record({
    deed: fc.constantFrom("enter", "more", "refused", "tell", "leave"),
    who: fc.nat(5),
    calls: fc.integer({ min: 1, max: 60 }),
    waitMs: fc.integer({ min: 0, max: 400 }),
  }),
  { minLength: 5, maxLength: 60 },
);

/** Plays deliveries that come, ask for more, are refused, and go. @returns every turn that could have been used. */
function play(
  start: GateState,
  ceiling: number | null,
  list: (typeof deeds)["generate"] extends never ? never : Deed[],
) {
  let state = start;
  let now = START;
  const usable: Turn[] = [];
  const holders: Holder[] = [];
  const drop = (holder: Holder, keep: (turn: Turn) => boolean): void => {
    usable.push(...holder.turns.filter((turn) => turn.at <= now + ON_THE_WAY_MS || keep(turn)));
    holder.turns = [];
  };
  for (const { deed, who, calls, waitMs } of list) {
    now += waitMs;
    const holder = holders[who % Math.max(1, holders.length)];
    if (deed === "enter" || holder === undefined) {
      const step = come(state, now, { calls, ceiling });
      state = step.state;
      holders.push({ pass: step.pass, turns: grantedBy(step, now) });
      continue;
    }
    if (deed === "leave" || deed === "tell") {
      state =
        deed === "leave" ? leave(state, holder.pass, now) : tell(state, holder.pass, nothing(), now).state;
      drop(holder, () => false);
      holders.splice(holders.indexOf(holder), 1);
      continue;
    }
    const met = {
      era: state.rate.era,
      calls: 4,
      refused: deed === "refused" ? 1 : 0,
      firstAt: now,
      lastAt: now,
    };
    const step = more(state, holder.pass, calls, report(met), now);
    const { era } = turnsOf(step);
    if (deed === "refused" || era !== holder.pass.era) drop(holder, () => false);
    state = step.state;
    holder.pass = step.pass;
    holder.turns.push(...grantedBy(step, now));
  }
  for (const holder of holders) drop(holder, () => true);
  return usable.sort((a, b) => a.at - b.at);
}
type Deed = { deed: string; who: number; calls: number; waitMs: number };

describe("a ceiling", () => {
  it("holds in any second, however late each turn is used and however unevenly calls travel", () => {
    fc.assert(
      fc.property(
        deeds,
        fc.integer({ min: 1, max: 120 }),
        fc.double({ min: 1, max: 300, noNaN: true }),
        (list, ceiling, rate) => {
          const turns = play(gateAt(rate), ceiling, list);
          for (const [index, { at, lateMs }] of turns.entries()) {
            const oneTooMany = turns[index + ceiling];
            if (oneTooMany) expect(oneTooMany.at - (at + lateMs)).toBeGreaterThan(1_000 + 25 - 1e-3);
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  it("is paced also where nothing else would be", () => {
    const gate = { ...freshGate(), rate: { ...freshGate().rate, perSecond: 4_000 } };
    expect(turnsOf(come(gate, START, { ceiling: 50 })).everyMs).toBeCloseTo(21.4);
  });
});

it("grants no more in any second than the rate, and what a gap between deliveries has left", () => {
  fc.assert(
    fc.property(deeds, fc.double({ min: 1, max: 1_000, noNaN: true }), (list, rate) => {
      const turns = play(
        gateAt(rate),
        null,
        list.filter(({ deed }) => deed !== "refused"),
      );
      const used = turns.map(({ at, grantedAt }) => Math.max(at, grantedAt)).sort((a, b) => a - b);
      const most = ((1_000 + 150 + 2 * ON_THE_WAY_MS) * rate * 1.5) / 1_000 + 2;
      for (const [index, at] of used.entries()) {
        const later = used[index + Math.ceil(most)];
        if (later !== undefined) expect(later - at).toBeGreaterThan(1_000);
      }
    }),
    { numRuns: 100 },
  );
});

describe("turns", () => {
  it("follow each other without a gap, whoever asks", () => {
    const first = come(gateAt(100), START, { calls: 10 });
    const second = come(first.state, START + 1, { calls: 10 });
    const one = turnsOf(first);
    expect(turnsOf(second).from).toBeCloseTo(one.from + one.calls * one.everyMs);
  });

  it("that nobody took for a moment are made up for, but not those of long ago", () => {
    const first = come(gateAt(100), START, { calls: 10 });
    const { from } = turnsOf(first);
    expect(turnsOf(come(first.state, from + 130)).from).toBeCloseTo(from + 100);
    expect(turnsOf(come(first.state, START + 60_000)).from).toBe(START + 60_000 - 150);
  });

  it("are all that one delivery asks for, and a share for each of a crowd", () => {
    expect(turnsOf(come(gateAt(100), START)).calls).toBe(40);
    let state = gateAt(100);
    const granted = Array.from({ length: 20 }, () => {
      const step = come(state, START);
      state = step.state;
      return turnsOf(step).calls;
    });
    expect(granted[0]).toBe(40);
    expect(Math.min(...granted)).toBe(3);
    // Everything that is out is over within two seconds: a limit that falls is noticed by then.
    expect(state.grid.nextAt - START).toBeLessThan(2_000);
  });

  it("that a delivery still holds count towards what it asks for", () => {
    const first = come(gateAt(100), START, { calls: 40 });
    const again = turnsOf(more(first.state, first.pass, 40, report({ calls: 10 }), START + 100));
    expect(again.calls).toBeLessThan(40);
    expect(again.calls).toBeGreaterThan(0);
  });

  it("that a delivery did not need are the next one's", () => {
    const first = come(gateAt(100), START);
    const { state } = tell(first.state, first.pass, report({ calls: 2 }), START + 20);
    expect(turnsOf(come(state, START + 21)).from).toBeLessThan(START + 60);
  });
});
