/**
 * A request's body on its way to R2: never parsed, never held whole, hashed as it passes. Chunk by chunk and
 * not with `tee()`: of two branches the slower one is buffered without bound, and R2 is slower than a hash.
 */
import type { Problem } from "../../shared/api/contract.ts";
import { problem } from "../../shared/api/problems.ts";
import { PLATFORM } from "../../shared/limits.ts";
import { openBody } from "../../shared/media/body.ts";
import { openSink, type Sink } from "../../shared/media/sink.ts";
import { hex } from "../../shared/media/spool.ts";
import { fail, ok, type Result } from "../../shared/result.ts";
import { singleBodyTooLarge } from "./body.ts";

/** `sha256` in hex. */
export type Received = { readonly bytes: number; readonly sha256: string };

/** Nothing is left under `key` where the answer is a problem or R2 fails (which is thrown). */
export async function receiveInto(
  bucket: R2Bucket,
  key: string,
  request: Request,
): Promise<Result<Received, Problem>> {
  const sink = openSink(bucket, key, declaredBytes(request));
  try {
    const received = await receive(request, sink);
    await (received.ok ? sink.close() : sink.drop());
    return received;
  } catch (error) {
    await sink.drop();
    throw error;
  }
}

/** Hashes the body and keeps nothing: enough to tell a submission that is known already. */
export const receiveNowhere = (request: Request): Promise<Result<Received, Problem>> =>
  receive(request, null);

/** What the request says of its length; null where it says nothing. */
export function declaredBytes(request: Request): number | null {
  const stated = request.headers.get("content-length");
  return stated !== null && /^\d+$/.test(stated) ? Number(stated) : null;
}

async function receive(request: Request, sink: Sink | null): Promise<Result<Received, Problem>> {
  const digest = new crypto.DigestStream("SHA-256");
  const hash = digest.getWriter();
  const { pull } = openBody(request.body);
  let bytes = 0;
  for (;;) {
    const next = await pull().catch(() => "broken" as const);
    if (next === "broken") return fail(cutShort(bytes, declaredBytes(request)));
    if (next === null) break;
    bytes += next.byteLength;
    if (bytes > PLATFORM.requestBytes) return fail(singleBodyTooLarge);
    await hash.write(next);
    await sink?.write(next);
  }
  await hash.close();
  const declared = declaredBytes(request);
  if (bytes === 0) return fail(emptyFile);
  if (declared !== null && declared !== bytes) return fail(cutShort(bytes, declared));
  return ok({ bytes, sha256: hex(await digest.digest) });
}

export const emptyFile = problem(
  "file.empty",
  "Expected a CSV file as the body, got no bytes.",
  "Look whether the file is empty; with curl send its contents as the body: --data-binary @relics.csv -H 'Content-Type: text/csv'.",
);

export const cutShort = (got: number, declared: number | null): Problem =>
  problem(
    "body.cut_short",
    `Expected ${declared ?? "more"} bytes, got ${got} before the connection ended.`,
    "Send the file again; with the same Idempotency-Key it becomes one batch however often it is sent.",
  );
