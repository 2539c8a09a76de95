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
import type { SmallFiles } from "./small-files.ts";
import { takeFromSet } from "./take-from-set.ts";
import { pullFrom, startTransfer, type Transfer, TransferError } from "./timed.ts";

export type MediaContext = {
  readonly fetch: typeof fetch;
  readonly bucket: R2Bucket;
  /** Small files that were read before; without it each is read from R2. */
  readonly files?: SmallFiles;
  /** `host:port` that may be fetched from although private. */
  readonly privateHosts: readonly string[];
  /** Longest wait for headers, and for the next bytes. */
  readonly callTimeoutMs: number;
  readonly maxBytes: number;
  /** Tries of one URL; three where nothing is said. */
  readonly tries?: number;
  /** Epoch ms at which even a transfer that moves ends; five minutes from the start where nothing is said. */
  readonly deadline?: number;
  readonly now: () => number;
  /** Aborted when the job must let go at once; its reason is thrown. */
  readonly signal: AbortSignal;
  /** Throws when no further call may be started; asked before every request, redirect and try. */
  readonly ask: () => void;
};

/** @param field null: any media will do. */
export async function fetchMedia(
  source: MediaSource,
  field: MediaField | null,
  context: MediaContext,
): Promise<Result<MediaInHand, Failure>> {
  if (source.kind === "set") return await takeFromSet(source, field, context);
  const fetched = await fetchIfChanged(source.url, field, context, null);
  if (!fetched.ok) return fetched;
  if (fetched.value === null) throw new Error("Asked for media without a condition, got no media");
  return ok(fetched.value);
}

/** Carries a failure through p-retry, which only knows what is thrown. */
class TryAgain extends Error {
  readonly failure: Failure;
  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

/** Null: the host says that it is as it was. */
type Fetched = MediaInHand | null;

/** @param etag what the host called the state that we have; null: send it in any case. */
export async function fetchIfChanged(
  url: string,
  field: MediaField | null,
  context: MediaContext,
  etag: string | null,
): Promise<Result<Fetched, Failure>> {
  // All tries share one deadline: three full transfers would outlast the job.
  const deadline = context.deadline ?? context.now() + LIMITS.mediaTransferMs;
  let inHand: Fetched = null;
  const once = async (): Promise<Result<Fetched, Failure>> => {
    const result = await tryOnce(url, { field, etag, deadline }, context);
    if (result.ok) inHand = result.value;
    else if (isWorthAnotherTry(result.error)) throw new TryAgain(result.error);
    return result;
  };
  try {
    return await pRetry(once, {
      retries: (context.tries ?? LIMITS.mediaTries) - 1,
      minTimeout: LIMITS.mediaRetryMs,
      randomize: true,
      signal: context.signal,
      shouldRetry: ({ error }) => error instanceof TryAgain && context.now() < deadline,
    });
  } catch (cause) {
    // Stopped between the last byte and here: what was spooled has no owner any more.
    await (inHand as Fetched)?.discard().catch(() => undefined);
    if (cause instanceof TryAgain) return fail(cause.failure);
    throw cause;
  }
}

type Wanted = {
  readonly field: MediaField | null;
  readonly etag: string | null;
  /** Epoch ms. */
  readonly deadline: number;
};

async function tryOnce(
  url: string,
  wanted: Wanted,
  context: MediaContext,
): Promise<Result<Fetched, Failure>> {
  const { etag, deadline } = wanted;
  const transfer = startTransfer({ ...context, deadline });
  try {
    const asking = etag === null ? context : { ...context, fetch: unlessStill(etag, context.fetch) };
    const answered = await request(url, asking, transfer);
    if (!answered.ok) return answered;
    const { response } = answered.value;
    if (response.status === 304 && etag !== null) return ok(null);
    if (response.ok && response.status !== 206)
      return await takeBody(answered.value, wanted, context, transfer);
    const evidence = await readEvidence(answered.value, context, transfer);
    return fail(statusFailed(answered.value, evidence, context.now()));
  } finally {
    transfer.end();
  }
}

/** Said at every redirect: only the last host knows the tag, and to the others it means nothing. */
const unlessStill =
  (etag: string, send: typeof fetch): typeof fetch =>
  (input, init) => {
    const headers = new Headers(init?.headers);
    headers.set("if-none-match", etag);
    return send(input, { ...init, headers });
  };

async function takeBody(
  answer: Answer,
  { field }: Wanted,
  context: MediaContext,
  transfer: Transfer,
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
    look: () => transfer.signal.throwIfAborted(),
  };
  try {
    const spooled = await spool(pullFrom(response.body, transfer), options);
    if (!spooled.ok) return fail(spoolFailed(spooled.error, answer));
    const { sha256, bytes, kind, held } = spooled.value;
    const facts = { sha256, bytes, contentType: kind.contentType, etag: etagOf(response.headers) };
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
  return /^(identity)?$/.test(encoding) && /^\d+$/.test(length) ? Number(length) : null;
}

const ETAG_CHARS = 200;

/** One that is too long is none: it is kept with every row. */
function etagOf(headers: Headers): string | null {
  const etag = headers.get("etag")?.trim() ?? "";
  return etag !== "" && etag.length <= ETAG_CHARS ? etag : null;
}
