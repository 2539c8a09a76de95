/** Getting a job's media in hand before anything is written, and giving it back at the end. */
import { LIMITS } from "../../../shared/limits.ts";
import type { Result } from "../../../shared/result.ts";
import { fetchMedia } from "../media/fetch-media.ts";
import { failed, isUploaded, type Run, type StepFailure } from "./run.ts";

/** Fetches what is not uploaded yet and not in hand; a second call finds everything there. */
export async function gatherMedia(run: Run): Promise<Result<null, StepFailure>> {
  const { ctx, delivery, job } = run;
  for (const { field, source } of job.args.media.filter((one) => !isUploaded(run, one))) {
    if (run.media.has(field)) continue;
    const fetched = await fetchMedia(source, field, {
      fetch: ctx.fetch,
      bucket: ctx.bucket,
      privateHosts: ctx.config.mediaPrivateHosts,
      callTimeoutMs: ctx.config.callTimeoutMs,
      maxBytes: LIMITS.mediaMaxBytes,
      now: ctx.now,
      signal: delivery.signal,
      ask: () => delivery.ask(job.batch, run.startedAt),
    });
    if (!fetched.ok) return failed("upload-asset", fetched.error);
    run.media.set(field, fetched.value);
  }
  return { ok: true, value: null };
}

/** What was spooled is deleted; a leftover costs storage, so a failure here is logged and no more. */
export async function discardMedia(run: Run): Promise<void> {
  for (const media of run.media.values()) {
    await media.discard().catch((error: unknown) => {
      run.ctx.log.warn("media.discard_failed", { error: String(error) });
    });
  }
}
