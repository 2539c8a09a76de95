/**
 * The end of an upload: R2 joins the parts, the bytes are hashed from end to end, the row says so. In this
 * order, so that whoever comes again after any step failed goes on from there.
 */
import type { Problem } from "../../../shared/api/contract.ts";
import { LIMITS } from "../../../shared/limits.ts";
import { hex } from "../../../shared/media/spool.ts";
import { fail, ok, type Result } from "../../../shared/result.ts";
import {
  completeUpload,
  deleteUpload,
  dropUpload,
  forgetParts,
  listParts,
  type PartRow,
  type UploadRow,
} from "../../../shared/store/uploads.ts";
import type { ProducerContext } from "../context.ts";
import { lastPart, missingParts } from "./part-plan.ts";
import { incomplete, mismatch, noUpload, uploadTooLarge } from "./problems.ts";
import { isGone, isOtherPart } from "./r2-errors.ts";

export async function complete(ctx: ProducerContext, upload: UploadRow): Promise<Result<null, Problem>> {
  if (upload.state !== "open") return ok(null);
  const parts = await listParts(ctx.db, upload.id);
  const whole = { bytes: upload.bytes, partBytes: upload.part_bytes };
  const missing = missingParts(whole, parts);
  if (missing.length > 0) return fail(incomplete(missing));
  const bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
  if (bytes > LIMITS.uploadMaxBytes) return fail(uploadTooLarge(bytes));
  const joined = await join(ctx, upload, parts, bytes);
  if (!joined.ok) return joined;
  const sha256 = await hashObject(ctx.bucket, upload.object_key);
  if (sha256 === null) return fail(noUpload(upload.id));
  if (upload.sha256 !== null && upload.sha256 !== sha256) {
    await giveUp(ctx, upload);
    return fail(mismatch(upload.sha256, sha256));
  }
  await completeUpload(ctx.db, { id: upload.id, bytes, sha256, now: ctx.now() });
  return ok(null);
}

/** Where R2 has no such upload any more, an earlier call may have joined it and then lost its way. */
async function join(
  ctx: ProducerContext,
  upload: UploadRow,
  parts: readonly PartRow[],
  bytes: number,
): Promise<Result<null, Problem>> {
  const multipart = ctx.bucket.resumeMultipartUpload(upload.object_key, upload.multipart_id);
  try {
    await multipart.complete(parts.map(({ number, etag }) => ({ partNumber: number, etag })));
    return ok(null);
  } catch (cause) {
    if (isOtherPart(cause)) {
      await forgetParts(ctx.db, upload.id);
      const last = lastPart({ bytes: upload.bytes ?? bytes, partBytes: upload.part_bytes });
      return fail(incomplete(Array.from({ length: last }, (_, index) => index + 1)));
    }
    if (!isGone(cause)) throw cause;
  }
  const object = await ctx.bucket.head(upload.object_key);
  if (object?.size === bytes) return ok(null);
  await giveUp(ctx, upload);
  return fail(noUpload(upload.id));
}

/** Out of reach first: whoever asks for the same file again gets a new upload. */
export async function giveUp(ctx: ProducerContext, upload: UploadRow): Promise<void> {
  await dropUpload(ctx.db, upload.id);
  await ctx.bucket.delete(upload.object_key);
  await deleteUpload(ctx.db, upload.id);
}

/** In one pass and never held; null where there is no such object. */
async function hashObject(bucket: R2Bucket, key: string): Promise<string | null> {
  const object = await bucket.get(key);
  if (object === null) return null;
  const digest = new crypto.DigestStream("SHA-256");
  await object.body.pipeTo(digest);
  return hex(await digest.digest);
}
