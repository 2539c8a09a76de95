/**
 * Media by content: bytes lie in R2 under their hash and are written once, however many rows and sets name
 * them. No name of a stranger's ever becomes part of a key.
 */
import { LIMITS } from "../limits.ts";
import { fail, ok, type Result } from "../result.ts";
import { openBody } from "./body.ts";
import type { MediaRefusal } from "./kinds.ts";
import { type Spooled, type SpoolFailure, spool } from "./spool.ts";

/** `sha256` in hex. */
export const mediaKey = (sha256: string): string => `media/${sha256}`;

export const SPOOL_PREFIX = "spool/";

/** A fresh place for bytes on their way; whatever is there after a day has been left by a crash. */
export const spoolKey = (): string => `${SPOOL_PREFIX}${crypto.randomUUID()}`;

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

/** R2 cannot rename: what was spooled is copied. */
async function keep(bucket: R2Bucket, from: string, { sha256, bytes, kind, held }: Spooled): Promise<void> {
  const open = async () => held ?? (await spooledBody(bucket, from));
  try {
    await keepMedia(bucket, { sha256, bytes, contentType: kind.contentType }, open);
  } finally {
    if (held === null) await bucket.delete(from);
  }
}

async function spooledBody(bucket: R2Bucket, key: string): Promise<ReadableStream<Uint8Array>> {
  const source = await bucket.get(key);
  if (source === null) throw new Error(`The spooled object ${key} is gone before it was stored`);
  return source.body;
}

/**
 * Puts bytes where their hash says, unless they are there already. R2 compares them with the hash as they come.
 * @param open the bytes, or R2's own stream of them, whose length R2 knows. Throws where R2 does.
 */
export async function keepMedia(
  bucket: R2Bucket,
  { sha256, bytes, contentType }: StoredMedia,
  open: () => Promise<ReadableStream<Uint8Array> | Uint8Array>,
): Promise<void> {
  const key = mediaKey(sha256);
  // A look is cheaper than a large file sent in vain; a small one goes with the condition at once.
  if (bytes > LIMITS.mediaInMemoryBytes && (await bucket.head(key)) !== null) return;
  await bucket.put(key, await open(), {
    sha256,
    httpMetadata: { contentType },
    onlyIf: { etagDoesNotMatch: "*" },
  });
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
