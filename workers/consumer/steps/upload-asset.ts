/** Step 3: the bytes. An upload to a known asset replaces, so doubt is settled by doing it again. */
import type { Failure } from "../../../shared/job/failure.ts";
import type { JobMedia } from "../../../shared/job/job.ts";
import { LIMITS } from "../../../shared/limits.ts";
import { nameNote } from "../../../shared/media/kinds.ts";
import type { MediaInHand } from "../media/media-in-hand.ts";
import { repeatable } from "./call.ts";
import { gatherMedia } from "./media.ts";
import { findUploaded } from "./read-back.ts";
import {
  assetOf,
  bareAsset,
  failed,
  isUploaded,
  naturalKey,
  type Run,
  recordAsset,
  type StepResult,
} from "./run.ts";

export async function uploadAsset(run: Run): Promise<StepResult> {
  const gathered = await gatherMedia(run);
  if (!gathered.ok) return gathered;
  let sent = 0;
  for (const media of run.job.args.media) {
    if (isUploaded(run, media)) continue;
    const uploaded = await send(run, media);
    if (!uploaded.ok) return uploaded;
    if (uploaded.value === "done") sent += 1;
  }
  return { ok: true, value: sent > 0 ? "done" : "reused" };
}

async function send(run: Run, { field, source }: JobMedia): Promise<StepResult> {
  const asset = assetOf(run.outputs, field);
  const media = run.media.get(field);
  if (!asset || !media) throw new Error(`no asset or media in hand for ${field}`);
  const there = await findUploaded(run, field, media);
  if (there !== null) {
    record(run, { field, source }, media, { id: asset.id, url: there });
    return { ok: true, value: "reused" };
  }
  const body = {
    bytes: media.bytes,
    contentType: media.contentType,
    fileName: `${field}.${media.extension}`,
    open: () => media.open(),
  };
  const answer = await withRoom(run, media, () => {
    // From here on nobody can say which bytes are there, until Sequence confirms it.
    recordAsset(run, bareAsset(field, asset.id));
    return repeatable(run, (signal) =>
      run.ctx.sequence.uploadAsset({ ...naturalKey(run), assetId: asset.id, body }, signal),
    );
  });
  if (!answer.ok) return failed("upload-asset", answer.error);
  const { url, filesize } = answer.value;
  if (!url || (filesize !== null && filesize !== media.bytes)) {
    return failed("upload-asset", mismatch(media, url, filesize));
  }
  record(run, { field, source }, media, { id: asset.id, url });
  return { ok: true, value: "done" };
}

function record(
  run: Run,
  { field, source }: JobMedia,
  { sha256, bytes, contentType, etag }: MediaInHand,
  at: { id: number; url: string },
): void {
  const note = nameNote(source.kind === "url" ? source.url : source.fileName, contentType);
  const told = { ...(note && { note }), ...(etag && { etag }) };
  recordAsset(run, { field, ...at, sha256, bytes, contentType, ...told });
}

/** Small media is in memory already; the large waits its turn, before any of it is read. */
async function withRoom<T>(run: Run, media: MediaInHand, work: () => Promise<T>): Promise<T> {
  if (media.bytes <= LIMITS.mediaInMemoryBytes) return work();
  const { delivery, job, startedAt } = run;
  const leave = await delivery.media.uploads.enter(() => delivery.ask(job.batch, startedAt));
  try {
    return await work();
  } finally {
    leave();
  }
}

const mismatch = (media: MediaInHand, url: string | null, filesize: number | null): Failure => ({
  reason: "unnamed",
  code: "sequence.upload_mismatch",
  message: url
    ? `Sequence answered the upload with ${filesize} bytes, ${media.bytes} were sent.`
    : "Sequence answered the upload without the asset's url.",
  next: "The job uploads again by itself; if it stays so, report it to Sequence with the asset's id.",
  httpStatus: 200,
  retryAfterSeconds: null,
  evidence: null,
});
