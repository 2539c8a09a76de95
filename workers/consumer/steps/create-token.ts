/** Step 1: the token, private, with all its metadata. */
import type { Failure } from "../../../shared/job/failure.ts";
import { once } from "./call.ts";
import { blameCollection, isOurs, look, lookAfter, tooEarly } from "./look.ts";
import { gatherMedia } from "./media.ts";
import { failed, fullToken, naturalKey, type Run, type Seen, type StepResult } from "./run.ts";

/** How often what is missing is created again within one attempt, after answers that cannot be trusted. */
const CREATE_AGAIN = 2;

/**
 * Nothing is looked up only where nothing of ours can be there. Private is stated, not left to the server's
 * default: should Sequence overwrite an existing token, it must not come out public without its media.
 */
export async function createToken(run: Run): Promise<StepResult> {
  if (!run.job.firstTouch || run.seen !== null) {
    const seen = await look(run);
    if (!seen.ok) return failed("create-token", seen.error);
    if (seen.value !== "absent") return takeExisting(run, seen.value);
    const early = tooEarly(run);
    if (early) return failed("create-token", early);
    // With the token its assets have gone, whatever is on record of them.
    run.outputs = { ...run.outputs, assets: [] };
  }
  // Before the first write, so that a row whose media is no good leaves nothing half-made behind.
  const media = await gatherMedia(run);
  if (!media.ok) return media;
  return send(run);
}

async function send(run: Run): Promise<StepResult> {
  for (let again = 0; ; again += 1) {
    const sent = await once(run, (signal) =>
      run.ctx.sequence.createToken({ ...naturalKey(run), token: fullToken(run), private: true }, signal),
    );
    if (sent.ok) {
      run.outputs = { ...run.outputs, token: "created", assets: [] };
      return { ok: true, value: "done" };
    }
    const { error: failure } = sent;
    if (failure.reason === "not_found") return failed("create-token", await blameCollection(run, failure));
    if (!isInDoubt(failure)) return failed("create-token", failure);
    if (failure.reason === "outcome_unknown") run.outputs = { ...run.outputs, sent: true };
    const seen = await lookAfter(run, failure);
    if (!seen.ok) return failed("create-token", seen.error);
    if (seen.value !== "absent") return takeExisting(run, seen.value);
    if (again === CREATE_AGAIN) return failed("create-token", failure);
  }
}

/** Neither success nor clear refusal: the thing may be there. */
export const isInDoubt = ({ reason }: Failure): boolean =>
  reason === "conflict" || reason === "outcome_unknown";

function takeExisting(run: Run, seen: Exclude<Seen, "absent">): StepResult {
  if (isOurs(run, seen.token)) {
    const made = run.job.owned ? "adopted" : "created";
    run.outputs = { ...run.outputs, token: run.outputs.token ?? made };
    return { ok: true, value: "reused" };
  }
  switch (run.job.batch.options.onExisting) {
    case "update":
      run.outputs = { ...run.outputs, token: "adopted" };
      return { ok: true, value: "reused" };
    case "skip":
      return { ok: true, value: "skipped" };
    case "fail":
      return failed("create-token", tokenExists(run));
  }
}

function tokenExists(run: Run): Failure {
  const { collectionId, tokenId } = naturalKey(run);
  return {
    reason: "token_exists",
    code: "token.exists",
    message: `Token ${tokenId} is already in collection ${collectionId}, and this deployment did not make it.`,
    next: "Give the row another token id, or submit it with --on-existing update (onExisting=update) to overwrite the token, or skip to leave it.",
    httpStatus: null,
    retryAfterSeconds: null,
    evidence: null,
  };
}
