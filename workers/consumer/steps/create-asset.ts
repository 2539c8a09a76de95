/** Step 2: an asset for each media field. The id is always the one that Sequence returns. */
import type { JobAsset, MediaField } from "../../../shared/job/job.ts";
import type { SequenceAsset } from "../../../shared/sequence/schema.ts";
import { once } from "./call.ts";
import { isInDoubt } from "./create-token.ts";
import { lookAfter, tooEarly } from "./look.ts";
import { assetOf, bareAsset, failed, naturalKey, type Run, recordAsset, type StepResult } from "./run.ts";

const CREATE_AGAIN = 2;

/** Sequence makes a second asset for the same field without a word, so what is known or seen is reused. */
export async function createAsset(run: Run): Promise<StepResult> {
  let made = 0;
  for (const { field } of run.job.args.media) {
    if (reuse(run, field)) continue;
    const early = tooEarly(run);
    if (early) return failed("create-asset", early);
    const created = await send(run, field);
    if (!created.ok) return created;
    if (created.value === "done") made += 1;
  }
  return { ok: true, value: made > 0 ? "done" : "reused" };
}

/** Takes the asset that is there. What is on record counts only while it is still upstream. */
function reuse(run: Run, field: MediaField): boolean {
  const known = assetOf(run.outputs, field);
  if (run.seen === null || run.seen === "absent") return known !== undefined;
  const there = run.seen.assets.filter((asset) => asset.metadataField === field);
  const same = there.find((asset) => asset.id === known?.id);
  if (same && known) {
    if (!isAsRecorded(same, known)) recordAsset(run, bareAsset(field, same.id));
    return true;
  }
  const other = there.find((asset) => asset.url) ?? there[0];
  if (other) recordAsset(run, bareAsset(field, other.id));
  else if (known) forget(run, field);
  return other !== undefined;
}

async function send(run: Run, field: MediaField): Promise<StepResult> {
  for (let again = 0; ; again += 1) {
    const sent = await once(run, (signal) =>
      run.ctx.sequence.createAsset({ ...naturalKey(run), field }, signal),
    );
    if (sent.ok) {
      recordCreated(run, field, sent.value);
      return { ok: true, value: "done" };
    }
    if (!isInDoubt(sent.error)) return failed("create-asset", sent.error);
    const seen = await lookAfter(run, sent.error);
    if (!seen.ok) return failed("create-asset", seen.error);
    if (reuse(run, field)) return { ok: true, value: "reused" };
    if (again === CREATE_AGAIN) return failed("create-asset", sent.error);
  }
}

/** Whether the bytes can be those that were confirmed to us: somebody may have put others there by hand. */
const isAsRecorded = (there: SequenceAsset, known: JobAsset): boolean =>
  there.url === known.url &&
  (there.filesize === null || there.filesize === known.bytes) &&
  (there.mimeType === null || subtype(there.mimeType) === subtype(known.contentType ?? ""));

/** Whether an OGG is a sound or a moving picture is a matter of opinion. */
const subtype = (contentType: string): string | undefined => /\/([^;\s]+)/.exec(contentType)?.[1];

const recordCreated = (run: Run, field: MediaField, asset: SequenceAsset): void =>
  recordAsset(run, bareAsset(field, asset.id));

function forget(run: Run, field: MediaField): void {
  run.outputs = { ...run.outputs, assets: run.outputs.assets.filter((asset) => asset.field !== field) };
}
