/**
 * Sending a folder's files into a media set: only bytes that the server lacks, under whatever name it may have
 * them, and each once however many names it has. A file is named by its set and name, so sending one twice
 * changes nothing, and a broken run goes on where it was.
 */
import { openAsBlob } from "node:fs";
import { type Answer, allPages, type Client } from "../shared/api/client.ts";
import type { MediaFile } from "../shared/api/contract.ts";
import { LIMITS } from "../shared/limits.ts";
import { fail, ok, type Result } from "../shared/result.ts";
import { plural } from "./batch-text.ts";
import type { HashedFile } from "./media-folder.ts";
import { sendInParts, type Trouble } from "./parts.ts";
import { patiently } from "./patience.ts";
import type { Terminal } from "./terminal.ts";

/** Enough to fill a line with small files, few enough for the local server's one thread. */
const SIDE_BY_SIDE = 6;

/** What the set holds already; a set that nobody has written to is an empty one. */
export async function readSet(client: Client, set: string): Answer<MediaFile[]> {
  const held = await allPages((cursor) => client.mediaSet(set, { cursor, limit: LIMITS.listMax }));
  const unknown = !held.ok && held.error.reason === "refused" && held.error.status === 404;
  return unknown ? ok([]) : held;
}

/** Files that the set lacks, or holds under the same name with other bytes. */
export function missingFrom(held: readonly MediaFile[], files: readonly HashedFile[]): HashedFile[] {
  const known = new Map(held.map((file) => [file.fileName, file.sha256]));
  return files.filter((file) => known.get(file.fileName) !== file.sha256);
}

/**
 * Sees to it that the set holds all of `files`, or stops at the first that cannot be sent.
 * @returns how many were sent; the others only needed their name.
 */
export async function uploadAll(
  client: Client,
  terminal: Terminal,
  set: string,
  files: readonly HashedFile[],
): Promise<Result<number, Trouble>> {
  const lacking = await nameAll(client, set, files);
  if (!lacking.ok) return lacking;
  const firsts = [...new Map(lacking.value.toReversed().map((file) => [file.sha256, file])).values()];
  const sent = await sendAll(client, terminal, set, firsts);
  if (!sent.ok) return sent;
  const twins = lacking.value.filter((file) => !firsts.includes(file));
  const named = await nameAll(client, set, twins);
  return named.ok ? ok(firsts.length) : named;
}

/** Gives names to what the server has; answers with what it has not. */
async function nameAll(
  client: Client,
  set: string,
  files: readonly HashedFile[],
): Promise<Result<HashedFile[], Trouble>> {
  const lacking: HashedFile[] = [];
  for (let at = 0; at < files.length; at += LIMITS.listMax) {
    const some = files.slice(at, at + LIMITS.listMax);
    const asked = { files: some.map(({ fileName, sha256 }) => ({ fileName, sha256 })) };
    const naming = await patiently(() => client.nameMedia(set, asked));
    if (!naming.ok) return naming;
    const missing = new Set(naming.value.missing);
    lacking.push(...some.filter(({ fileName }) => missing.has(fileName)));
  }
  return ok(lacking);
}

/** Small ones side by side; large ones one by one, because each is several parts at a time. */
async function sendAll(
  client: Client,
  terminal: Terminal,
  set: string,
  files: readonly HashedFile[],
): Promise<Result<null, Trouble>> {
  const large = files.filter(({ bytes }) => bytes > LIMITS.singleBodyBytes);
  const small = files.filter((file) => !large.includes(file));
  const sent = await sendSmall(client, terminal, set, small);
  if (!sent.ok) return sent;
  for (const file of large) {
    const put = await sendLarge(client, terminal, set, file);
    if (!put.ok) return put;
  }
  return ok(null);
}

async function sendSmall(
  client: Client,
  terminal: Terminal,
  set: string,
  files: readonly HashedFile[],
): Promise<Result<null, Trouble>> {
  const progress = terminal.progress();
  let next = 0;
  let sent = 0;
  let trouble: Trouble | null = null;
  const work = async (): Promise<void> => {
    while (trouble === null) {
      const file = files[next++];
      if (file === undefined) return;
      const put = await patiently(async () =>
        client.putMedia(set, file.fileName, await openAsBlob(file.path)),
      );
      if (!put.ok) trouble ??= put.error;
      else progress.update(++sent, files.length, `${sent} of ${plural(files.length, "file")} uploaded`);
    }
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, work));
  progress.stop();
  return trouble === null ? ok(null) : fail(trouble);
}

async function sendLarge(
  client: Client,
  terminal: Terminal,
  set: string,
  { fileName, path, sha256 }: HashedFile,
): Promise<Result<MediaFile, Trouble>> {
  const upload = await sendInParts(client, terminal, {
    name: fileName,
    blob: await openAsBlob(path),
    sha256,
  });
  return upload.ok ? patiently(() => client.putMediaUpload(set, fileName, upload.value.id)) : upload;
}
