/** Files that people name: opened for sending, or said in one sentence why not. */
import { openAsBlob } from "node:fs";
import { access, constants, stat } from "node:fs/promises";
import { MB, PLATFORM } from "../shared/limits.ts";
import { fail, ok, type Result } from "../shared/result.ts";
import { type Fault, usageFault } from "./failure.ts";

/** A file that streams from disk when it is sent. @param maxBytes what a single body may have, unless it goes another way. */
export async function openFile(
  path: string,
  maxBytes: number = PLATFORM.requestBytes,
): Promise<Result<Blob, Fault>> {
  const bytes = await sizeOf(path);
  if (!bytes.ok) return bytes;
  if (bytes.value > maxBytes) return fail(tooLarge([`${path} (${megabytes(bytes.value)})`], maxBytes));
  return ok(await openAsBlob(path));
}

/** One fault for all that is over the limit, so that they are mended in one go. */
export const tooLarge = (names: readonly string[], maxBytes: number): Fault =>
  usageFault(
    "body.too_large",
    `Expected files of at most ${megabytes(maxBytes)} each, got ${names.slice(0, 10).join(", ")}${names.length > 10 ? ` and ${names.length - 10} more` : ""}.`,
    "Make it smaller, split it, or name the media by URL instead of sending it.",
  );

export const megabytes = (bytes: number): string => `${(bytes / MB).toFixed(1).replace(/\.0$/, "")} MB`;

async function sizeOf(path: string): Promise<Result<number, Fault>> {
  try {
    const found = await stat(path);
    await access(path, constants.R_OK);
    if (found.isFile()) return ok(found.size);
    return fail(unreadable(path, found.isDirectory() ? "a folder" : "something that is not a file"));
  } catch (thrown) {
    const missing = thrown instanceof Error && "code" in thrown && thrown.code === "ENOENT";
    return fail(unreadable(path, missing ? "nothing there" : String(thrown)));
  }
}

export const unreadable = (path: string, got: string): Fault =>
  usageFault("cli.file_unreadable", `${path}: expected a file, got ${got}.`, "Check the path.");
