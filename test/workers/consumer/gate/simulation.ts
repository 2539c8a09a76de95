/**
 * Deliveries at a host with a limit, in virtual time: the real gate, the emulator's own limiter as the host, and
 * deliveries as the consumer makes them (ten jobs, six at once, four calls each; a refused job is over).
 */
import { RateWindow } from "../../../../emulator/rate-window.ts";
import { enter, more, type Pass, type Step, tell } from "../../../../workers/consumer/gate/gate.ts";
import { freshGate, type GateState } from "../../../../workers/consumer/gate/state.ts";
import type { Answer, Quota, Report } from "../../../../workers/consumer/gate/words.ts";
import { Clock, type Course, dice } from "./clock.ts";

export type Scenario = {
  readonly seconds: number;
  /** Calls a window that the host takes, by the second since the start. */
  readonly limit: (second: number) => number;
  readonly windowMs?: number;
  /** The middleware's headers are on every answer. */
  readonly headers?: boolean;
  readonly retryAfterSeconds?: number | null;
  /** Deliveries at once. */
  readonly deliveries?: number;
  readonly latencyMs?: number;
  /** Between the last call of a delivery and the first of the next. */
  readonly gapMs?: number;
  /** To the gate and back. */
  readonly gateMs?: number;
  readonly ceiling?: number | null;
  /** Share of calls that is refused whatever the rate. */
  readonly byChance?: number;
  /** Calls a second of others, who do not pace themselves. */
  readonly others?: number;
  readonly seed?: number;
};

export type Call = { /** Ms since the start. */ readonly at: number; readonly refused: boolean };
export type Outcome = {
  readonly calls: readonly Call[];
  readonly state: GateState;
  readonly entered: number;
  readonly asked: number;
};

const JOBS = 10;
const CALLS_OF_A_JOB = 4;
const JOBS_AT_ONCE = 6;
/** What the consumer itself spends on a call. */
const OVERHEAD_MS = 0.5;

type Turn = { readonly at: number; readonly lateMs: number; readonly era: number; readonly round: number };
type Heard = {
  readonly turn: Turn;
  readonly waited: boolean;
  readonly sentAt: number;
  readonly refused: boolean;
};

export function simulate(scenario: Scenario): Outcome {
  const { seconds, deliveries = 1, seed = 1, others = 0 } = scenario;
  // Windows begin at whole seconds (or minutes), a run anywhere in one.
  const start = 1_000_000_020_000 + ((seed * 237) % 1000);
  const world = new World(scenario, new Clock(start), dice(seed));
  for (let index = 0; index < deliveries; index += 1) world.clock.run(world.delivery());
  if (others > 0) world.clock.run(world.strangers(others));
  world.clock.play(start + seconds * 1000);
  return world;
}

class World implements Outcome {
  readonly calls: Call[] = [];
  state: GateState = freshGate();
  entered = 0;
  asked = 0;
  readonly clock: Clock;
  readonly #roll: () => number;
  readonly #given: Scenario;
  readonly #start: number;
  readonly #limiter = new RateWindow();

  constructor(given: Scenario, clock: Clock, roll: () => number) {
    this.#given = given;
    this.clock = clock;
    this.#roll = roll;
    this.#start = clock.now;
  }

  *delivery(): Course {
    const { gapMs = 30, ceiling = null } = this.#given;
    const wait = () => this.clock.now + gapMs * (0.25 + this.#roll() / 2);
    yield wait();
    yield this.#halfway();
    this.entered += 1;
    const step = enter(this.state, { calls: JOBS * CALLS_OF_A_JOB, ceiling, report: null }, this.clock.now);
    this.state = step.state;
    yield this.#halfway();
    if (step.answer.kind === "shut") yield step.answer.until;
    else yield wait();
    const visit = new Visit(this, step.pass, step.answer);
    for (let lane = 0; lane < JOBS_AT_ONCE; lane += 1) this.clock.run(visit.lane());
  }

  *strangers(perSecond: number): Course {
    for (;;) {
      yield this.clock.now + (-Math.log(1 - this.#roll()) * 1000) / perSecond;
      this.#take();
    }
  }

  /** One way to the gate or back. */
  readonly #halfway = (): number =>
    this.clock.now + (this.#given.gateMs ?? ((this.#given.deliveries ?? 1) > 1 ? 10 : 1)) / 2;

  *ask(step: (state: GateState, now: number) => Step): Generator<number, Step, void> {
    yield this.#halfway();
    const taken = step(this.state, this.clock.now);
    this.state = taken.state;
    yield this.#halfway();
    return taken;
  }

  /** One call there and back; one in a hundred is slow. */
  *call(): Generator<number, { refused: boolean; quota: Quota | null }, void> {
    const { latencyMs = 2, byChance = 0, headers = false } = this.#given;
    const slow = this.#roll() < 0.01 ? 2 * latencyMs : 0;
    const wayMs = (latencyMs * (0.7 + 0.6 * this.#roll()) + slow) / 2;
    yield this.clock.now + wayMs;
    const { allowed, quota } = this.#take();
    const refused = !allowed || this.#roll() < byChance;
    this.calls.push({ at: this.clock.now - this.#start, refused });
    yield this.clock.now + wayMs + OVERHEAD_MS;
    return { refused, quota: headers ? quota : null };
  }

  #take(): { allowed: boolean; quota: Quota } {
    const limit = this.#given.limit((this.clock.now - this.#start) / 1000);
    const taken = this.#limiter.take(limit, this.#given.windowMs ?? 1000, this.clock.now);
    const { remaining, resetSeconds } = taken;
    return { allowed: taken.allowed, quota: { limit, remaining, resetAt: resetSeconds * 1000 } };
  }

  get retryAfterSeconds(): number | null {
    const { retryAfterSeconds, windowMs = 1000 } = this.#given;
    return retryAfterSeconds === undefined ? windowMs / 1000 : retryAfterSeconds;
  }
}

/** One delivery's calls, paced as words.ts asks for. */
class Visit {
  readonly #world: World;
  #pass: Pass;
  #turns: Turn[] = [];
  #era = 0;
  #heard: Heard[] = [];
  #quota: Quota | null = null;
  #jobs = JOBS;
  #open = true;
  #lanes = JOBS_AT_ONCE;
  /** Calls that are still to be made. */
  #needed = JOBS * CALLS_OF_A_JOB;
  #isAsking = false;
  /** Turns of an older round are void. */
  #round = 0;

  constructor(world: World, pass: Pass, answer: Answer) {
    this.#world = world;
    this.#pass = pass;
    this.#take(answer);
  }

  *lane(): Course {
    while (this.#open && this.#jobs > 0) {
      this.#jobs -= 1;
      yield* this.#job();
    }
    this.#lanes -= 1;
    if (this.#lanes > 0) return;
    const { clock } = this.#world;
    yield* this.#world.ask((state, now) => tell(state, this.#pass, this.#report(), now));
    clock.run(this.#world.delivery());
  }

  *#job(): Course {
    for (let left = CALLS_OF_A_JOB; left > 0; left -= 1) {
      const made = yield* this.#turn();
      const answer = made && (yield* this.#world.call());
      if (!made || !answer || answer.refused) this.#needed -= left;
      else this.#needed -= 1;
      if (!made || !answer) return;
      this.#quota = answer.quota ?? this.#quota;
      this.#heard.push({ ...made, refused: answer.refused });
      if (answer.refused && made.turn.era === this.#era) this.#void();
      if (answer.refused) return;
    }
  }

  *#turn(): Generator<number, Omit<Heard, "refused"> | null, void> {
    const { clock } = this.#world;
    for (let waited = false; this.#open; ) {
      const turn = this.#turns.shift();
      if (turn === undefined) {
        if (this.#isAsking) yield clock.now + 0.5;
        else yield* this.#more();
        continue;
      }
      waited ||= turn.at > clock.now;
      if (turn.at > clock.now) yield turn.at;
      if (turn.round === this.#round && clock.now - turn.at <= turn.lateMs)
        return { turn, waited, sentAt: clock.now };
    }
    return null;
  }

  *#more(): Course {
    this.#isAsking = true;
    this.#world.asked += 1;
    const report = this.#report();
    const calls = Math.max(1, this.#needed);
    const step = yield* this.#world.ask((state, now) => more(state, this.#pass, calls, report, now));
    this.#isAsking = false;
    this.#pass = step.pass;
    this.#take(step.answer);
  }

  #take(answer: Answer): void {
    if (answer.kind === "shut") {
      this.#open = false;
      return;
    }
    const { from, everyMs, calls, era } = answer.turns;
    const lateMs = everyMs === 0 ? Number.POSITIVE_INFINITY : answer.turns.lateMs;
    if (era !== this.#era) this.#void();
    this.#era = era;
    for (let index = 0; index < calls; index += 1)
      this.#turns.push({ at: from + index * everyMs, lateMs, era, round: this.#round });
  }

  #void(): void {
    this.#round += 1;
    this.#turns = [];
  }

  #report(): Report {
    const heard = this.#heard;
    this.#heard = [];
    const refused = heard.filter((one) => one.refused);
    const sent = heard.map(({ sentAt }) => sentAt);
    const { now } = this.#world.clock;
    return {
      era: Math.max(0, ...(refused.length > 0 ? refused : heard).map(({ turn }) => turn.era)),
      calls: heard.length,
      waited: heard.filter(({ waited }) => waited).length,
      refused: refused.length,
      failed: 0,
      failedInARow: 0,
      firstAt: Math.min(now, ...sent),
      lastAt: sent.length > 0 ? Math.max(...sent) : now,
      retryAfterSeconds: refused.length > 0 ? this.#world.retryAfterSeconds : null,
      quota: this.#quota,
    };
  }
}
