/**
 * An R2 object written piece by piece. R2 wants to know a length before it takes a stream: a body that told
 * its length becomes one `put`, one that did not becomes a multipart upload of equal parts, each gathered until
 * its length is known. Either way R2 is given a stream and a writer waits until its bytes are taken, so nothing
 * piles up: a part handed over as one array would be there once more, twice locally.
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
  const stream = streamInto(bytes, (readable) => bucket.put(key, readable));
  return {
    write: stream.write,
    close: async () => void (await stream.close()),
    drop: async () => {
      await stream.abort();
      await bucket.delete(key).catch(() => undefined);
    },
  };
}

/** `close` gives what R2 made of it, or throws what it threw. `abort` never throws. */
type Stream<T> = {
  readonly write: (chunk: Uint8Array) => Promise<void>;
  readonly close: () => Promise<T>;
  readonly abort: () => Promise<void>;
};

function streamInto<T>(bytes: number, take: (readable: ReadableStream) => Promise<T>): Stream<T> {
  const { readable, writable } = new FixedLengthStream(bytes);
  const writer = writable.getWriter();
  const taken = take(readable).then(
    (value) => ({ value }),
    async (cause: unknown) => {
      // Otherwise a writer would wait for ever for a reader that has gone.
      await writer.abort(cause).catch(() => undefined);
      return { cause };
    },
  );
  return {
    write: (chunk) => writer.write(chunk),
    close: async () => {
      await writer.close();
      const result = await taken;
      if ("cause" in result) throw result.cause;
      return result.value;
    },
    abort: async () => {
      await writer.abort(new Error("dropped")).catch(() => undefined);
      await taken;
    },
  };
}

/** What is under way to R2 of a part; small, because whoever takes it makes a copy. */
const PIECE_BYTES = 128 * 1024;

async function give<T>(bytes: Uint8Array, take: (readable: ReadableStream) => Promise<T>): Promise<T> {
  const stream = streamInto(bytes.length, take);
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
    await stream.write(bytes.subarray(at, at + PIECE_BYTES));
  }
  return await stream.close();
}

function partsSink(bucket: R2Bucket, key: string): Sink {
  const part = new Uint8Array(PLATFORM.r2PartBytes);
  const parts: R2UploadedPart[] = [];
  let filled = 0;
  let upload: R2MultipartUpload | null = null;
  const flush = async (bytes: Uint8Array): Promise<void> => {
    const to = upload ?? (await bucket.createMultipartUpload(key));
    upload = to;
    parts.push(await give(bytes, (readable) => to.uploadPart(parts.length + 1, readable)));
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
        await give(part.subarray(0, filled), (readable) => bucket.put(key, readable));
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
