/** Getting a job's media in hand before anything is written, and giving it back at the end. */
import type { Failure } from "../../../shared/job/failure.ts";
import type { JobAsset, JobMedia, MediaField } from "../../../shared/job/job.ts";
import { ok, type Result } from "../../../shared/result.ts";
import { storageFailed } from "../media/failures.ts";
import type { MediaInHand } from "../media/media-in-hand.ts";
import { findStored, takeFromSet } from "../media/take-from-set.ts";
import { fromHost, mediaContext } from "./from-host.ts";
import { assetOf, failed, isUploaded, type Run, recordAsset, type StepFailure } from "./run.ts";
import { takeShared } from "./shared-media.ts";

/**
 * Fetches what is not uploaded yet and not in hand; a second call finds everything there. What turns out to be what
 * is upstream already counts as uploaded from then on, and is not kept in hand.
 */
export async function gatherMedia(run: Run): Promise<Result<null, StepFailure>> {
  for (const media of run.job.args.media) {
    if (isUploaded(run, media) || run.media.has(media.field)) continue;
    run.delivery.ask(run.job.batch, run.startedAt);
    const taken = await take(run, media);
    if (!taken.ok) return failed("upload-asset", taken.error);
    if (taken.value !== null) run.media.set(media.field, taken.value);
  }
  return ok(null);
}

/** Null: it is what an earlier job left upstream. */
type Taken = Result<MediaInHand | null, Failure>;

function take(run: Run, { field, source }: JobMedia): Taken | Promise<Taken> {
  if (source.kind === "set") return takeFromSet(source, field, mediaContext(run));
  const shared = run.job.shared.find(({ url }) => url === source.url);
  const record = assetOf(run.outputs, field);
  // One that was another's meanwhile has been emptied: its tag would speak of bytes that nobody knows.
  const known = record?.inherited && record.sha256 !== null ? record : null;
  return shared === undefined
    ? takeOwn(run, source.url, field, known)
    : takeForAll(run, shared, field, known);
}

/** An address that only this row needs. */
async function takeOwn(run: Run, url: string, field: MediaField, known: JobAsset | null): Promise<Taken> {
  const fetched = await fromHost(run, url, { field, etag: known?.etag ?? null });
  if (!fetched.ok) return fetched;
  if (fetched.value === null) return confirm(run, known, {});
  if (!isSame(known, fetched.value)) return fetched;
  await discard(run, fetched.value);
  return confirm(run, known, fetched.value);
}

async function takeForAll(
  run: Run,
  shared: Parameters<typeof takeShared>[1],
  field: MediaField,
  known: JobAsset | null,
): Promise<Taken> {
  const facts = await takeShared(run, shared, field, known);
  if (!facts.ok) return facts;
  if (isSame(known, facts.value)) return confirm(run, known, facts.value);
  try {
    const found = await findStored(facts.value, mediaContext(run));
    // Somebody has emptied the bucket: the host has it still.
    return found ?? (await takeOwn(run, shared.url, field, null));
  } catch (cause) {
    return { ok: false, error: storageFailed(cause, null) };
  }
}

const isSame = (
  known: JobAsset | null,
  { sha256, contentType }: Pick<MediaInHand, "sha256" | "contentType">,
): boolean => known?.sha256 === sha256 && known.contentType === contentType;

/** The record of the job before is this job's own from now on. */
function confirm(run: Run, known: JobAsset | null, { etag }: { etag?: string | null }): Taken {
  if (known === null) throw new Error("Expected a record of what is upstream, got none");
  const { inherited: _, ...asset } = known;
  recordAsset(run, { ...asset, ...(etag && { etag }) });
  return ok(null);
}

/** What was spooled is deleted; a leftover costs storage, so a failure here is logged and no more. */
export async function discardMedia(run: Run): Promise<void> {
  for (const media of run.media.values()) await discard(run, media);
}

const discard = (run: Run, media: MediaInHand): Promise<void> =>
  media.discard().catch((error: unknown) => {
    run.ctx.log.warn("media.discard_failed", { error: String(error) });
  });
