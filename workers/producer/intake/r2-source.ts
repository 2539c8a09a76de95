/** A submitted file in R2, read by range. */
import type { ByteSource } from "../../../shared/intake/source.ts";

/** @returns null where the object is gone. */
export async function openR2(bucket: R2Bucket, key: string): Promise<ByteSource | null> {
  // A follow-up has no file, and to R2 no key is an error.
  if (key === "") return null;
  const head = await bucket.head(key);
  if (head === null) return null;
  const { size } = head;
  return {
    size,
    async read(offset, length) {
      const wanted = Math.min(length, size - offset);
      // R2 refuses a range that begins at or behind the end.
      if (wanted <= 0) return new Uint8Array();
      const object = await bucket.get(key, { range: { offset, length: wanted } });
      if (object === null) throw new Error(`The object ${key} vanished while it was read`);
      return object.bytes();
    },
  };
}
