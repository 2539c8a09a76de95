/** Calls that may be made again: a hiccup of the line must not end a long run; a refusal must. */
import pRetry from "p-retry";
import type { CallFailure } from "../shared/api/call.ts";
import type { Answer } from "../shared/api/client.ts";
import { fail } from "../shared/result.ts";

export async function patiently<T>(call: () => Answer<T>): Answer<T> {
  const once = async () => {
    const answer = await call();
    if (!answer.ok && mayPass(answer.error)) throw new Hiccup(answer.error);
    return answer;
  };
  try {
    return await pRetry(once, { retries: 3, minTimeout: 200, maxTimeout: 2_000, randomize: true });
  } catch (thrown) {
    if (thrown instanceof Hiccup) return fail(thrown.failure);
    throw thrown;
  }
}

/** p-retry speaks in exceptions; this one carries the value through it. */
class Hiccup extends Error {
  readonly failure: CallFailure;
  constructor(failure: CallFailure) {
    super("worth another try");
    this.failure = failure;
  }
}

const mayPass = (failure: CallFailure): boolean =>
  failure.reason === "unreachable" || (failure.reason === "refused" && failure.status >= 500);
