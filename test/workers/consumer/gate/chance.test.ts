/** What a trial of a higher rate proves, and what it costs to have proven nothing. */
import { describe, expect, it } from "vitest";
import {
  afterLimit,
  afterUnproven,
  fasterTrial,
  judgeTrial,
  trialOf,
} from "../../../../workers/consumer/gate/chance.ts";
import { CHANCE } from "../../../../workers/consumer/gate/numbers.ts";
import { NO_CHANCE } from "../../../../workers/consumer/gate/state.ts";

const short = { calls: 25, refused: 1, mark: 20 };
const DOUBT = { ...NO_CHANCE, shorts: Array.from({ length: CHANCE.shorts }, () => short) };
/** Sixty calls within so many milliseconds. */
const trial = (refused: number, ms: number) =>
  judgeTrial({ calls: 60, refused, mark: 20, perSecond: 40, share: 0.04, at: 1_000 }, 1_000 + ms);

describe("a trial", () => {
  it("that is refused no more than before has shown chance", () => {
    expect(trial(3, 1_900)).toBe("chance");
  });

  it("that is refused far more has found a limit", () => {
    expect(trial(20, 2_400)).toBe("limit");
  });

  it("whose calls never went out so fast has shown nothing", () => {
    expect(trial(3, 30_000)).toBe("unproven");
  });

  it("that has shown nothing goes on faster, up to a bound", () => {
    const first = { calls: 60, refused: 3, mark: 20, perSecond: 40, share: 0.04, at: 1_000 };
    const second = fasterTrial(DOUBT, first, 9_000);
    expect(second).toMatchObject({ calls: 0, mark: 20, perSecond: 40 * CHANCE.trialGrowth, at: 9_000 });
    expect(fasterTrial(DOUBT, { ...first, perSecond: 40 * CHANCE.trialGrowthMax }, 9_000)).toBeNull();
  });

  it("may be repeated soon where it has shown nothing, and later each time where it found a limit", () => {
    const unproven = afterUnproven({ ...DOUBT, trialPauseMs: 40_000 }, 5_000);
    expect(unproven.trialPauseMs).toBe(40_000);
    expect(trialOf(unproven, 5_000 + CHANCE.lapsePauseMs)).toMatchObject({ mark: 20 });
    const limited = afterLimit({ ...DOUBT, trialPauseMs: 40_000 }, 5_000);
    expect(limited.trialPauseMs).toBe(80_000);
    expect(trialOf(limited, 5_000 + CHANCE.lapsePauseMs)).toBeNull();
  });
});
