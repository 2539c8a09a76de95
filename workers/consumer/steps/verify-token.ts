/**
 * Reads back what a batch left: the token, its assets with their bytes, and what everybody sees. Nothing is written.
 * Sequence tells no one whether a token is private, so that is asked as anybody would; while the collection is not
 * published nothing of it is public, and whether a token would be cannot be told.
 */
import type { Drift } from "../../../shared/job/drift.ts";
import type { Failure } from "../../../shared/job/failure.ts";
import type { JobAsset } from "../../../shared/job/job.ts";
import { LIMITS } from "../../../shared/limits.ts";
import type { Result } from "../../../shared/result.ts";
import { publicTokenUrl } from "../../../shared/sequence/addresses.ts";
import type { SequenceAsset, SequenceToken } from "../../../shared/sequence/schema.ts";
import { repeatable } from "./call.ts";
import { blameCollection, look } from "./look.ts";
import { hashUpTo } from "./read-back.ts";
import { failed, naturalKey, type Run, type StepResult } from "./run.ts";
import { tokenDrifts } from "./token-drifts.ts";

const STEP = "verify-token";

export async function verifyToken(run: Run): Promise<StepResult> {
  run.drifts.length = 0;
  const seen = await look(run);
  if (!seen.ok) return failed(STEP, seen.error);
  if (seen.value === "absent") return absent(run);
  run.drifts.push(...tokenDrifts(run.job.args, seen.value.token));
  const shown = await checkPublic(run);
  if (!shown.ok) return failed(STEP, shown.error);
  for (const asset of run.outputs.assets) {
    const checked = await checkAsset(run, asset, seen.value, shown.value);
    if (!checked.ok) return failed(STEP, checked.error);
  }
  return { ok: true, value: "done" };
}

type Checked<T> = Promise<Result<T, Failure>>;
type There = { readonly token: SequenceToken; readonly assets: readonly SequenceAsset[] };

const done = { ok: true, value: undefined } as const;

/** Where the whole collection has gone, no row is to blame. */
async function absent(run: Run): Promise<StepResult> {
  const missing: Failure = {
    reason: "not_found",
    code: "token.gone",
    message: "The token is not there.",
    next: "Submit the row's file again.",
    httpStatus: null,
    retryAfterSeconds: null,
    evidence: null,
  };
  const blamed = await blameCollection(run, missing);
  if (blamed !== missing) return failed(STEP, blamed);
  const { tokenId } = naturalKey(run);
  report(
    run,
    "token",
    `token ${tokenId}`,
    "nothing",
    "Submit the row's file again, which makes the token anew.",
  );
  return { ok: true, value: "done" };
}

/** @returns whether everybody can read the token. */
async function checkPublic(run: Run): Checked<boolean> {
  const { batch, leftPublic, outputs } = run.job;
  if (!batch.collectionPublished) return { ok: true, value: false };
  const expected = leftPublic ?? outputs.published;
  let shown = await isPublic(run);
  // A publication may take a moment to show, and so may its end.
  if (shown.ok && shown.value !== expected) {
    await new Promise((resolve) => setTimeout(resolve, LIMITS.verifyAgainMs));
    shown = await isPublic(run);
  }
  if (!shown.ok || shown.value === expected) return shown;
  const verb = expected ? "publish" : "unpublish";
  report(
    run,
    "public",
    expected ? "public" : "private",
    expected ? "private" : "public",
    `If nobody meant it, submit the row's file again with --force${expected ? "" : " and --no-publish"}; to ${verb} the whole batch is not enough, because for Mintline it is.`,
  );
  return shown;
}

async function isPublic(run: Run): Checked<boolean> {
  const { metadataUrl, projectId } = run.ctx.config;
  const { collectionId, tokenId } = naturalKey(run);
  const url = publicTokenUrl(metadataUrl, projectId, collectionId, tokenId);
  const read = await repeatable(run, (signal) => run.ctx.sequence.fetchPublic(url, signal));
  if (read.ok) {
    await read.value.body?.cancel();
    return { ok: true, value: true };
  }
  return isRefusedToPublic(read.error) ? { ok: true, value: false } : read;
}

/** Anything but trouble on the way is Sequence's word that this is not for everybody. */
const isRefusedToPublic = ({ reason }: Failure): boolean =>
  reason !== "outcome_unknown" && reason !== "rate_limited";

async function checkAsset(run: Run, known: JobAsset, { assets }: There, shown: boolean): Checked<undefined> {
  const { field } = known;
  const there = assets.find(({ id }) => id === known.id);
  const again = "Submit the row's file again with --force, which uploads its media anew.";
  if (there === undefined || !there.url) {
    const got = there === undefined ? "no such asset" : "an asset without a file";
    report(run, field, `asset ${known.id} with its file`, got, again);
    return done;
  }
  const facts: [string, unknown, unknown][] = [
    [`${field}.url`, known.url, there.url],
    [`${field}.size`, known.bytes, there.filesize ?? known.bytes],
    [`${field}.type`, known.contentType, there.mimeType ?? known.contentType],
  ];
  for (const [name, expected, got] of facts) {
    if (!isSameFact(expected, got)) report(run, name, String(expected), String(got), again);
  }
  if (known.sha256 === null || known.bytes === null) return done;
  const sha256 = await hashOf(run, known, there.url, shown);
  if (!sha256.ok) return sha256;
  if (sha256.value !== known.sha256) report(run, `${field}.bytes`, known.sha256, sha256.value, again);
  return done;
}

/** Whether an OGG is a sound or a moving picture is a matter of opinion, so of types the second half counts. */
const isSameFact = (expected: unknown, got: unknown): boolean =>
  expected === got ||
  (typeof expected === "string" &&
    typeof got === "string" &&
    !expected.includes("://") &&
    expected.split("/")[1] === got.split(";")[0]?.split("/")[1]);

/** Of what everybody gets, where it is public; hex, or words for what is no file of that length. */
async function hashOf(run: Run, known: JobAsset, url: string, shown: boolean): Checked<string> {
  // An address that leads elsewhere is a drift by itself, and nobody follows it.
  const openly = shown && url.startsWith(`${run.ctx.config.metadataUrl}/`);
  const read = await repeatable(run, (signal) =>
    openly
      ? run.ctx.sequence.fetchPublic(url, signal)
      : run.ctx.sequence.renderPrivate({ ...naturalKey(run), field: known.field }, signal),
  );
  if (!read.ok) {
    const gone = read.error.reason === "not_found" || (openly && isRefusedToPublic(read.error));
    return gone ? { ok: true, value: `nothing (HTTP ${read.error.httpStatus ?? "-"})` } : read;
  }
  const sha256 = await hashUpTo(read.value.body, known.bytes ?? 0);
  return { ok: true, value: sha256 ?? `something longer than ${known.bytes} bytes, or cut off` };
}

const report = (run: Run, field: string, expected: string, got: string, next: string): number =>
  run.drifts.push({ field, expected, got, next } satisfies Drift);
