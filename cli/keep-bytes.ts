/**
 * The body of an answer: counted and hashed on its way to a file, to standard output, or to nowhere. A file gets
 * its name only when all of it is there: half of the failed rows must not look like all of them.
 */
import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { rename, rm, stat } from "node:fs/promises";
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
  const file = target === undefined || target === "-" ? null : await placeOf(target);
  try {
    await pipeline(counted, sinkFor(file?.written ?? target), { end: target !== "-" });
    if (file && file.written !== file.wanted) await rename(file.written, file.wanted);
  } catch (thrown) {
    if (file && file.written !== file.wanted) await rm(file.written, { force: true });
    const message = `The bytes could not be kept: ${thrown instanceof Error ? thrown.message : String(thrown)}.`;
    return fail(usageFault("cli.not_written", message, "Check the path given with -o, and try again."));
  }
  return ok({
    contentType: response.headers.get("content-type") ?? "unknown",
    bytes,
    sha256: hash.digest("hex"),
    file: file?.wanted ?? null,
  });
}

/** Where the bytes are while they come, and when all are there. What is no file, such as a pipe, is written to as it is. */
async function placeOf(target: string): Promise<{ written: string; wanted: string }> {
  const there = await stat(target).catch(() => null);
  return { written: there && !there.isFile() ? target : `${target}.part`, wanted: target };
}

function sinkFor(target: string | undefined): Writable {
  if (target === "-") return process.stdout;
  if (target !== undefined) return createWriteStream(target);
  return new Writable({ write: (_chunk, _encoding, done) => done() });
}
