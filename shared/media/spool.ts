/**
 * Takes a body of unknown size in one pass: sniffed by its beginning, hashed as it passes, small ones kept in
 * memory, large ones written to R2 as they come. At most one part of 5 MiB and what was read before the type
 * was known are held at a time, whatever the size. Nothing is left in R2 where the answer is a refusal.
 */
import type { MediaField } from "../job/job.ts";
import { LIMITS } from "../limits.ts";
import { fail, ok, type Result } from "../result.ts";
import { createRoom } from "../room.ts";
import type { Pull } from "./body.ts";
import { judgeHead, svgTooLarge, tooLarge } from "./judge.ts";
import { KINDS, type MediaKind, type MediaRefusal } from "./kinds.ts";
import { openSink, type Sink } from "./sink.ts";
import { checkSvg } from "./svg.ts";

export type SpoolOptions = {
  readonly bucket: R2Bucket;
  /** Where a large body goes. */
  readonly key: string;
  /** What the sender said, of the bytes as they come out of `pull`; null where unknown. */
  readonly declaredBytes: number | null;
  readonly maxBytes: number;
  /** Null: any media will do. */
  readonly field: MediaField | null;
  /** Names the media in messages. */
  readonly where: string;
  /** Called while waiting for room; what it throws comes out again. */
  readonly look?: () => void;
};

/** A body of unknown length goes into R2 in parts, and a part is held until R2 has it. */
const partsRoom = createRoom({
  places: LIMITS.mediaPartsAtOnce,
  heldMs: LIMITS.mediaTransferMs,
  pollMs: LIMITS.mediaRoomPollMs,
  now: Date.now,
});

/** `held`: the bytes themselves, or null where they lie in R2 under `SpoolOptions.key`. `sha256` is hex. */
export type Spooled = {
  readonly sha256: string;
  readonly bytes: number;
  readonly kind: MediaKind;
  readonly held: Uint8Array | null;
};

export type SpoolFailure =
  | { readonly kind: "refused"; readonly refusal: MediaRefusal; readonly head: Uint8Array }
  | { readonly kind: "length"; readonly declaredBytes: number; readonly bytes: number }
  | { readonly kind: "storage"; readonly cause: unknown };

/** What `pull` throws comes out again, after the cleaning up. */
export async function spool(pull: Pull, options: SpoolOptions): Promise<Result<Spooled, SpoolFailure>> {
  const { declaredBytes, maxBytes, field, where } = options;
  if (declaredBytes !== null && declaredBytes > maxBytes) {
    return refuse(tooLarge(where, maxBytes, declaredBytes), new Uint8Array());
  }
  let { head, ended } = await readUpTo(pull, [], LIMITS.mediaInMemoryBytes);
  // Before any judgement: of a body cut short, the bytes say nothing about the file.
  if (ended && cut(head, declaredBytes)) return lengthFailure(head.length, declaredBytes);
  const judged = await judgeHead(head, field, where);
  if (!judged.ok) return refuse(judged.error, head);
  const kind = judged.value;
  if (kind === KINDS.svg) {
    if (!ended) ({ head, ended } = await readUpTo(pull, [head], LIMITS.svgMaxBytes));
    if (ended && cut(head, declaredBytes)) return lengthFailure(head.length, declaredBytes);
    const safe = ended ? checkSvg(head, where) : fail(svgTooLarge(where));
    if (!safe.ok) return refuse(safe.error, head);
  }
  if (head.length > maxBytes) return refuse(tooLarge(where, maxBytes, null), head);
  if (!ended) {
    const leave = declaredBytes === null ? await partsRoom.enter(options.look ?? (() => undefined)) : null;
    try {
      return await spoolRest(head, pull, kind, options);
    } finally {
      leave?.();
    }
  }
  const digest = await crypto.subtle.digest("SHA-256", head);
  return ok({ sha256: hex(digest), bytes: head.length, kind, held: head });
}

async function spoolRest(
  head: Uint8Array,
  pull: Pull,
  kind: MediaKind,
  options: SpoolOptions,
): Promise<Result<Spooled, SpoolFailure>> {
  const { bucket, key, declaredBytes, maxBytes, where } = options;
  const digest = new crypto.DigestStream("SHA-256");
  const hash = digest.getWriter();
  const sink = openSink(bucket, key, declaredBytes);
  let bytes = 0;
  try {
    for (let chunk: Uint8Array | null = head; chunk !== null; chunk = await pull()) {
      bytes += chunk.length;
      if (bytes > maxBytes) return await dropAnd(sink, refuse(tooLarge(where, maxBytes, null), head));
      if (declaredBytes !== null && bytes > declaredBytes) break;
      await hash.write(chunk);
      await stored(sink.write(chunk));
    }
    if (declaredBytes !== null && bytes !== declaredBytes) {
      return await dropAnd(sink, lengthFailure(bytes, declaredBytes));
    }
    await stored(sink.close());
    await hash.close();
    return ok({ sha256: hex(await digest.digest), bytes, kind, held: null });
  } catch (cause) {
    await sink.drop();
    if (cause instanceof StorageError) return fail({ kind: "storage", cause: cause.cause });
    throw cause;
  }
}

/** Reads until more than `limit` bytes are there or the body has ended. */
async function readUpTo(
  pull: Pull,
  chunks: Uint8Array[],
  limit: number,
): Promise<{ head: Uint8Array; ended: boolean }> {
  let bytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  while (bytes <= limit) {
    const chunk = await pull();
    if (chunk === null) return { head: joined(chunks, bytes), ended: true };
    chunks.push(chunk);
    bytes += chunk.length;
  }
  return { head: joined(chunks, bytes), ended: false };
}

function joined(chunks: readonly Uint8Array[], bytes: number): Uint8Array {
  if (chunks.length === 1 && chunks[0]) return chunks[0];
  const all = new Uint8Array(bytes);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}

/** Tells what the bucket threw from what the body threw: the two have different verdicts. */
class StorageError extends Error {}

async function stored(write: Promise<void>): Promise<void> {
  try {
    await write;
  } catch (cause) {
    throw new StorageError("R2 did not take the bytes", { cause });
  }
}

async function dropAnd(sink: Sink, result: Result<Spooled, SpoolFailure>) {
  await sink.drop();
  return result;
}

const cut = (head: Uint8Array, declaredBytes: number | null): boolean =>
  declaredBytes !== null && declaredBytes !== head.length;

const lengthFailure = (bytes: number, declaredBytes: number | null): Result<never, SpoolFailure> =>
  fail({ kind: "length", declaredBytes: declaredBytes ?? bytes, bytes });

const refuse = (refusal: MediaRefusal, head: Uint8Array): Result<never, SpoolFailure> =>
  fail({ kind: "refused", refusal, head });

export const hex = (digest: ArrayBuffer): string =>
  Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
