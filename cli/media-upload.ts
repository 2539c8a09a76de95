/**
 * Sending a folder's files into a media set: only what the server lacks, several at a time. A file is named by
 * its set and name, so sending one twice changes nothing, and a broken run goes on where it was.
 */
import { openAsBlob } from "node:fs";
import pRetry from "p-retry";
import type { CallFailure } from "../shared/api/call.ts";
import { type Answer, allPages, type Client } from "../shared/api/client.ts";
import type { MediaFile } from "../shared/api/contract.ts";
import { LIMITS } from "../shared/limits.ts";
import { fail, ok, type Result } from "../shared/result.ts";
import { plural } from "./batch-text.ts";
import type { HashedFile } from "./media-folder.ts";
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

/** Sends all of them, or stops at the first that cannot be sent. */
export async function uploadAll(
  client: Client,
  terminal: Terminal,
  set: string,
  files: readonly HashedFile[],
): Promise<Result<null, CallFailure>> {
  const progress = terminal.progress();
  let next = 0;
  let sent = 0;
  let failure: CallFailure | null = null;
  const work = async (): Promise<void> => {
    while (failure === null) {
      const file = files[next++];
      if (file === undefined) return;
      const put = await putPatiently(client, set, file);
      if (!put.ok) failure ??= put.error;
      else progress.update(++sent, files.length, `${sent} of ${plural(files.length, "file")} uploaded`);
    }
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, work));
  progress.stop();
  return failure === null ? ok(null) : fail(failure);
}

/** A hiccup of the line must not end a run of ten thousand files; a refusal must. */
async function putPatiently(client: Client, set: string, file: HashedFile): Answer<MediaFile> {
  const once = async () => {
    const put = await client.putMedia(set, file.fileName, await openAsBlob(file.path));
    if (!put.ok && mayPass(put.error)) throw new Hiccup(put.error);
    return put;
  };
  try {
    return await pRetry(once, { retries: 3, minTimeout: 200, maxTimeout: 2_000, randomize: true });
  } catch (thrown) {
    if (thrown instanceof Hiccup) return fail(thrown.failure);
    throw thrown;
  }
}

/** p-retry speaks in exceptions; this one carries the value through it. */
class Hiccup extends Error {
  readonly failure: CallFailure;
  constructor(failure: CallFailure) {
    super("worth another try");
    this.failure = failure;
  }
}

const mayPass = (failure: CallFailure): boolean =>
  failure.reason === "unreachable" || (failure.reason === "refused" && failure.status >= 500);
