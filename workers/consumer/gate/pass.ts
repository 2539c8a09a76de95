/**
 * A delivery's way through one host's gate: paces its calls, keeps count of what they met, and says so at the end.
 * The gate's object is called once a delivery; whatever follows travels in the same session.
 */
import type { Failure } from "../../../shared/job/failure.ts";
import type { Result } from "../../../shared/result.ts";
import { Stopped } from "../stopped.ts";
import { BREAKER } from "./numbers.ts";
import { createTally } from "./tally.ts";
import type { Answer, Quota, Report, Turns } from "./words.ts";

/** The session with the gate. Each of these may be lost: the object moves when it is deployed. */
export type GateSession = {
  readonly answer: Answer;
  more(calls: number, report: Report): Promise<Answer>;
  tell(report: Report): Promise<Answer>;
  /** Gives back what is still held. Once, at the end; where it is never called, the gate notices by itself. */
  end(): void;
};

export type Pass = {
  readonly answer: Answer;
  /**
   * One call, on its turn. `ask` is asked once more after the wait, which may be long.
   * @throws Stopped where the gate has shut meanwhile or cannot be asked, and whatever `ask` throws.
   */
  through<T>(ask: () => void, call: () => Promise<Result<T, Failure>>): Promise<Result<T, Failure>>;
  /** Nobody gets an answer from this host: no further call is worth it, and no failure is a job's own. */
  isDown(): boolean;
  /** Says what was met. @returns the gate's state after it. @throws where the gate cannot be told. */
  close(): Promise<Answer>;
};

export type PassOptions = {
  /** Calls that the delivery expects to make, and has asked turns for. */
  readonly calls: number;
  readonly quota: () => Quota | null;
  readonly now: () => number;
};

/** Turns of an older round are void, also for who is waiting for one: the rate was found too high for them. */
type Turn = { readonly at: number; readonly lateMs: number; readonly era: number; readonly round: number };

/** Turns asked for at a time once more calls were made than foreseen: look-ups after lost answers, say. */
const MORE_CALLS = 4;

export function createPass(session: GateSession, { calls, quota, now }: PassOptions): Pass {
  const { answer } = session;
  const tally = createTally(answer, now);
  let round = 0;
  let era = answer.kind === "shut" ? 0 : answer.turns.era;
  let turns: Turn[] = answer.kind === "shut" ? [] : turnsOf(answer.turns, round);
  let used = 0;
  let asking: Promise<void> | null = null;

  const discard = (): void => {
    round += 1;
    turns = [];
  };

  const more = async (): Promise<void> => {
    const given = await session
      .more(Math.max(MORE_CALLS, calls - used), tally.drain(quota()))
      .catch((error: unknown) => {
        throw new Stopped(`gate unreachable: ${String(error)}`);
      });
    if (given.kind === "shut") throw new Stopped(`gate shut: ${given.reason}`);
    if (given.turns.era !== era) discard();
    era = given.turns.era;
    turns = [...turns, ...turnsOf(given.turns, round)];
  };
  const nextTurn = async (): Promise<Turn> => {
    for (;;) {
      for (let turn = turns.shift(); turn; turn = turns.shift())
        if (now() - turn.at <= turn.lateMs) return turn;
      asking ??= more().finally(() => {
        asking = null;
      });
      await asking;
    }
  };
  /** Waits for a turn that is not missed by the time it is there. @returns it, and whether it had to be waited for. */
  const pace = async (): Promise<{ era: number; waited: boolean }> => {
    for (let waited = false; ; ) {
      const turn = await nextTurn();
      waited ||= turn.at > now();
      await until(turn.at, now());
      if (turn.round === round && now() - turn.at <= turn.lateMs) return { era: turn.era, waited };
    }
  };

  return {
    answer,
    async through(ask, call) {
      ask();
      const turn = await pace();
      ask();
      used += 1;
      const sentAt = now();
      const result = await call();
      // The rate was too high for the turns that are left as well: others are asked for, at the new one.
      if (tally.heard(result, { ...turn, sentAt }) === "refused" && turn.era === era) discard();
      return result;
    },
    isDown: () =>
      tally.failedInARow() >= BREAKER.streak || (answer.kind === "probe" && tally.failedInARow() > 0),
    async close() {
      try {
        return await session.tell(tally.drain(quota()));
      } finally {
        session.end();
      }
    },
  };
}

function turnsOf({ from, everyMs, calls, lateMs, era }: Turns, round: number): Turn[] {
  // Unpaced turns are never late and never used up; as many as a delivery can need.
  const late = everyMs === 0 ? Number.POSITIVE_INFINITY : lateMs;
  return Array.from({ length: calls }, (_, index) => ({
    at: from + index * everyMs,
    lateMs: late,
    era,
    round,
  }));
}

const until = (at: number, now: number): Promise<void> =>
  at <= now ? Promise.resolve() : new Promise((resolve) => setTimeout(resolve, at - now));
