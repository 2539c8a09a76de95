/**
 * A multipart body with one part `file`, its length known beforehand. A stream is passed through, never held:
 * `FormData` would hold the file about three times over.
 */
import { openBody } from "../media/body.ts";
import type { Watch } from "../watch.ts";

export type Part = { readonly fileName: string; readonly contentType: string };

/** A body on its way: what `fetch` is given, what went wrong on our side, and how to let go of it. */
export type Outgoing = { body: BodyInit; sourceError(): Error | null; stop(): void };

export type Frame = { readonly head: Uint8Array; readonly tail: Uint8Array };

/** What stands before and after the file's bytes (RFC 7578). */
export function partFrame(boundary: string, part: Part): Frame {
  // Escaped as browsers do; a line break in a name or type would let a file name write headers.
  const name = part.fileName.replace(/\r/g, "%0D").replace(/\n/g, "%0A").replace(/"/g, "%22");
  const type = /^[\w.+-]+\/[\w.+-]+(; ?[\w-]+=[\w-]+)*$/.test(part.contentType)
    ? part.contentType
    : "application/octet-stream";
  const encoder = new TextEncoder();
  return {
    head: encoder.encode(
      `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="${name}"\r\nContent-Type: ${type}\r\n\r\n`,
    ),
    tail: encoder.encode(`\r\n--${boundary}--\r\n`),
  };
}

export function enclose(
  source: ReadableStream<Uint8Array> | Uint8Array,
  { head, tail }: Frame,
  bytes: number,
  watch: Watch,
): Outgoing {
  if (!(source instanceof Uint8Array)) return pump(source, { head, tail }, bytes, watch);
  const whole = new Uint8Array(head.length + bytes + tail.length);
  whole.set(head);
  whole.set(source, head.length);
  whole.set(tail, head.length + bytes);
  return { body: whole, sourceError: () => null, stop: () => {} };
}

/**
 * A FixedLengthStream, because only with one does workerd send Content-Length. Pumped by hand rather than with
 * `pipeTo`, because each chunk that leaves is the movement that keeps a long upload from its time-out.
 */
function pump(
  source: ReadableStream<Uint8Array>,
  { head, tail }: Frame,
  bytes: number,
  watch: Watch,
): Outgoing {
  const fixed = new FixedLengthStream(head.length + bytes + tail.length);
  const reading = openBody(source);
  const writer = fixed.writable.getWriter();
  let broken: Error | null = null;

  const read = async () => {
    try {
      return await reading.pull();
    } catch (error) {
      broken = asError(error);
      throw broken;
    }
  };
  const lengthChecked = (sent: number, done: boolean) => {
    if (sent > bytes || (done && sent < bytes)) broken = wrongLength(bytes, sent);
    if (broken) throw broken;
  };
  const run = async () => {
    await writer.write(head);
    let sent = 0;
    for (let next = await read(); next !== null; next = await read()) {
      sent += next.byteLength;
      lengthChecked(sent, false);
      await writer.write(next);
      watch.moved();
    }
    lengthChecked(sent, true);
    await writer.write(tail);
    await writer.close();
  };
  const stop = (reason?: unknown) => {
    reading.cancel(reason).catch(() => {});
    writer.abort(reason).catch(() => {});
  };
  run().catch(stop);
  return { body: fixed.readable, sourceError: () => broken, stop };
}

export const wrongLength = (expected: number, got: number): Error =>
  new Error(`${got} bytes where ${expected} were announced`);
export const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));
