/**
 * A folder of art: every file under it by its relative POSIX path in Unicode form C, with its hash. The names
 * are what rows may call the files; form C because macOS hands out form D and spreadsheets write form C.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { pipeline } from "node:stream/promises";
import { LIMITS } from "../shared/limits.ts";
import { fail, ok, type Result } from "../shared/result.ts";
import { type Fault, usageFault } from "./failure.ts";
import { megabytes, tooLarge, unreadable } from "./files.ts";

export type FolderFile = { readonly path: string; readonly fileName: string; readonly bytes: number };
export type HashedFile = FolderFile & { readonly sha256: string };

/** What the folder holds, sorted by name. `except` is the submitted file, which may lie among the art. */
export async function listFolder(folder: string, except: string): Promise<Result<FolderFile[], Fault>> {
  let files: FolderFile[];
  try {
    files = await walk(folder, await realpath(except).catch(() => ""));
  } catch (thrown) {
    const got = thrown instanceof Error && "code" in thrown ? String(thrown.code) : String(thrown);
    return fail(folderFault(folder, `cannot be read (${got})`));
  }
  if (files.length === 0) return fail(folderFault(folder, "holds no files"));
  files.sort((a, b) => (a.fileName < b.fileName ? -1 : 1));
  const twin = files.find((file, at) => file.fileName === files[at + 1]?.fileName);
  if (twin)
    return fail(
      folderFault(folder, `holds two files that are both called ${twin.fileName} in Unicode form C`),
    );
  const large = files.filter((file) => file.bytes > LIMITS.mediaMaxBytes);
  if (large.length === 0) return ok(files);
  const names = large.map((file) => `${file.fileName} (${megabytes(file.bytes)})`);
  return fail(tooLarge(names, LIMITS.mediaMaxBytes));
}

async function walk(folder: string, except: string): Promise<FolderFile[]> {
  const files: FolderFile[] = [];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const name = relative(folder, path).split(sep).join("/").normalize("NFC");
    // .DS_Store and its like are no art, and nobody means them.
    if (name.split("/").some((part) => part.startsWith(".") || part === "Thumbs.db")) continue;
    if (!entry.isFile() && !entry.isSymbolicLink()) continue;
    const found = await stat(path);
    if (found.isFile() && (await realpath(path)) !== except) {
      files.push({ path, fileName: name, bytes: found.size });
    }
  }
  return files;
}

/** Hashes one after the other: one thread hashes no faster in parallel, and a disk reads no faster either. */
export async function hashFolder(
  files: readonly FolderFile[],
  onFile: (done: number) => void,
): Promise<Result<HashedFile[], Fault>> {
  const hashed: HashedFile[] = [];
  for (const file of files) {
    const hash = createHash("sha256");
    try {
      await pipeline(createReadStream(file.path), hash);
    } catch (thrown) {
      return fail(unreadable(file.path, String(thrown)));
    }
    hashed.push({ ...file, sha256: hash.digest("hex") });
    onFile(hashed.length);
  }
  return ok(hashed);
}

/** A name made from names and contents: the same folder finds its set again, a changed one never mixes with it. */
export function contentName(files: readonly HashedFile[]): string {
  const hash = createHash("sha256");
  for (const { fileName, sha256 } of files) hash.update(`${fileName}\0${sha256}\n`);
  return `set-${hash.digest("hex").slice(0, 24)}`;
}

const folderFault = (folder: string, got: string): Fault =>
  usageFault(
    "media.folder",
    `--media ${folder}: expected a folder with media files; it ${got}.`,
    "Check the path.",
  );
