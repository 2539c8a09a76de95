/**
 * `refreshMedia`: rows that say what they said before, but whose hosts are to be asked whether the media is what it
 * was. Where it is, nothing at Sequence is wrong and nobody is called there: the same trust that lets intake
 * complete an unchanged row without a call. Where it is not, the job goes on like any other that has changed.
 */
import type { Result } from "../../../shared/result.ts";
import { gatherMedia } from "./media.ts";
import { isUploaded, type Run, type StepFailure } from "./run.ts";

/** @returns whether the token is upstream as the row wants it; its record is this job's then. */
export async function isStillTheSame(run: Run): Promise<Result<boolean, StepFailure>> {
  const { before, batch, args } = run.job;
  const { refreshMedia, force, publish } = batch.options;
  if (before === null || !before.isDone || !refreshMedia || force) return { ok: true, value: false };
  const { token, published } = before.outputs;
  if (token === null || published !== publish) return { ok: true, value: false };
  const gathered = await gatherMedia(run);
  if (!gathered.ok) return gathered;
  if (!args.media.every((media) => isUploaded(run, media))) return { ok: true, value: false };
  run.outputs = { ...run.outputs, token, published };
  return { ok: true, value: true };
}
