/**
 * Refusals that have nothing to do with the rate: then lowering it would go on for ever and help nobody. A limit
 * refuses no more once the rate is below it. Where refusals go on all the same, each soon after the last, a trial
 * well above the limit that they seemed to show says which it is. Pure.
 */
import { CHANCE } from "./numbers.ts";
import { type Chance, type Count, NONE } from "./state.ts";

const plus = <T extends Count>(count: T, { calls, refused }: Count): T => ({
  ...count,
  calls: count.calls + calls,
  refused: count.refused + refused,
});

/** Counts calls of the present era. */
export function counted(chance: Chance, met: Count): Chance {
  const { trial, noise } = chance;
  return { ...chance, trial: trial && plus(trial, met), noise: noise && stillNoise(noise, met) };
}

type Noise = NonNullable<Chance["noise"]>;
type Trial = NonNullable<Chance["trial"]>;

function stillNoise(noise: Noise, met: Count): Noise | null {
  const clean = met.refused > 0 ? 0 : noise.clean + met.calls;
  if (clean > CHANCE.cleanRuns / noise.share) return null;
  const sum = plus(noise, met);
  const kept = sum.calls > CHANCE.countMax ? 0.5 : 1;
  return { share: noise.share, clean, calls: sum.calls * kept, refused: sum.refused * kept };
}

/** Whether chance explains what was refused lately, so that the rate may stay as it is. */
export const explains = ({ noise }: Chance): boolean =>
  noise !== null &&
  (noise.calls < CHANCE.countCalls || noise.refused / noise.calls <= 2 * noise.share + CHANCE.slack);

/** A refusal that chance does not explain. `isShort`: too soon after the last for a limit that is respected. */
export function doubted(
  chance: Chance,
  met: Count & { mark: number },
  isShort: boolean,
  now: number,
): Chance {
  const shorts = isShort ? [...chance.shorts.slice(1 - CHANCE.shorts), met] : [met];
  if (chance.noise === null) return { ...chance, shorts };
  return { ...chance, shorts: [met], noise: null, noTrialBefore: now + CHANCE.lapsePauseMs };
}

/** The trial that should begin now, if any. */
export function trialOf({ shorts, noTrialBefore }: Chance, now: number): Trial | null {
  if (shorts.length < CHANCE.shorts || now < noTrialBefore) return null;
  const share = shareOf(shorts);
  if (share > CHANCE.shareMax) return null;
  const mark = Math.max(...shorts.map(({ mark }) => mark));
  return { ...NONE, mark, perSecond: mark + surplusOf(mark), share, at: now };
}

/** Calls a second. */
const surplusOf = (mark: number): number => Math.max(CHANCE.trialSurplusLeast, mark * CHANCE.trialSurplus);

/**
 * The same trial at a higher rate, after one whose calls went out too slowly; null: enough was tried. To fall back
 * instead would take the rate down with every chance refusal until the next trial, which has the same fate.
 */
export function fasterTrial({ shorts }: Chance, trial: Trial, now: number): Trial | null {
  const perSecond = trial.perSecond * CHANCE.trialGrowth;
  if (perSecond > (trial.mark + surplusOf(trial.mark)) * CHANCE.trialGrowthMax) return null;
  return { ...NONE, mark: trial.mark, perSecond, share: shareOf([...shorts, trial]), at: now };
}

/**
 * `limit`: more is refused at the higher rate, nearer to what a limit would refuse than to what was refused
 * before. `unproven`: the calls never went out at that rate. Null: not enough calls yet.
 */
export function judgeTrial(
  { calls, refused, mark, share, at }: Trial,
  now: number,
): "limit" | "chance" | "unproven" | null {
  const surplus = surplusOf(mark);
  const between = (share + surplus / (mark + surplus)) / 2;
  if (refused >= Math.max(CHANCE.trialRefusals, between * Math.max(CHANCE.trialCalls, calls))) return "limit";
  if (calls < Math.max(CHANCE.trialCalls, CHANCE.trialSeconds * mark)) return null;
  const pace = (calls * 1000) / (now - at);
  return pace < mark + CHANCE.trialPace * surplus ? "unproven" : "chance";
}

export const afterLimit = (chance: Chance, now: number): Chance => ({
  ...chance,
  shorts: [],
  trial: null,
  noTrialBefore: now + chance.trialPauseMs,
  trialPauseMs: Math.min(CHANCE.trialPauseMaxMs, 2 * chance.trialPauseMs),
});

/**
 * Nothing was learned, so nothing speaks against another trial soon: to wait longer each time would leave a host whose
 * calls hang now and then at a crawl for minutes.
 */
export const afterUnproven = (chance: Chance, now: number): Chance => ({
  ...chance,
  trial: null,
  noTrialBefore: now + CHANCE.lapsePauseMs,
});

export function afterChance(chance: Chance, trial: Trial): Chance {
  const share = shareOf([...chance.shorts, trial]);
  const noise = { ...NONE, share, clean: 0 };
  return { ...chance, shorts: [], trial: null, trialPauseMs: CHANCE.trialPauseMs, noise };
}

function shareOf(counts: readonly Count[]): number {
  const { calls, refused } = counts.reduce((sum: Count, one) => plus(sum, one), NONE);
  return refused / Math.max(1, calls);
}
