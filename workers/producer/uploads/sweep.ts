/** Uploads that nobody goes on with: out of reach first, then their bytes, then their row. */
import { LIMITS } from "../../../shared/limits.ts";
import { deleteUpload, dropStaleUploads } from "../../../shared/store/uploads.ts";
import type { ProducerContext } from "../context.ts";

export async function sweepUploads(
  ctx: Pick<ProducerContext, "db" | "bucket" | "config" | "now">,
): Promise<number> {
  const stale = await dropStaleUploads(ctx.db, {
    target: ctx.config.target,
    before: ctx.now() - LIMITS.uploadIdleMs,
    limit: LIMITS.sweepRows,
  });
  for (const { id, objectKey, multipartId, used } of stale) {
    // A batch that reads the object has it for good. One that was completed has no parts left to abort.
    if (!used) {
      await ctx.bucket
        .resumeMultipartUpload(objectKey, multipartId)
        .abort()
        .catch(() => undefined);
      await ctx.bucket.delete(objectKey);
    }
    await deleteUpload(ctx.db, id);
  }
  return stale.length;
}
