/** Media that has been fetched, hashed and judged, ready to be sent as often as the upload needs tries. */
import { kindOfContentType } from "../../../shared/media/kinds.ts";

export type MediaInHand = {
  /** Hex. */
  readonly sha256: string;
  readonly bytes: number;
  readonly contentType: string;
  /** Without a dot. */
  readonly extension: string;
  /** What the host calls this state of the file; null: it says nothing, or the file lies in a set. */
  readonly etag: string | null;
  /** The bytes from the start, at each call. Throws where R2 no longer has them. */
  readonly open: () => Promise<ReadableStream<Uint8Array> | Uint8Array>;
  /** Gives back what was spooled; what lies in a media set stays. Throws where R2 does: a cost, not a fault. */
  readonly discard: () => Promise<void>;
};

type Facts = Pick<MediaInHand, "sha256" | "bytes" | "contentType"> & { readonly etag?: string | null };

export const inMemory = (facts: Facts, held: Uint8Array): MediaInHand => ({
  ...described(facts),
  open: async () => held,
  discard: async () => undefined,
});

/** `ours`: a spooled object that belongs to this job and goes with it. */
export const inBucket = (facts: Facts, bucket: R2Bucket, key: string, ours: boolean): MediaInHand => ({
  ...described(facts),
  open: async () => {
    const object = await bucket.get(key);
    if (object === null) throw new Error(`Expected the media ${facts.sha256} at ${key} in R2, got nothing`);
    return object.body;
  },
  discard: async () => {
    if (ours) await bucket.delete(key);
  },
});

const described = ({ sha256, bytes, contentType, etag }: Facts) => ({
  sha256,
  bytes,
  contentType,
  extension: kindOfContentType(contentType)?.extension ?? "bin",
  etag: etag ?? null,
});
