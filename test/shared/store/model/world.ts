/**
 * Two small batches over the same tokens, in D1 and in memory, and what the actors among them remember. Every call
 * goes to both; after each transaction the promises must hold, after each call both must say the same.
 */
import * as fc from "fast-check";
import { type Db, sql } from "../../../../shared/store/db.ts";
import { batchRows } from "../../../support/rows.ts";
import { TARGET } from "../../../support/store.ts";
import type { Call } from "./calls.ts";
import { MAX_ATTEMPTS } from "./endings.ts";
import { look, type Seen, watch } from "./look.ts";
import type { Claimed } from "./moves.ts";
import { PROMISES } from "./promises.ts";
import { differences, type State } from "./state.ts";

export type Spec = { readonly a: BatchSpec; readonly b: BatchSpec; readonly rescues: number };
type BatchSpec = {
  readonly rows: number;
  readonly first: number | null;
  readonly state: "running" | "planned";
  readonly target: string;
};

const OTHER_TARGET = "other#1";
const batchSpecs = (targets: fc.Arbitrary<string>): fc.Arbitrary<BatchSpec> =>
  fc.record({
    rows: fc.integer({ min: 1, max: 4 }),
    first: fc.constantFrom(null, null, 1, 2),
    state: fc.constantFrom("running", "running", "running", "running", "running", "planned"),
    target: targets,
  });

/** `rescues`: how often the jobs have killed their consumers before, so that a run meets the tenth time. */
export const specs: fc.Arbitrary<Spec> = fc.record({
  a: batchSpecs(fc.constant(TARGET)),
  b: batchSpecs(fc.constantFrom(TARGET, TARGET, TARGET, TARGET, OTHER_TARGET)),
  rescues: fc.constantFrom(0, 0, 8, 9),
});

/** A delivery as it remembers itself; it may long be over. */
export type Delivery = {
  readonly lease: string;
  claimed: readonly Claimed[];
  /** What it was given and has not settled. */
  readonly held: Set<string>;
  hasSettled: boolean;
};

export type Model = {
  now: number;
  readonly state: State;
  readonly deliveries: Delivery[];
  /** The calls that changed something, in order. */
  readonly past: Plan[];
  /** Calls so far. */
  made: number;
};

/** A call, and what whoever makes it remembers of it. */
export type Plan<Answer = unknown> = {
  readonly call: Call<Answer>;
  /** Whether somebody without an answer might still make it again. */
  readonly mayRepeat?: (model: Model) => boolean;
  readonly before?: () => void;
  readonly isReplay?: boolean;
};

/** Thrown with the whole story: fast-check prints it for the shortest one it finds. */
export class Broken extends Error {
  override readonly name = "Broken";
}

const START = 10_000_000;
const TABLES = [
  "batches",
  "jobs",
  "leases",
  "dispatches",
  "manifest",
  "dead_letters",
  "replays",
  "replay_jobs",
];

/** @param rewrite what a statement becomes on its way to the database. */
export async function createWorld(
  db: Db,
  spec: Spec,
  rewrite?: (text: string) => string,
): Promise<{ model: Model; real: World }> {
  await db.batch([
    ...TABLES.map((table) => sql(`DELETE FROM ${table}`)),
    ...Object.entries({ a: spec.a, b: spec.b }).flatMap(([id, { first, ...batch }]) => [
      ...batchRows(id, { ...batch, options: { first } }),
      sql("UPDATE batches SET trial_left = ?2 WHERE id = ?1 AND state = 'running'", id, first),
      sql("UPDATE batches SET started_at = NULL WHERE id = ?1 AND state = 'planned'", id),
    ]),
    sql("UPDATE jobs SET rescues = ?1", spec.rescues),
  ]);
  const seen = await look(db, TARGET);
  const { books: _, ...state } = structuredClone(seen);
  const model: Model = { now: START, state, deliveries: [], past: [], made: 0 };
  return { model, real: new World(db, model, seen, rewrite) };
}

export class World {
  readonly db: Db;
  readonly #model: Model;
  readonly #story: string[] = [];
  #seen: Seen;
  #plan: Plan | null = null;
  #last: { call: Call; answer: unknown } | null = null;

  constructor(db: Db, model: Model, seen: Seen, rewrite?: (text: string) => string) {
    this.#model = model;
    this.#seen = seen;
    this.db = watch(db, TARGET, (after) => this.#hold(after), rewrite);
  }

  /** Makes a call, to both. @throws Broken where they differ, or where a promise is not kept. */
  async make<Answer>(plan: Plan<Answer>): Promise<Answer> {
    const { call } = plan;
    const before = this.#seen;
    this.#plan = plan;
    plan.before?.();
    const expected = call.model(this.#model.state);
    this.#story.push(call.text);
    const answer = await this.#ask(call);
    this.#demand("the answer is not the model's", differences(expected, answer, "answer"));
    const { books: _, ...state } = this.#seen;
    this.#demand("the store is not where the model is", differences(this.#model.state, state));
    if (this.#last?.call === call && call.isIdempotent) {
      const answers = differences(this.#last.answer, answer, "answer");
      this.#demand("done twice is not done once", [...differences(before, this.#seen), ...answers]);
    }
    this.#last = { call, answer };
    this.#model.made += 1;
    if (differences(before, this.#seen).length > 0) this.#model.past.push(plan);
    for (const { lease, held } of this.#model.deliveries) if (!this.#seen.leases[lease]) held.clear();
    return answer;
  }

  /** A name for a send, a lease or a replay, never given twice. */
  nextId = (prefix: string): string => `${prefix}${this.#model.made + 1}`;

  say(line: string): void {
    this.#story.push(line);
  }

  /** A broken promise is thrown while the store is at work, and must come out as it is. */
  async #ask<Answer>(call: Call<Answer>): Promise<Answer> {
    try {
      return await call.store(this.db);
    } catch (error) {
      if (error instanceof Broken) throw error;
      return this.fail("the store failed", [String(error)]);
    }
  }

  #hold(after: Seen): void {
    const { now, deliveries } = this.#model;
    const believed = deliveries.flatMap(({ lease, held }) => [...held].map((job) => ({ lease, job })));
    const isReplay = this.#plan?.isReplay ?? false;
    const moment = { before: this.#seen, after, now, believed, isReplay, maxAttempts: MAX_ATTEMPTS };
    this.#seen = after;
    for (const [promise, ask] of Object.entries(PROMISES)) this.#demand(`not kept: ${promise}`, ask(moment));
  }

  #demand(what: string, problems: readonly string[]): void {
    if (problems.length > 0) this.fail(what, problems);
  }

  fail(what: string, problems: readonly string[]): never {
    const story = this.#story.map((line, index) => `  ${index + 1}. ${line}`);
    throw new Broken([what, ...problems.map((one) => `  ${one}`), "after", ...story].join("\n"));
  }
}
