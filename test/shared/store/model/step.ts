/**
 * One step of a run: numbers as fast-check draws them, which find their jobs and leases when it is time. So steps can
 * be left out, one by one, until the shortest story is left.
 */
import * as fc from "fast-check";
import type { BatchState } from "../../../../shared/job/batch.ts";
import type { JobState } from "../../../../shared/job/job.ts";
import { WAITING } from "./state.ts";
import type { Model, Plan, World } from "./world.ts";

/** Null where the model has nothing for it: then the step takes no part. */
type Draw = (model: Model) => Plan | null;

export class Step implements fc.AsyncCommand<Model, World> {
  readonly #draw: Draw;
  #text = "";

  constructor(draw: Draw) {
    this.#draw = draw;
  }
  check(model: Model): boolean {
    return this.#draw(model) !== null;
  }
  async run(model: Model, world: World): Promise<void> {
    const plan = this.#draw(model);
    if (plan === null) return;
    this.#text = plan.call.text;
    await world.make(plan);
  }
  /** What it came to in its own run; each run has its own copy. */
  toString(): string {
    return this.#text;
  }
  [fc.cloneMethod](): Step {
    return new Step(this.#draw);
  }
}

export const step = <T>(
  given: fc.Arbitrary<T>,
  draw: (given: T, model: Model) => Plan | null,
): fc.Arbitrary<Step> => given.map((drawn) => new Step((model) => draw(drawn, model)));

export const number = fc.nat(23);
export const limits = fc.integer({ min: 1, max: 3 });
export const seldom = fc.nat(7).map((n) => n === 7);
/** Which one, and whether it may also be one that there is nothing to do for: statements must know that themselves. */
export const aims = fc.record({ pick: number, blind: seldom });
type Aim = { readonly pick: number; readonly blind: boolean };

export const at = <T>(list: readonly T[], pick: number): T | undefined =>
  list[pick % Math.max(1, list.length)];
export const aimed = <T>(
  list: readonly T[],
  wanted: (one: T) => boolean,
  { pick, blind }: Aim,
): T | undefined => at(blind ? list : list.filter(wanted), pick);
export const newest = <T>(list: readonly T[], count: number): T[] => list.slice(-count).reverse();
/** Never given twice. */
export const nextId = (prefix: string, { made }: Model): string => `${prefix}${made + 1}`;

export const aimAtBatch = (model: Model, wanted: (name: string, state: BatchState) => boolean, aim: Aim) =>
  aimed(Object.entries(model.state.batches), ([name, { state }]) => wanted(name, state), aim)?.[0];

export const aimAtJobs = (
  { state }: Model,
  wanted: (state: JobState) => boolean,
  picks: readonly number[],
  blind: boolean,
) => {
  const jobs = Object.entries(state.jobs);
  return [
    ...new Set(
      picks.flatMap((pick) => aimed(jobs, ([, job]) => wanted(job.state), { pick, blind })?.[0] ?? []),
    ),
  ];
};
export const isOut = (state: JobState): boolean => state === "queued" || WAITING.includes(state);
