/** What is piped into a command: held while it is small, kept in a temporary file from then on. */
import { openAsBlob, rmSync } from "node:fs";
import { mkdtemp, open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LIMITS } from "../shared/limits.ts";
import { fail, ok, type Result } from "../shared/result.ts";
import type { Fault } from "./failure.ts";
import { megabytes, tooLarge } from "./files.ts";

/** Read to its end, because only a body of known length can be sent again. */
export async function readStdin(stdin: NodeJS.ReadableStream): Promise<Result<Blob, Fault>> {
  const held: Buffer[] = [];
  let bytes = 0;
  let file: TemporaryFile | null = null;
  for await (const chunk of stdin) {
    const piece = Buffer.from(chunk);
    bytes += piece.length;
    if (bytes > LIMITS.uploadMaxBytes) {
      return fail(
        tooLarge([`standard input (over ${megabytes(LIMITS.uploadMaxBytes)})`], LIMITS.uploadMaxBytes),
      );
    }
    if (file === null && bytes > LIMITS.singleBodyBytes) {
      file = await openTemporary();
      await file.write(Buffer.concat(held.splice(0)));
    }
    if (file === null) held.push(piece);
    else await file.write(piece);
  }
  return ok(file === null ? new Blob([Buffer.concat(held)]) : await file.read());
}

type TemporaryFile = { write(piece: Buffer): Promise<unknown>; read(): Promise<Blob> };

async function openTemporary(): Promise<TemporaryFile> {
  const folder = await mkdtemp(join(tmpdir(), "mintline-"));
  removeAtEnd(folder);
  const path = join(folder, "stdin");
  const file = await open(path, "w", 0o600);
  return {
    write: (piece) => file.writeFile(piece),
    read: async () => {
      await file.close();
      return openAsBlob(path);
    },
  };
}

/** However the command ends, but for SIGKILL: a gigabyte in the temporary folder is nobody's. */
function removeAtEnd(folder: string): void {
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  process.once("exit", remove);
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    // First of all listeners: the last one ends the process.
    process.prependOnceListener(signal, () => {
      remove();
      process.kill(process.pid, signal);
    });
  }
}
