/**
 * The real bucket with a notebook: how many bytes were taken from the source and not yet by R2, which calls
 * were made, and, where asked, a failure. Bytes count as taken by R2 once a part is stored or its stream read.
 */
export type Recording = {
  readonly bucket: R2Bucket;
  readonly calls: string[];
  /** To be called for each piece that leaves the source. */
  readonly pulled: (bytes: number) => void;
  readonly maxHeldBytes: () => number;
};

export function recordingBucket(
  real: R2Bucket,
  { failing = null, streamBytes = 0 }: { failing?: string | null; streamBytes?: number } = {},
): Recording {
  const calls: string[] = [];
  let held = 0;
  let maxHeld = 0;
  const note = (call: string): void => {
    calls.push(call);
    if (call.split(" ")[0] === failing) throw new Error("R2 is down (10001)");
  };
  const taken = (bytes: number): void => {
    held -= bytes;
  };
  const watched = (upload: R2MultipartUpload): R2MultipartUpload => ({
    key: upload.key,
    uploadId: upload.uploadId,
    uploadPart: async (number, value, options) => {
      note(`uploadPart ${number}`);
      if (!(value instanceof ReadableStream))
        throw new Error("a part is given as a stream, else it is held twice");
      const bytes = await new Response(value).bytes();
      const part = await upload.uploadPart(number, bytes, options);
      taken(bytes.length);
      return part;
    },
    abort: () => {
      calls.push("abort");
      return upload.abort();
    },
    complete: (parts) => {
      note("complete");
      return upload.complete(parts);
    },
  });
  const bucket = new Proxy(real, {
    get(target, name) {
      if (name === "put") {
        return async (key: string, value: ReadableStream | Uint8Array, options?: R2PutOptions) => {
          note(`put ${key.split("/")[0]}`);
          if (value instanceof Uint8Array) return await target.put(key, value, options);
          // R2 must be told a length again, since the stream in between has lost it.
          const counted = new FixedLengthStream(streamBytes);
          const [result] = await Promise.all([
            target.put(key, counted.readable, options),
            pump(value, counted.writable, taken),
          ]);
          return result;
        };
      }
      if (name === "createMultipartUpload") {
        return async (key: string) => {
          note("createMultipartUpload");
          return watched(await target.createMultipartUpload(key));
        };
      }
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== "function") return method;
      return (key: string, ...rest: unknown[]) => {
        note(`${String(name)} ${String(key).split("/")[0]}`);
        return Reflect.apply(method, target, [key, ...rest]);
      };
    },
  });
  return {
    bucket,
    calls,
    pulled: (bytes) => {
      held += bytes;
      maxHeld = Math.max(maxHeld, held);
    },
    maxHeldBytes: () => maxHeld,
  };
}

async function pump(from: ReadableStream<Uint8Array>, to: WritableStream, taken: (bytes: number) => void) {
  const writer = to.getWriter();
  try {
    for await (const chunk of from) {
      await writer.write(chunk);
      taken(chunk.byteLength);
    }
    await writer.close();
  } catch (cause) {
    await writer.abort(cause);
  }
}
