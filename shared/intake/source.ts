/** A submitted file as intake sees it: bytes by range, from R2 in the Worker, from disk in the CLI. */

export type ByteSource = {
  readonly size: number;
  /** Exactly the bytes of `[offset, offset + length)`, cut off only at the end of the file. */
  read(offset: number, length: number): Promise<Uint8Array>;
};

/** A file that is in memory already. */
export const bytesSource = (bytes: Uint8Array): ByteSource => ({
  size: bytes.length,
  read: (offset, length) => Promise.resolve(bytes.subarray(offset, offset + length)),
});

/** The file as if it ended at `end`. */
export const clipped = (source: ByteSource, end: number): ByteSource => ({
  size: Math.min(end, source.size),
  read: (offset, length) => source.read(offset, Math.min(length, Math.max(0, end - offset))),
});
