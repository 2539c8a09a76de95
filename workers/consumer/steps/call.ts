/** How a step calls Sequence: once, or again where doing it twice is the same as doing it once. */
import pRetry from "p-retry";
import type { Failure } from "../../../shared/job/failure.ts";
import type { Result } from "../../../shared/result.ts";
import type { Run } from "./run.ts";

type Call<T> = (signal: AbortSignal) => Promise<Result<T, Failure>>;

/** One call. Asks whether it may still be made, waits for its turn, and asks again: the wait may be long. */
export async function once<T>(run: Run, call: Call<T>): Promise<Result<T, Failure>> {
  const { delivery, job, startedAt } = run;
  return delivery.pass.through(
    () => delivery.ask(job.batch, startedAt),
    () => call(delivery.signal),
  );
}

/** Three tries, under two seconds of waiting in all (design §2.6). */
const RETRIES = { retries: 2, minTimeout: 200, factor: 2, randomize: true } as const;

/**
 * For what may be done twice. Only an answer that nobody can trust is tried again here; a 429 never is,
 * because waiting for Sequence's limit is the queue's business.
 */
export async function repeatable<T>(run: Run, call: Call<T>): Promise<Result<T, Failure>> {
  try {
    return await pRetry(
      async () => {
        const result = await once(run, call);
        if (!result.ok && result.error.reason === "outcome_unknown") throw new Unanswered(result.error);
        return result;
      },
      { ...RETRIES, shouldRetry: ({ error }) => error instanceof Unanswered },
    );
  } catch (error) {
    if (error instanceof Unanswered) return { ok: false, error: error.failure };
    throw error;
  }
}

/** Carries a failure through p-retry, which knows only exceptions. Never leaves this file. */
class Unanswered extends Error {
  readonly failure: Failure;
  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}
