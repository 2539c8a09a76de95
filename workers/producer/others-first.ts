/**
 * Intake shares its isolate, and locally the one thread of all of them, with the requests of people who watch it. A
 * request needs a turn of the thread several times over, and intake takes one after the other: so it stands back
 * while somebody is being answered, at most so long at a time that a crowd of watchers cannot stop it.
 */
import type { MiddlewareHandler } from "hono";
import type { Steps } from "../../shared/intake/hash-lists.ts";
import { LIMITS } from "../../shared/limits.ts";

/** Requests that wait for the head of their answer. A number and no promise: those of another request must not be awaited. */
let answering = 0;
/** When the last one came, by the platform's clock. */
let askedAt = Number.NEGATIVE_INFINITY;

export const counted: MiddlewareHandler = async (_, next) => {
  answering += 1;
  askedAt = Date.now();
  try {
    await next();
  } finally {
    answering -= 1;
  }
};

/** Whoever asked a moment ago will ask again: then intake takes small bites, each of which a request may have to wait for. */
export const isWatched = (): boolean => answering > 0 || Date.now() - askedAt < LIMITS.watchedForMs;

/**
 * One turn in any case: without a timer the thread never looks whether somebody has come. Several where somebody is
 * expected, because who has come needs some until he is counted: connection, head, hand-over to the isolate.
 */
export async function letOthersFirst(): Promise<void> {
  for (let turns = isWatched() ? LIMITS.arrivalTurns : 1; turns > 0 && answering === 0; turns -= 1)
    await pause(0);
  for (let ms = 0; answering > 0 && ms < LIMITS.intakeStandsBackMs; ms += 1) await pause(1);
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** What the steps end with, others first between two of them. */
export async function inTurns<T>(steps: Steps<T>): Promise<T> {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
    await letOthersFirst();
  }
}
