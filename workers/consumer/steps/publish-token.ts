/** Step 4: the token becomes non-private, and only now: all its media is up. */
import { repeatable } from "./call.ts";
import { failed, fullToken, isUploaded, naturalKey, type Run, type StepResult } from "./run.ts";

/**
 * Always the full token: nobody says whether Sequence replaces or merges, and the guide's own call loses the
 * description. `private` is always said as well, because a missing flag may be read as false. A staged batch
 * (publish=false) says true: that also hides a token that was public before, which is what staging asks for.
 */
export async function publishToken(run: Run): Promise<StepResult> {
  const { args, batch } = run.job;
  const bare = args.media.find((media) => !isUploaded(run, media));
  if (bare) throw new Error(`refusing to publish a token without its ${bare.field}`);
  const answer = await repeatable(run, (signal) =>
    run.ctx.sequence.updateToken(
      { ...naturalKey(run), token: fullToken(run), private: !batch.options.publish },
      signal,
    ),
  );
  if (!answer.ok) return failed("publish-token", answer.error);
  run.outputs = { ...run.outputs, published: batch.options.publish };
  return { ok: true, value: "done" };
}
