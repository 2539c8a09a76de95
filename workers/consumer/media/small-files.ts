/**
 * Small media by hash, kept in memory: a picture that many rows name is read from R2 once, not once a row. The bytes
 * are the isolate's and serve every delivery; the reading is a delivery's own, because a promise that another
 * invocation was to keep hangs if that one is cut off. A hash names its bytes for ever, so nothing grows stale.
 */

/** What an isolate keeps: the bytes that were used last, at most `maxBytes` of them. */
export type KeptFiles = {
  get(sha256: string): Uint8Array | null;
  keep(sha256: string, bytes: Uint8Array): void;
};

export function createKeptFiles(maxBytes: number): KeptFiles {
  // A Map remembers the order in which keys came: the first is the one that was used longest ago.
  const files = new Map<string, Uint8Array>();
  let held = 0;
  const drop = (sha256: string): void => {
    held -= files.get(sha256)?.byteLength ?? 0;
    files.delete(sha256);
  };
  return {
    get(sha256) {
      const bytes = files.get(sha256);
      if (bytes === undefined) return null;
      files.delete(sha256);
      files.set(sha256, bytes);
      return bytes;
    },
    keep(sha256, bytes) {
      if (bytes.byteLength > maxBytes) return;
      drop(sha256);
      files.set(sha256, bytes);
      held += bytes.byteLength;
      for (const oldest of files.keys()) {
        if (held <= maxBytes) break;
        drop(oldest);
      }
    },
  };
}

export type SmallFiles = {
  /** @param read called where the bytes are not at hand, once for all who ask meanwhile; null: they are nowhere. */
  read(sha256: string, read: () => Promise<Uint8Array | null>): Promise<Uint8Array | null>;
  /** These bytes will be wanted again. */
  keep(sha256: string, bytes: Uint8Array): void;
};

/** For one delivery. */
export function createSmallFiles(kept: KeptFiles): SmallFiles {
  const reading = new Map<string, Promise<Uint8Array | null>>();
  const readOnce = async (sha256: string, read: () => Promise<Uint8Array | null>) => {
    try {
      const bytes = await read();
      if (bytes !== null) kept.keep(sha256, bytes);
      return bytes;
    } finally {
      reading.delete(sha256);
    }
  };
  return {
    async read(sha256, read) {
      const there = kept.get(sha256);
      if (there !== null) return there;
      const under = reading.get(sha256) ?? readOnce(sha256, read);
      reading.set(sha256, under);
      return await under;
    },
    keep: (sha256, bytes) => kept.keep(sha256, bytes),
  };
}
