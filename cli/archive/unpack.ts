/**
 * A ZIP onto the disk. What it says of itself is not believed: a name must stay inside the folder, a file must be
 * as large as announced and have its checksum, and all of them together must be what a ZIP of this size can be.
 */
import { createWriteStream } from "node:fs";
import { mkdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { crc32 } from "node:zlib";
import { type Entry, openPromise, type ZipFile } from "yauzl";
import { LIMITS } from "../../shared/limits.ts";
import { fail, ok, type Result } from "../../shared/result.ts";
import { type Fault, usageFault } from "../failure.ts";
import { megabytes } from "../files.ts";
import { isClutter } from "./layout.ts";

/** Unpacks everything but folders and clutter into `folder`. @returns the names, relative, with `/`. */
export async function unpack(path: string, folder: string): Promise<Result<string[], Fault>> {
  let zip: ZipFile | null = null;
  try {
    zip = await openPromise(path, { autoClose: false });
    return await unpackAll(zip, { path, folder, archiveBytes: (await stat(path)).size });
  } catch (thrown) {
    return fail(damaged(path, thrown instanceof Error ? thrown.message : String(thrown)));
  } finally {
    zip?.close();
  }
}

type Given = { readonly path: string; readonly folder: string; readonly archiveBytes: number };

async function unpackAll(zip: ZipFile, given: Given): Promise<Result<string[], Fault>> {
  const { path, folder } = given;
  // Names first: nothing is written of an archive that is refused.
  const entries: Entry[] = [];
  let bytes = 0;
  for await (const entry of zip.eachEntry()) {
    if (isFolder(entry) || isClutter(entry.fileName)) continue;
    entries.push(entry);
    bytes += entry.uncompressedSize;
    const refused = judge(entry, { bytes, files: entries.length }, given);
    if (refused) return fail(refused);
  }
  for (const entry of entries) {
    const target = join(folder, entry.fileName);
    await mkdir(dirname(target), { recursive: true });
    const sum = checksum();
    // `wx`: two entries of one name, also on a disk that ignores case, are no set of files.
    await pipeline(await zip.openReadStreamPromise(entry), sum, createWriteStream(target, { flags: "wx" }));
    if (sum.value() !== entry.crc32) return fail(damaged(path, `the checksum of ${entry.fileName} is wrong`));
  }
  return ok(entries.map(({ fileName }) => fileName));
}

const isFolder = ({ fileName }: Entry): boolean => fileName.endsWith("/");

/** The upper half of the attributes is Unix's mode, where the archive was made there. */
const isLink = ({ externalFileAttributes }: Entry): boolean =>
  ((externalFileAttributes >>> 16) & 0o170000) === 0o120000;

function judge(
  entry: Entry,
  sofar: { readonly bytes: number; readonly files: number },
  { path, archiveBytes }: Given,
): Fault | null {
  if (entry.isEncrypted())
    return archiveFault(
      "encrypted",
      path,
      `an encrypted file (${entry.fileName})`,
      "Make the ZIP again without a password.",
    );
  if (isLink(entry))
    return archiveFault(
      "link",
      path,
      `a link in the place of a file (${entry.fileName})`,
      "Put the file itself into the ZIP.",
    );
  if (sofar.files > LIMITS.archiveFiles)
    return archiveFault(
      "too_large",
      path,
      `more than ${LIMITS.archiveFiles} files`,
      "Unpack it and submit the folder with --media.",
    );
  const most = Math.min(
    LIMITS.archiveBytes,
    Math.max(LIMITS.archiveFreeBytes, LIMITS.archiveRatio * archiveBytes),
  );
  if (sofar.bytes <= most) return null;
  const got = `files of more than ${megabytes(most)} together, where it has ${megabytes(archiveBytes)} itself`;
  return archiveFault("too_large", path, got, "If you trust it, unpack it yourself and submit the folder.");
}

type Checksum = Transform & { value(): number };

function checksum(): Checksum {
  let sum = 0;
  const through = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      sum = crc32(chunk, sum);
      done(null, chunk);
    },
  });
  return Object.assign(through, { value: () => sum });
}

export const archiveFault = (reason: string, path: string, got: string, next: string): Fault =>
  usageFault(`archive.${reason}`, `${path}: expected a ZIP of a table and its media; got ${got}.`, next);

/** yauzl's own words name the file and what is wrong with it; a name that leads outside is one of them. */
const damaged = (path: string, words: string): Fault =>
  archiveFault(
    "unusable",
    path,
    `one that cannot be unpacked (${words})`,
    "Make the ZIP again, or unpack it and submit the folder.",
  );
