/** Keeps one delivery's calls to Sequence inside the stretches of time that the gate handed out. */
import type { ConsumerContext } from "./context.ts";
import type { Permits } from "./upstream-gate.ts";

export type Pacer = {
  /** Reserves the calls that a delivery expects to make, in one question to the gate. */
  reserve(calls: number): Promise<void>;
  /** Waits for the next turn to call; at once where no ceiling is set. */
  pace(): Promise<void>;
};

const UNPACED: Pacer = { pace: () => Promise.resolve(), reserve: () => Promise.resolve() };

/**
 * A turn that was missed by more than this is given up: a late call beside punctual ones would be one too many
 * in its second. The gate spaces turns by 5 % more than it must, which leaves 50 ms a second for this.
 */
const LATE_MS = 25;

/**
 * When a delivery needs more calls than it foresaw (a look-up after a lost answer), or missed its turns because
 * Sequence was slow, it asks for one turn at a time: slower than it could be, but still under the ceiling.
 */
export function createPacer(ctx: Pick<ConsumerContext, "config" | "gate" | "now">): Pacer {
  const perSecond = ctx.config.maxCallsPerSecond;
  if (perSecond === null) return UNPACED;
  const gate = ctx.gate.getByName(new URL(ctx.config.metadataUrl).host);
  const turns: number[] = [];
  const isPast = (turn: number) => ctx.now() - turn > LATE_MS;

  const nextTurn = async (): Promise<number> => {
    for (let turn = turns.shift(); turn !== undefined; turn = turns.shift()) {
      if (!isPast(turn)) return turn;
    }
    return (await gate.reserve(1, perSecond)).from;
  };
  return {
    async reserve(calls) {
      if (calls > 0) turns.push(...turnsOf(await gate.reserve(calls, perSecond)));
    },
    async pace() {
      for (let turn = await nextTurn(); ; turn = await nextTurn()) {
        await until(turn, ctx.now());
        if (!isPast(turn)) return;
      }
    },
  };
}

const turnsOf = ({ from, everyMs, calls }: Permits): number[] =>
  Array.from({ length: calls }, (_, index) => from + index * everyMs);

const until = (turn: number, now: number): Promise<void> =>
  turn <= now ? Promise.resolve() : new Promise((resolve) => setTimeout(resolve, turn - now));
