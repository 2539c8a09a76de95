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
  field: MediaField | null,
  context: MediaContext,
): Promise<Result<MediaInHand, Failure>> {
  const where = `"${source.fileName}" of the media set`;
  const wrong = wrongForField(field, source.contentType, where);
  if (wrong !== null) return fail(wrong);
  context.ask();
  try {
    return (await findStored(source, context)) ?? fail(missing(source, where));
  } catch (cause) {
    return fail(storageFailed(cause, null));
  }
}

/** Null: the field takes it. @param field null: any media will do. */
export function wrongForField(field: MediaField | null, contentType: string, where: string): Failure | null {
  const kind = kindOfContentType(contentType);
  if (field === null || kind === null || fieldAccepts(field, kind.contentType)) return null;
  return refused(wrongType(field, kind, where), null);
}

/** What is stored by its hash. `etag`: of the host that it once came from. */
type Stored = Pick<MediaInHand, "sha256" | "bytes" | "contentType"> & { readonly etag?: string | null };

/**
 * A small file comes with the look that finds it; of a large one only its being there is asked.
 * @returns null where it is not there, or not of this length. Throws where R2 does.
 */
export async function findStored(
  stored: Stored,
  { bucket, files }: Pick<MediaContext, "bucket" | "files">,
): Promise<Result<MediaInHand, never> | null> {
  const key = mediaKey(stored.sha256);
  if (stored.bytes > LIMITS.mediaInMemoryBytes) {
    const there = await bucket.head(key);
    return there?.size === stored.bytes ? ok(inBucket(stored, bucket, key, false)) : null;
  }
  const read = async (): Promise<Uint8Array | null> => {
    const object = await bucket.get(key);
    if (object?.size === stored.bytes) return await object.bytes();
    await object?.body.cancel();
    return null;
  };
  const bytes = await (files ? files.read(stored.sha256, read) : read());
  return bytes?.byteLength === stored.bytes ? ok(inMemory(stored, bytes)) : null;
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
