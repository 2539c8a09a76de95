/**
 * Publish later, and take back: one UpdateToken, with the full token as ever, and nothing else. The media went up with
 * the batch that this one follows, and its record was copied with the row.
 */
import type { Failure } from "../../../shared/job/failure.ts";
import type { Step } from "../../../shared/job/job.ts";
import { repeatable } from "./call.ts";
import { blameCollection } from "./look.ts";
import { assetOf, failed, fullToken, naturalKey, type Run, type StepResult } from "./run.ts";

export async function flipToken(run: Run): Promise<StepResult> {
  const isPublic = run.job.batch.kind === "publish";
  const step: Step = isPublic ? "publish-token" : "unpublish-token";
  const bare = isPublic ? run.job.args.media.find(({ field }) => !hasMedia(run, field)) : undefined;
  if (bare) return failed(step, bareToken(run, bare.field));
  const answer = await repeatable(run, (signal) =>
    run.ctx.sequence.updateToken({ ...naturalKey(run), token: fullToken(run), private: !isPublic }, signal),
  );
  if (!answer.ok) {
    const { error } = answer;
    return failed(step, error.reason === "not_found" ? await whatIsGone(run, error) : error);
  }
  run.outputs = { ...run.outputs, published: isPublic };
  return { ok: true, value: "done" };
}

function hasMedia(run: Run, field: Parameters<typeof assetOf>[1]): boolean {
  const asset = assetOf(run.outputs, field);
  return Boolean(asset?.url && asset.sha256);
}

/** Either the collection, which is no row's fault, or the token. */
async function whatIsGone(run: Run, failure: Failure): Promise<Failure> {
  const blamed = await blameCollection(run, failure);
  if (blamed !== failure) return blamed;
  const { collectionId, tokenId } = naturalKey(run);
  return {
    ...failure,
    code: "token.gone",
    message: `Expected token ${tokenId} in collection ${collectionId}, and it is not there any more.`,
    next: "Somebody deleted it: submit the row's file again, which makes the token anew.",
  };
}

const bareToken = (run: Run, field: string): Failure => ({
  reason: "invalid",
  code: "token.bare",
  message: `Refusing to publish token ${run.job.args.tokenId} without its ${field}: no upload of it is on record.`,
  next: "Submit the row's file again with --force, which uploads its media anew.",
  httpStatus: null,
  retryAfterSeconds: null,
  evidence: null,
});
