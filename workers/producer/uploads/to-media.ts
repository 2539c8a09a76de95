/**
 * An upload becomes media: judged by its own bytes like any other file, stored under the hash that completing it
 * found. Copied as a stream, because R2 cannot rename; what is under that hash already is not written again.
 */
import { LIMITS } from "../../../shared/limits.ts";
import { judgeHead, svgTooLarge, tooLarge } from "../../../shared/media/judge.ts";
import { KINDS, type MediaKind, type MediaRefusal } from "../../../shared/media/kinds.ts";
import { mediaKey, type StoredMedia } from "../../../shared/media/store.ts";
import { checkSvg } from "../../../shared/media/svg.ts";
import { fail, ok, type Result } from "../../../shared/result.ts";
import { moveUpload, type UploadRow } from "../../../shared/store/uploads.ts";
import type { ProducerContext } from "../context.ts";

/** @returns null where the bytes are gone. */
export async function uploadToMedia(
  ctx: ProducerContext,
  upload: UploadRow,
  where: string,
): Promise<Result<StoredMedia, MediaRefusal> | null> {
  const { bytes, sha256 } = upload;
  if (bytes === null || sha256 === null) return null;
  const there = await ctx.bucket.head(mediaKey(sha256));
  const known = there?.httpMetadata?.contentType;
  if (known) {
    await letGo(ctx, upload);
    return ok({ sha256, bytes, contentType: known });
  }
  if (bytes > LIMITS.mediaMaxBytes) return fail(tooLarge(where, LIMITS.mediaMaxBytes, bytes));
  const judged = await judge(ctx.bucket, upload.object_key, bytes, where);
  if (!judged?.ok) return judged;
  const source = await ctx.bucket.get(upload.object_key);
  if (source === null) return null;
  const { contentType } = judged.value;
  await ctx.bucket.put(mediaKey(sha256), source.body, {
    sha256,
    httpMetadata: { contentType },
    onlyIf: { etagDoesNotMatch: "*" },
  });
  await letGo(ctx, upload);
  return ok({ sha256, bytes, contentType });
}

async function judge(
  bucket: R2Bucket,
  key: string,
  bytes: number,
  where: string,
): Promise<Result<MediaKind, MediaRefusal> | null> {
  const read = async (length: number): Promise<Uint8Array | null> =>
    (await (await bucket.get(key, { range: { offset: 0, length: Math.min(length, bytes) } }))?.bytes()) ??
    null;
  const head = await read(LIMITS.mediaInMemoryBytes);
  if (head === null) return null;
  const judged = await judgeHead(head, null, where);
  if (!judged.ok || judged.value !== KINDS.svg) return judged;
  if (bytes > LIMITS.svgMaxBytes) return fail(svgTooLarge(where));
  const whole = await read(bytes);
  if (whole === null) return null;
  const safe = checkSvg(whole, where);
  return safe.ok ? judged : safe;
}

/** The bytes are under their hash: a second copy would only cost. A batch that reads this one keeps it. */
async function letGo(ctx: ProducerContext, upload: UploadRow): Promise<void> {
  if (await moveUpload(ctx.db, upload.id, ctx.now())) await ctx.bucket.delete(upload.object_key);
}
