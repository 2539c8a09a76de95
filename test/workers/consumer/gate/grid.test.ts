/** Turns on one line of time: none is given twice, and none that came back is lost. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { giveUp, issue, openMs } from "../../../../workers/consumer/gate/grid.ts";
import type { Grid, Stretch } from "../../../../workers/consumer/gate/state.ts";

const EMPTY: Grid = { nextAt: 0, issued: [], holes: [] };
const ten = (by: number, calls: number) => ({ by, calls, everyMs: 10, notBefore: 0 });

/** Two holders, a hundred turns each, one after the other. */
function twoHolders(): Grid {
  const first = issue(EMPTY, ten(1, 100), 0).grid;
  return issue(first, ten(2, 100), 0).grid;
}

describe("turns given back before those of others", () => {
  it("are the next to be handed out", () => {
    const grid = giveUp(twoHolders(), 1, 205);
    expect(grid.nextAt).toBe(2_000);
    expect(openMs(grid, 205)).toBe(790);
    const { stretch, grid: after } = issue(grid, ten(3, 50), 205);
    expect(stretch).toEqual({ by: 3, from: 210, everyMs: 10, calls: 50 });
    expect(issue(after, ten(3, 50), 205).stretch).toMatchObject({ from: 710, calls: 29 });
  });

  it("keep their distance from what follows, at a slower pace too", () => {
    const grid = giveUp(twoHolders(), 1, 205);
    const { stretch } = issue(grid, { ...ten(3, 500), everyMs: 300 }, 205);
    expect(stretch).toMatchObject({ from: 2_000, calls: 500 });
    const slow = issue(grid, { ...ten(3, 500), everyMs: 150 }, 205);
    expect(slow.stretch).toMatchObject({ from: 210, calls: 5 });
  });

  it("at the end of the line shorten it", () => {
    const grid = giveUp(twoHolders(), 2, 500);
    expect(grid).toMatchObject({ nextAt: 1_000, holes: [] });
  });
});

it("no two turns ever lie closer than the slower of their paces, whatever is taken and given back", () => {
  const step = fc.record({
    by: fc.integer({ min: 1, max: 4 }),
    calls: fc.integer({ min: 0, max: 40 }),
    everyMs: fc.constantFrom(5, 10, 25),
    afterMs: fc.integer({ min: 0, max: 200 }),
    gives: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      let grid = EMPTY;
      let now = 0;
      for (const { by, calls, everyMs, afterMs, gives } of steps) {
        now += afterMs;
        if (gives) grid = giveUp(grid, by, now);
        else grid = issue(grid, { by, calls, everyMs, notBefore: now }, now).grid;
        const turns = grid.issued.flatMap(turnsOf).sort((a, b) => a.at - b.at);
        turns.forEach(({ at, everyMs: pace }, index) => {
          const next = turns[index + 1];
          if (next) expect(next.at - at).toBeGreaterThanOrEqual(pace - 1e-6);
        });
        expect(Math.max(0, ...turns.map(({ at, everyMs: pace }) => at + pace))).toBeLessThanOrEqual(
          grid.nextAt + 1e-6,
        );
      }
    }),
  );
});

const turnsOf = ({ from, everyMs, calls }: Stretch) =>
  Array.from({ length: calls }, (_, index) => ({ at: from + index * everyMs, everyMs }));
