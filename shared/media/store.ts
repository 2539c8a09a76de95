/**
 * Media by content: bytes lie in R2 under their hash and are written once, however many rows and sets name
 * them. No name of a stranger's ever becomes part of a key.
 */
import { fail, ok, type Result } from "../result.ts";
import { openBody } from "./body.ts";
import type { MediaRefusal } from "./kinds.ts";
import { type Spooled, type SpoolFailure, spool } from "./spool.ts";

/** `sha256` in hex. */
export const mediaKey = (sha256: string): string => `media/${sha256}`;

/** A fresh place for bytes on their way; whatever is there after a day has been left by a crash. */
export const spoolKey = (): string => `spool/${crypto.randomUUID()}`;

export type StoredMedia = { readonly sha256: string; readonly bytes: number; readonly contentType: string };

/**
 * Stores an uploaded body by its hash.
 * @param declaredBytes the request's `Content-Length`, or null.
 * @param where names the file in messages.
 * @returns codes `media.empty`, `media.html`, `media.unknown_type`, `media.too_large`, `media.unsafe_svg`,
 *   `media.length_mismatch`. Throws where R2 or the sender's connection fails.
 */
export async function putMedia(
  bucket: R2Bucket,
  body: ReadableStream<Uint8Array> | null,
  options: { readonly declaredBytes: number | null; readonly maxBytes: number; readonly where: string },
): Promise<Result<StoredMedia, MediaRefusal>> {
  const key = spoolKey();
  const { pull, cancel } = openBody(body);
  const spooled = await spool(pull, { bucket, key, field: null, ...options });
  if (!spooled.ok) {
    await cancel().catch(() => undefined);
    return fail(refusalOf(spooled.error, options.where));
  }
  await keep(bucket, key, spooled.value);
  const { sha256, bytes, kind } = spooled.value;
  return ok({ sha256, bytes, contentType: kind.contentType });
}

/** R2 cannot rename: what was spooled is copied, unless the same bytes are there already. */
async function keep(bucket: R2Bucket, from: string, { sha256, kind, held }: Spooled): Promise<void> {
  const key = mediaKey(sha256);
  const options = {
    sha256,
    httpMetadata: { contentType: kind.contentType },
    onlyIf: { etagDoesNotMatch: "*" },
  };
  if (held) {
    await bucket.put(key, held, options);
    return;
  }
  try {
    if ((await bucket.head(key)) === null) {
      const source = await bucket.get(from);
      if (source === null) throw new Error(`The spooled object ${from} is gone before it was stored`);
      await bucket.put(key, source.body, options);
    }
  } finally {
    await bucket.delete(from);
  }
}

function refusalOf(failure: SpoolFailure, where: string): MediaRefusal {
  switch (failure.kind) {
    case "refused":
      return failure.refusal;
    case "length":
      return {
        code: "media.length_mismatch",
        message: `Expected ${failure.declaredBytes} bytes of ${where}, got ${failure.bytes}.`,
        next: "Send the file again.",
      };
    case "storage":
      throw new Error(`R2 did not take ${where}`, { cause: failure.cause });
  }
}
