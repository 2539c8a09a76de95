/**
 * What a lost run may have uploaded. Equal size and type would prove nothing, and to upload on suspicion writes again
 * what is there; so the bytes themselves are read, through the secret key, and compared.
 */
import type { MediaField } from "../../../shared/job/job.ts";
import { hex } from "../../../shared/media/spool.ts";
import type { MediaInHand } from "../media/media-in-hand.ts";
import { once } from "./call.ts";
import { assetOf, naturalKey, type Run, wasLost } from "./run.ts";

/** @returns the asset's url where the bytes in hand are upstream already; null: they are not, or nobody can say. */
export async function findUploaded(run: Run, field: MediaField, media: MediaInHand): Promise<string | null> {
  if (!wasLost(run.job) || run.seen === null || run.seen === "absent") return null;
  const id = assetOf(run.outputs, field)?.id;
  const there = run.seen.assets.find((asset) => asset.id === id);
  if (!there?.url || there.filesize !== media.bytes) return null;
  const read = await once(run, (signal) =>
    run.ctx.sequence.renderPrivate({ ...naturalKey(run), field }, signal),
  );
  if (!read.ok) return null;
  const sha256 = await hashUpTo(read.value.body, media.bytes);
  return sha256 === media.sha256 ? there.url : null;
}

/** Hex; null where the body is longer than expected or breaks off. */
export async function hashUpTo(
  body: ReadableStream<Uint8Array> | null,
  bytes: number,
): Promise<string | null> {
  const digest = new crypto.DigestStream("SHA-256");
  const writer = digest.getWriter();
  let read = 0;
  try {
    for await (const chunk of body ?? []) {
      read += chunk.length;
      if (read > bytes) throw new Error("longer than what was sent");
      await writer.write(chunk);
    }
    await writer.close();
    return hex(await digest.digest);
  } catch (error) {
    digest.digest.catch(() => undefined);
    await writer.abort(error).catch(() => undefined);
    return null;
  }
}
