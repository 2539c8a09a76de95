/** One part on its way into R2: never held whole where the request says how long it is. */
import type { Problem } from "../../../shared/api/contract.ts";
import { LIMITS } from "../../../shared/limits.ts";
import { openBody } from "../../../shared/media/body.ts";
import { fail, ok, type Result } from "../../../shared/result.ts";
import { readUpTo, tooLarge } from "../body.ts";
import { cutShort, declaredBytes } from "../receive.ts";
import type { Size } from "./part-plan.ts";
import { wrongSize } from "./problems.ts";
import { isGone } from "./r2-errors.ts";

/** `gone`: R2 knows the upload no more. */
export type StoredPart = { readonly bytes: number; readonly etag: string } | "gone";

/** Throws where R2 fails. Nothing is left to clean up: a part counts only once it is on record. */
export async function storePart(
  upload: R2MultipartUpload,
  number: number,
  request: Request,
  size: Size,
): Promise<Result<StoredPart, Problem>> {
  const declared = declaredBytes(request);
  if (declared !== null && declared > LIMITS.partBytes) return fail(tooLarge(LIMITS.partBytes));
  if (declared !== null && !fits(declared, size)) return fail(wrongSize(number, size, declared));
  if (declared !== null && request.body) return streamPart(upload, number, request.body, declared);
  const bytes = await readUpTo(request.body, LIMITS.partBytes);
  if (bytes === null) return fail(tooLarge(LIMITS.partBytes));
  if (!fits(bytes.byteLength, size)) return fail(wrongSize(number, size, bytes.byteLength));
  const put = await caught(upload.uploadPart(number, bytes));
  return settled(put, bytes.byteLength);
}

const fits = (bytes: number, { least, most }: Size): boolean => bytes >= least && bytes <= most;

async function streamPart(
  upload: R2MultipartUpload,
  number: number,
  body: ReadableStream<Uint8Array>,
  bytes: number,
): Promise<Result<StoredPart, Problem>> {
  const { readable, writable } = new FixedLengthStream(bytes);
  const writer = writable.getWriter();
  const put = caught(upload.uploadPart(number, readable)).then(async (part) => {
    // Otherwise a writer would wait for ever for a reader that has gone.
    if (!part.ok) await writer.abort(part.error).catch(() => undefined);
    return part;
  });
  const pumped = await pump(body, writer, bytes);
  const part = await put;
  return pumped.end === "short" ? fail(cutShort(pumped.bytes, bytes)) : settled(part, bytes);
}

/** `short`: the sender broke off. `refused`: R2 did not go on reading, and says why itself. */
type Pumped = { readonly end: "whole" | "short" | "refused"; readonly bytes: number };

async function pump(
  body: ReadableStream<Uint8Array>,
  writer: WritableStreamDefaultWriter<Uint8Array>,
  expected: number,
): Promise<Pumped> {
  const { pull, cancel } = openBody(body);
  for (let bytes = 0; ; ) {
    const chunk = await pull().catch(() => null);
    try {
      if (chunk === null && bytes < expected) {
        await writer.abort(new Error("the body ended early"));
        return { end: "short", bytes };
      }
      if (chunk === null) {
        await writer.close();
        return { end: "whole", bytes };
      }
      await writer.write(chunk);
      bytes += chunk.byteLength;
    } catch {
      await cancel().catch(() => undefined);
      return { end: "refused", bytes };
    }
  }
}

const caught = (put: Promise<R2UploadedPart>): Promise<Result<string, unknown>> =>
  put.then(
    ({ etag }) => ok(etag),
    (cause: unknown) => fail(cause),
  );

function settled(put: Result<string, unknown>, bytes: number): Result<StoredPart, never> {
  if (put.ok) return ok({ bytes, etag: put.value });
  if (isGone(put.error)) return ok("gone");
  throw put.error;
}
