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

/** One turn in any case: without a timer the thread never looks whether somebody has come. */
export async function letOthersFirst(): Promise<void> {
  let turn = 0;
  do {
    await new Promise((resolve) => setTimeout(resolve, turn === 0 ? 0 : 1));
    turn += 1;
  } while (answering > 0 && turn < LIMITS.intakeStandsBackMs);
}

/** What the steps end with, others first between two of them. */
export async function inTurns<T>(steps: Steps<T>): Promise<T> {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
    await letOthersFirst();
  }
}
