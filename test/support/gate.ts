/** What deliveries tell a gate, as tests say it. */
import { enter, type Step } from "../../workers/consumer/gate/gate.ts";
import { freshGate, type GateState } from "../../workers/consumer/gate/state.ts";
import type { Report } from "../../workers/consumer/gate/words.ts";

/** A time at which tests may begin; windows of a second and of a minute begin with it. */
export const START = 1_000_000_020_000;

/** Ten calls, all answered, all of which had to wait for their turns. */
export const report = (given: Partial<Report> = {}): Report => ({
  era: 0,
  calls: 10,
  waited: given.calls ?? 10,
  refused: 0,
  failed: 0,
  failedInARow: 0,
  firstAt: START,
  lastAt: START,
  retryAfterSeconds: null,
  quota: null,
  ...given,
});

/** So many calls, none with a usable answer. */
export const failures = (calls: number, given: Partial<Report> = {}): Report =>
  report({ calls, failed: calls, failedInARow: calls, ...given });

export const nothing = (): Report => report({ calls: 0, waited: 0 });

export const come = (
  state: GateState,
  now: number,
  given: { calls?: number; ceiling?: number | null } = {},
): Step => enter(state, { calls: 40, ceiling: null, report: null, ...given }, now);

/** A gate of this rate, at which the limit was met a while ago. */
export function gateAt(perSecond: number, given: Partial<GateState["rate"]> = {}): GateState {
  const gate = freshGate();
  return { ...gate, rate: { ...gate.rate, perSecond, mark: perSecond, ...given } };
}

/** The turns of an answer, or a test failure that shows what came instead. */
export function turnsOf({ answer }: Pick<Step, "answer">) {
  if (answer.kind === "shut") throw new Error(`expected turns, got ${JSON.stringify(answer)}`);
  return answer.turns;
}

export function shutOf({ answer }: Pick<Step, "answer">) {
  if (answer.kind !== "shut") throw new Error(`expected a shut gate, got ${JSON.stringify(answer)}`);
  return answer;
}
