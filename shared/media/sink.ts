/**
 * An R2 object written piece by piece. R2 wants to know a length before it takes a stream: a body that told
 * its length becomes one `put`, one that did not becomes a multipart upload of equal parts. Either way a
 * writer waits until its bytes are taken, so nothing piles up.
 */
import { PLATFORM } from "../limits.ts";

/** `drop` leaves nothing behind, at any time, also after a failure, and never throws. */
export type Sink = {
  readonly write: (chunk: Uint8Array) => Promise<void>;
  readonly close: () => Promise<void>;
  readonly drop: () => Promise<void>;
};

export const openSink = (bucket: R2Bucket, key: string, bytes: number | null): Sink =>
  bytes === null ? partsSink(bucket, key) : putSink(bucket, key, bytes);

function putSink(bucket: R2Bucket, key: string, bytes: number): Sink {
  const { readable, writable } = new FixedLengthStream(bytes);
  const writer = writable.getWriter();
  const put = bucket.put(key, readable).then(
    () => null,
    async (cause: unknown) => {
      // Otherwise a writer would wait for ever for a reader that has gone.
      await writer.abort(cause).catch(() => undefined);
      return { cause };
    },
  );
  const settle = async (): Promise<void> => {
    const failure = await put;
    if (failure) throw failure.cause;
  };
  return {
    write: (chunk) => writer.write(chunk),
    close: async () => {
      await writer.close();
      await settle();
    },
    drop: async () => {
      await writer.abort(new Error("dropped")).catch(() => undefined);
      await put;
      await bucket.delete(key).catch(() => undefined);
    },
  };
}

function partsSink(bucket: R2Bucket, key: string): Sink {
  const part = new Uint8Array(PLATFORM.r2PartBytes);
  const parts: R2UploadedPart[] = [];
  let filled = 0;
  let upload: R2MultipartUpload | null = null;
  const flush = async (bytes: Uint8Array): Promise<void> => {
    upload ??= await bucket.createMultipartUpload(key);
    parts.push(await upload.uploadPart(parts.length + 1, bytes));
    filled = 0;
  };
  return {
    write: async (chunk) => {
      for (let at = 0; at < chunk.length; ) {
        const taken = Math.min(chunk.length - at, part.length - filled);
        part.set(chunk.subarray(at, at + taken), filled);
        filled += taken;
        at += taken;
        // Never at once when full: the last part must not be empty.
        if (filled === part.length && at < chunk.length) await flush(part);
      }
    },
    close: async () => {
      if (upload === null) {
        await bucket.put(key, part.subarray(0, filled));
        return;
      }
      await flush(part.subarray(0, filled));
      await upload.complete(parts);
    },
    drop: async () => {
      await upload?.abort().catch(() => undefined);
      await bucket.delete(key).catch(() => undefined);
    },
  };
}
