/**
 * A body, piece by piece, in large pieces: the platform's default reader gives 4 kB at a time, which makes
 * 49,000 turns of 200 MB and takes six times as long (4.1 s against 0.6 s, measured).
 */

/** The next bytes, or null at the end; throws where the sender breaks off. Each piece is the caller's to keep. */
export type Pull = () => Promise<Uint8Array | null>;

export type Body = { readonly pull: Pull; readonly cancel: (reason?: unknown) => Promise<void> };

const READ_BYTES = 128 * 1024;
/** Read at first: most pictures of a game are icons, and for those a large buffer is only more to clear away. */
const FIRST_READ_BYTES = 16 * 1024;

export function openBody(body: ReadableStream<Uint8Array> | null): Body {
  if (body === null) return { pull: async () => null, cancel: async () => undefined };
  const reader = byteReader(body);
  if (reader === null) {
    const plain = body.getReader();
    return { pull: async () => (await plain.read()).value ?? null, cancel: (reason) => plain.cancel(reason) };
  }
  let buffer = new ArrayBuffer(FIRST_READ_BYTES);
  return {
    // As much as is there, not as much as fits: waiting for a full buffer would make a slow sender a silent one.
    pull: async () => {
      const { value, done } = await reader.read(new Uint8Array(buffer));
      if (done || value === undefined) return null;
      // Copied, so that one buffer serves all reads and a piece of 4 kB holds no 128.
      const piece = value.slice();
      // The reader has taken ours and gives back the same memory under another name; nothing shared comes in.
      const isFull = piece.length === FIRST_READ_BYTES && value.buffer.byteLength === FIRST_READ_BYTES;
      buffer = isFull ? new ArrayBuffer(READ_BYTES) : (value.buffer as ArrayBuffer);
      return piece;
    },
    cancel: (reason) => reader.cancel(reason),
  };
}

/** Null for a stream that is made of pieces rather than bytes, as JavaScript's own are. */
function byteReader(body: ReadableStream<Uint8Array>): ReadableStreamBYOBReader | null {
  try {
    return body.getReader({ mode: "byob" });
  } catch (cause) {
    if (cause instanceof TypeError && !body.locked) return null;
    throw cause;
  }
}
