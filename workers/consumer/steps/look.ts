/** Finding out what is already there. Sequence has no idempotency keys, so this is what makes "again" safe. */
import type { Failure } from "../../../shared/job/failure.ts";
import type { JobArgs } from "../../../shared/job/job.ts";
import { ok, type Result } from "../../../shared/result.ts";
import { proveCollection } from "../../../shared/sequence/prove.ts";
import type { SequenceToken } from "../../../shared/sequence/schema.ts";
import { once, repeatable } from "./call.ts";
import { naturalKey, type Run, type Seen } from "./run.ts";

/** Asks `GetToken` and keeps the answer on the run. */
export async function look(run: Run): Promise<Result<Seen, Failure>> {
  const answer = await repeatable(run, (signal) => run.ctx.sequence.getToken(naturalKey(run), signal));
  if (!answer.ok && answer.error.reason !== "not_found") return answer;
  run.seen = answer.ok ? answer.value : "absent";
  return ok(run.seen);
}

/**
 * After a create without a usable answer. After a time-out the look waits as long again: the server may still
 * be working on it, and a look that comes too early says "absent" of a token that is about to be there.
 */
export async function lookAfter(run: Run, failure: Failure): Promise<Result<Seen, Failure>> {
  if (failure.code === "sequence.timeout") await pause(run, run.ctx.config.callTimeoutMs);
  return look(run);
}

/**
 * What is missing may be on its way: a run that was lost may have asked for it, and Sequence may take as long as
 * that run would have waited. Its lease says how long that is; only after it is "absent" an answer to act upon.
 */
export function tooEarly({ job, ctx }: Run): Failure | null {
  const quietAt = Math.max(0, ...job.attempts.map(({ until = 0 }) => until));
  const leftMs = quietAt - ctx.now();
  if (leftMs <= 0) return null;
  return {
    reason: "too_early",
    code: "job.too_early",
    message: "A run of this job was lost a moment ago, and Sequence may still be making what it asked for.",
    next: "Nothing to do: the job goes on by itself.",
    httpStatus: null,
    retryAfterSeconds: Math.ceil(leftMs / 1000),
    evidence: null,
  };
}

/** Waits, but not after the delivery has lost its right to work. */
function pause(run: Run, ms: number): Promise<void> {
  const { signal } = run.delivery;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}

/**
 * Whose is the token that is there? Ours where a record says so; ours too where we may have sent it without
 * hearing back and it says what the row says, unless it was there before we sent anything. Anything else
 * somebody made by hand.
 */
export function isOurs(run: Run, token: SequenceToken): boolean {
  if (run.job.owned || run.outputs.token !== null) return true;
  return !run.job.found && (run.job.sent || run.outputs.sent) && saysTheSame(token, run.job.args);
}

const saysTheSame = (token: SequenceToken, args: JobArgs): boolean =>
  token.name === args.token.name &&
  canonical(token.attributes ?? []) === canonical(args.token.attributes ?? []);

/** JSON with sorted keys: Sequence gives maps back in its own order. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, one: unknown) =>
    one !== null && typeof one === "object" && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)))
      : one,
  );
}

/**
 * `NotFound` on a create means that what it belongs to is gone. Where that is the collection, no row is to
 * blame and the batch halts; else the failure stands.
 */
export async function blameCollection(run: Run, failure: Failure): Promise<Failure> {
  const { sequence } = run.ctx;
  const proof = await once(run, (signal) => proveCollection(sequence, run.job.batch.collectionId, signal));
  return proof.ok ? failure : proof.error;
}
