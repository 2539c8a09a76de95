/** Media that a person put into a media set: judged and hashed when it came, so here it is only found again. */
import type { Failure } from "../../../shared/job/failure.ts";
import type { MediaField, MediaSource } from "../../../shared/job/job.ts";
import { LIMITS } from "../../../shared/limits.ts";
import { wrongType } from "../../../shared/media/judge.ts";
import { fieldAccepts, kindOfContentType } from "../../../shared/media/kinds.ts";
import { mediaKey } from "../../../shared/media/store.ts";
import { fail, ok, type Result } from "../../../shared/result.ts";
import { refused, storageFailed } from "./failures.ts";
import type { MediaContext } from "./fetch-media.ts";
import { inBucket, inMemory, type MediaInHand } from "./media-in-hand.ts";

type SetSource = Extract<MediaSource, { kind: "set" }>;

export async function takeFromSet(
  source: SetSource,
  field: MediaField,
  context: MediaContext,
): Promise<Result<MediaInHand, Failure>> {
  const where = `"${source.fileName}" of the media set`;
  const kind = kindOfContentType(source.contentType);
  if (kind && !fieldAccepts(field, kind.contentType))
    return fail(refused(wrongType(field, kind, where), null));
  context.ask();
  try {
    return (await find(source, context.bucket)) ?? fail(missing(source, where));
  } catch (cause) {
    return fail(storageFailed(cause, null));
  }
}

/** A small file comes with the look that finds it; of a large one only its being there is asked. */
async function find(source: SetSource, bucket: R2Bucket): Promise<Result<MediaInHand, never> | null> {
  const key = mediaKey(source.sha256);
  if (source.bytes > LIMITS.mediaInMemoryBytes) {
    const there = await bucket.head(key);
    return there?.size === source.bytes ? ok(inBucket(source, bucket, key, false)) : null;
  }
  const object = await bucket.get(key);
  if (object?.size === source.bytes) return ok(inMemory(source, await object.bytes()));
  await object?.body.cancel();
  return null;
}

const missing = (source: SetSource, where: string): Failure =>
  refused(
    {
      code: "media.set_missing",
      message: `Expected ${source.bytes} bytes with the SHA-256 ${source.sha256} for ${where}, got nothing under that hash.`,
      next: `Put ${source.fileName} into the media set again and replay.`,
    },
    null,
  );
