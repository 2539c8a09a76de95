/**
 * A moment in which everything is in order, and for each promise what breaks it: a promise that cannot be broken
 * would say nothing.
 */
import type { Db } from "../../../../shared/store/db.ts";
import { TARGET } from "../../../support/store.ts";
import * as calls from "./calls.ts";
import { judge, MAX_ATTEMPTS, toSettlement } from "./endings.ts";
import { look, type Seen } from "./look.ts";
import type { Claimed } from "./moves.ts";
import type { Moment, PROMISES } from "./promises.ts";
import { createWorld, type Spec } from "./world.ts";

const batch = { rows: 4, first: 4, state: "running", target: TARGET } as const;
const SPEC: Spec = { a: batch, b: { ...batch, first: null }, rescues: 0 };

/** a:2 is completed, a:3 dead, a:4 runs, a:5 is queued; b:2 is snoozed, b:3 to b:5 are pending. */
export async function healthyMoment(db: Db): Promise<Moment> {
  const { model, real } = await createWorld(db, SPEC);
  const { now } = model;
  const claimed = new Map<string, Claimed>();
  const got = (those: readonly Claimed[]): void => {
    for (const one of those) claimed.set(one.job, one);
  };
  const end = (job: string, how: "completed" | "invalid" | "rate_limited") => {
    const held = claimed.get(job);
    if (held === undefined) throw new Error(`${job} was not claimed`);
    return toSettlement(held, judge(held, { how, retryAfterSeconds: 90, reached: "made" }, now), "made");
  };
  const times = { now, expiresAt: now + 20_000, toleranceMs: 0 };
  const make = (call: calls.Call) => real.make({ call });
  await make(calls.dispatch({ batch: "a", id: "d1", now, limit: 4 }));
  await make(calls.dispatch({ batch: "b", id: "d1", now, limit: 1 }));
  await make(calls.claim({ lease: "L1", keys: ["a:2", "a:3", "a:4"], ...times, got }));
  const ended = [end("a:2", "completed"), end("a:3", "invalid")];
  await make(calls.settle({ lease: "L1", now, settlements: ended, halts: [], last: false }));
  await make(calls.claim({ lease: "L2", keys: ["b:2"], ...times, got }));
  const waiting = [end("b:2", "rate_limited")];
  await make(calls.settle({ lease: "L2", now, settlements: waiting, halts: [], last: true }));
  const seen = await look(db, TARGET);
  const believed = [{ lease: "L1", job: "a:4" }];
  return { before: seen, after: seen, now, believed, isReplay: false, maxAttempts: MAX_ATTEMPTS };
}

type Patch<T> = { [K in keyof T]?: T[K] extends object ? Patch<T[K]> : T[K] };

/** What each promise would find: the moment's end, changed in one place. */
export const DOCTORED: Record<keyof typeof PROMISES, (after: Seen) => Patch<Seen>> = {
  "the counters say what the jobs are": () => ({ books: { a: { counts: { queued: 2 } } } }),
  "a job moves only as design section 5 says, and leaves a final state only by replay": () => ({
    jobs: { "a:2": { state: "pending" } },
  }),
  "a job runs exactly while it has a lease that names it": () => ({ jobs: { "b:3": { state: "running" } } }),
  "whoever holds a lease that has not run out keeps its jobs": () => ({ jobs: { "a:4": { lease: "L2" } } }),
  "no token is worked on by two jobs": () => ({ jobs: { "b:4": { state: "running" } } }),
  "the manifest names the job that works on a token": () => ({ tokens: { "4": { job: "b:4" } } }),
  "claims grow by one when a job is taken, and never otherwise": () => ({ jobs: { "a:5": { claims: 1 } } }),
  "an attempt is spent by a verdict that costs one, and given back by replay alone": () => ({
    jobs: { "b:2": { attempt: 1 } },
  }),
  "attempts never exceed their number": () => ({ jobs: { "a:3": { attempt: MAX_ATTEMPTS + 1 } } }),
  "a batch is finished only when nothing is open, and then for as long as nothing is": () => ({
    batches: { b: { state: "finished" } },
  }),
  "a batch's epoch never goes back, and moves on with every stop and start": () => ({
    batches: { a: { state: "paused" } },
  }),
  "somebody keeps the promise of every open job": () => ({ books: { b: { dispatchLine: 4 } } }),
  "a trial has sent as many rows as it was given, less those put back": () => ({
    batches: { a: { trialLeft: 1 } },
  }),
  "each dead job has one open letter, and no other job has any": ({ letters }) => ({
    letters: [...letters, ...letters],
  }),
};

/** The same, changed where the patch says; lists are replaced. */
export function patched<T extends object>(whole: T, patch: Patch<T>): T {
  const copy = structuredClone(whole);
  overwrite(copy, patch);
  return copy;
}

function overwrite(whole: object, patch: object): void {
  for (const [key, value] of Object.entries(patch)) {
    const old: unknown = Reflect.get(whole, key);
    const goesDeeper = typeof value === "object" && value !== null && !Array.isArray(value);
    if (goesDeeper && typeof old === "object" && old !== null) overwrite(old, value);
    else Reflect.set(whole, key, value);
  }
}
