/**
 * A row's media, from a stranger's host or from a media set, into our hands: fetched within bounds, hashed,
 * judged by its bytes. Expected trouble is a `Failure` that names URL, status and hop; what is thrown is a stop
 * (`ask` or `signal`) or a defect. The caller discards what it was given, also after a failed upload.
 */
import pRetry from "p-retry";
import type { Failure } from "../../../shared/job/failure.ts";
import type { MediaField, MediaSource } from "../../../shared/job/job.ts";
import { LIMITS } from "../../../shared/limits.ts";
import { spool } from "../../../shared/media/spool.ts";
import { spoolKey } from "../../../shared/media/store.ts";
import { fail, ok, type Result } from "../../../shared/result.ts";
import { readEvidence } from "./evidence.ts";
import { isWorthAnotherTry, spoolFailed, statusFailed, transferFailed } from "./failures.ts";
import { inBucket, inMemory, type MediaInHand } from "./media-in-hand.ts";
import { type Answer, request } from "./request.ts";
import { takeFromSet } from "./take-from-set.ts";
import { pullFrom, TransferError } from "./timed.ts";

export type MediaContext = {
  readonly fetch: typeof fetch;
  readonly bucket: R2Bucket;
  /** `host:port` that may be fetched from although private. */
  readonly privateHosts: readonly string[];
  /** Longest wait for headers, and for the next bytes. */
  readonly callTimeoutMs: number;
  readonly maxBytes: number;
  readonly now: () => number;
  /** Aborted when the job must let go at once; its reason is thrown. */
  readonly signal: AbortSignal;
  /** Throws when no further call may be started; asked before every request, redirect and try. */
  readonly ask: () => void;
};

export async function fetchMedia(
  source: MediaSource,
  field: MediaField,
  context: MediaContext,
): Promise<Result<MediaInHand, Failure>> {
  return source.kind === "url"
    ? await fetchUrl(source.url, field, context)
    : await takeFromSet(source, field, context);
}

/** Carries a failure through p-retry, which only knows what is thrown. */
class TryAgain extends Error {
  readonly failure: Failure;
  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

async function fetchUrl(
  url: string,
  field: MediaField,
  context: MediaContext,
): Promise<Result<MediaInHand, Failure>> {
  // All tries share one deadline: three full transfers would outlast the job.
  const deadline = context.now() + LIMITS.mediaTransferMs;
  let inHand: MediaInHand | null = null;
  const once = async (): Promise<Result<MediaInHand, Failure>> => {
    const result = await tryOnce(url, field, context, deadline);
    if (result.ok) inHand = result.value;
    else if (isWorthAnotherTry(result.error)) throw new TryAgain(result.error);
    return result;
  };
  try {
    return await pRetry(once, {
      retries: LIMITS.mediaTries - 1,
      minTimeout: LIMITS.mediaRetryMs,
      randomize: true,
      signal: context.signal,
      shouldRetry: ({ error }) => error instanceof TryAgain && context.now() < deadline,
    });
  } catch (cause) {
    // Stopped between the last byte and here: what was spooled has no owner any more.
    await (inHand as MediaInHand | null)?.discard().catch(() => undefined);
    if (cause instanceof TryAgain) return fail(cause.failure);
    throw cause;
  }
}

async function tryOnce(
  url: string,
  field: MediaField,
  context: MediaContext,
  deadline: number,
): Promise<Result<MediaInHand, Failure>> {
  const connection = new AbortController();
  const signal = AbortSignal.any([context.signal, connection.signal]);
  try {
    const answered = await request(url, context, signal);
    if (!answered.ok) return answered;
    const { response } = answered.value;
    if (response.ok && response.status !== 206) {
      return await takeBody(answered.value, field, context, signal, deadline);
    }
    const evidence = await readEvidence(answered.value, context, signal);
    return fail(statusFailed(answered.value, evidence, context.now()));
  } finally {
    // Whatever was not read is not wanted: the connection must not go on carrying it.
    connection.abort();
  }
}

async function takeBody(
  answer: Answer,
  field: MediaField,
  context: MediaContext,
  signal: AbortSignal,
  deadline: number,
): Promise<Result<MediaInHand, Failure>> {
  const { response, place } = answer;
  const key = spoolKey();
  const options = {
    bucket: context.bucket,
    key,
    declaredBytes: declaredBytes(response.headers),
    maxBytes: context.maxBytes,
    field,
    where: place.shown,
  };
  try {
    const spooled = await spool(pullFrom(response.body, { ...context, signal, deadline }), options);
    if (!spooled.ok) return fail(spoolFailed(spooled.error, answer));
    const { sha256, bytes, kind, held } = spooled.value;
    const facts = { sha256, bytes, contentType: kind.contentType };
    return ok(held ? inMemory(facts, held) : inBucket(facts, context.bucket, key, true));
  } catch (cause) {
    context.signal.throwIfAborted();
    if (cause instanceof TransferError) return fail(transferFailed(cause, place, response.status));
    throw cause;
  }
}

/** The length of what the body will yield; of an encoded body the header counts other bytes than we will see. */
function declaredBytes(headers: Headers): number | null {
  const encoding = headers.get("content-encoding")?.trim().toLowerCase() ?? "";
  const length = headers.get("content-length") ?? "";
  return /^(identity)?$/.test(encoding) && /^\d{1,15}$/.test(length) ? Number(length) : null;
}
