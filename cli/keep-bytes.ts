/** The body of an answer: counted and hashed on its way to a file, to standard output, or to nowhere. */
import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { fail, ok, type Result } from "../shared/result.ts";
import { type Fault, usageFault } from "./failure.ts";

export type Kept = {
  readonly contentType: string;
  readonly bytes: number;
  readonly sha256: string;
  /** Where the bytes are now; null where only their facts were wanted. */
  readonly file: string | null;
};

/** `target` is a path, `-` for standard output, or undefined. */
export async function keepBytes(
  response: Response,
  target: string | undefined,
): Promise<Result<Kept, Fault>> {
  const hash = createHash("sha256");
  let bytes = 0;
  const counted = async function* () {
    for await (const chunk of response.body ?? []) {
      hash.update(chunk);
      bytes += chunk.byteLength;
      yield chunk;
    }
  };
  try {
    await pipeline(counted, sinkFor(target), { end: target !== "-" });
  } catch (thrown) {
    const message = `The bytes could not be kept: ${thrown instanceof Error ? thrown.message : String(thrown)}.`;
    return fail(usageFault("cli.not_written", message, "Check the path given with -o, and try again."));
  }
  return ok({
    contentType: response.headers.get("content-type") ?? "unknown",
    bytes,
    sha256: hash.digest("hex"),
    file: target === undefined || target === "-" ? null : target,
  });
}

function sinkFor(target: string | undefined): Writable {
  if (target === "-") return process.stdout;
  if (target !== undefined) return createWriteStream(target);
  return new Writable({ write: (_chunk, _encoding, done) => done() });
}
