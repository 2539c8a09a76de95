/**
 * Media behind an address that stands in several rows of the batch: fetched once, kept in R2 under its hash, taken
 * from there by all. Intake has said which addresses those are, the claim brings along how each stands, so what is
 * there already costs no further look. One delivery fetches for all; the others wait for it a little here, then
 * elsewhere. What was fetched is what the address means for the whole batch: no row gets other bytes than another.
 */
import type { Failure } from "../../../shared/job/failure.ts";
import type { JobAsset, MediaField } from "../../../shared/job/job.ts";
import { LIMITS } from "../../../shared/limits.ts";
import { keepMedia, mediaKey } from "../../../shared/media/store.ts";
import { fail, ok, type Result } from "../../../shared/result.ts";
import {
  type FetchedFacts,
  recordFetch,
  refuseFetch,
  type SharedFetch,
  takeFetch,
} from "../../../shared/store/media-fetches.ts";
import { beingFetched, storageFailed } from "../media/failures.ts";
import type { MediaInHand } from "../media/media-in-hand.ts";
import { placeOf } from "../media/place.ts";
import { wrongForField } from "../media/take-from-set.ts";
import { fromHost } from "./from-host.ts";
import type { Run } from "./run.ts";

type Facts = Result<FetchedFacts, Failure>;

/**
 * What the address holds, for this field. The bytes lie in R2 then.
 * @param known what an earlier batch found there; the host is asked only whether it has changed
 */
export async function takeShared(
  run: Run,
  shared: SharedFetch,
  field: MediaField,
  known: JobAsset | null,
): Promise<Facts> {
  const facts = shared.fetched === null ? await onceADelivery(run, shared, known) : ok(shared.fetched);
  if (!facts.ok) return facts;
  const wrong = wrongForField(field, facts.value.contentType, placeOf(shared.url, 0).shown);
  return wrong === null ? facts : fail(wrong);
}

/** All jobs of the delivery share what came of it, also a failure: each has its own verdict, the host one request. */
function onceADelivery(run: Run, shared: SharedFetch, known: JobAsset | null): Promise<Facts> {
  const { fetches } = run.delivery.media;
  const key = `${run.job.batchId} ${shared.url}`;
  const under = fetches.get(key) ?? settleWho(run, shared, known);
  fetches.set(key, under);
  return under;
}

/** Fetches if it is this delivery's turn, or waits until whoever does it is done. */
async function settleWho(run: Run, claimed: SharedFetch, known: JobAsset | null): Promise<Facts> {
  const { ctx, delivery, job } = run;
  const giveUpAt = ctx.now() + LIMITS.sharedWaitMs;
  let waitMs: number = LIMITS.sharedPollMs.first;
  for (let now: SharedFetch = claimed; ; ) {
    if (now.fetched !== null) return ok(now.fetched);
    if (now.refused || now.holder === delivery.leaseId) return await fetchForAll(run, now.url, known);
    if (now.holder !== null) {
      if (ctx.now() >= giveUpAt) return fail(beingFetched(now.url));
      await pause(waitMs, delivery.signal);
      waitMs = Math.min(waitMs * 2, LIMITS.sharedPollMs.most);
    }
    delivery.ask(job.batch, run.startedAt);
    const key = { batchId: job.batchId, url: now.url };
    const taken = await takeFetch(ctx.db, { ...key, leaseId: delivery.leaseId, now: ctx.now() });
    if (taken === null) throw new Error(`Expected ${now.url} among the shared addresses, got nothing`);
    now = taken;
  }
}

/** Bytes first, then the record: who reads it finds them. */
async function fetchForAll(run: Run, url: string, known: JobAsset | null): Promise<Facts> {
  const { ctx, job } = run;
  const key = { batchId: job.batchId, url };
  const stored = known && (await stillStored(run, known));
  const fetched = await fromHost(run, url, { field: null, etag: stored?.etag ?? null });
  if (!fetched.ok) {
    if (fetched.error.reason === "media_refused") await refuseFetch(ctx.db, key);
    return fetched;
  }
  const facts = fetched.value === null ? stored : await keep(run, fetched.value);
  if (facts === null) throw new Error(`Expected media from ${url}, got none`);
  if ("reason" in facts) return fail(facts);
  await recordFetch(ctx.db, key, facts);
  return ok(facts);
}

/** To ask whether it has changed makes sense only while the bytes are there that it would have changed from. */
async function stillStored(run: Run, known: JobAsset): Promise<FetchedFacts | null> {
  const { sha256, bytes, contentType, etag } = known;
  if (sha256 === null || bytes === null || contentType === null || etag === undefined) return null;
  const there = await run.ctx.bucket.head(mediaKey(sha256)).catch(() => null);
  return there?.size === bytes ? { sha256, bytes, contentType, etag } : null;
}

async function keep(run: Run, media: MediaInHand): Promise<FetchedFacts | Failure> {
  const { sha256, bytes, contentType, etag } = media;
  const open = async () => {
    const body = await media.open();
    if (body instanceof Uint8Array) run.delivery.media.files.keep(sha256, body);
    return body;
  };
  try {
    await keepMedia(run.ctx.bucket, { sha256, bytes, contentType }, open);
    return { sha256, bytes, contentType, etag };
  } catch (cause) {
    return storageFailed(cause, null);
  } finally {
    await media.discard().catch((error: unknown) => {
      run.ctx.log.warn("media.discard_failed", { error: String(error) });
    });
  }
}

/** Not after the delivery has lost its right to work. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
  });
}
