/** body.ts: the body of a call, read to its end before anything else, so that waiting never stalls a sender. */
import type { Context } from "hono";
import type { Env } from "./app.ts";

/** The whole body; null where it is larger than `maxBytes`: then it was read and thrown away. */
export async function readBody(
  c: Context<Env>,
  maxBytes = Infinity,
): Promise<Uint8Array<ArrayBuffer> | null> {
  const source: AsyncIterable<Uint8Array> | null = c.env?.incoming ?? c.req.raw.body;
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of source ?? []) {
    bytes += chunk.byteLength;
    if (bytes <= maxBytes) chunks.push(chunk);
  }
  return bytes > maxBytes ? null : new Uint8Array(Buffer.concat(chunks));
}

/** A body as text: as Go reads it, a byte order mark is no white space and bad UTF-8 becomes U+FFFD. */
export function textOf(body: Uint8Array): string {
  return decoder.decode(body);
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
