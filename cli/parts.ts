/**
 * A file in parts: only those that the server has not. It finds an upload again by the file's hash and length, so
 * nothing is remembered here: the same command, after Ctrl-C or on another machine, sends what is missing.
 */
import { createHash } from "node:crypto";
import type { CallFailure } from "../shared/api/call.ts";
import type { Answer, Client } from "../shared/api/client.ts";
import type { Upload, UploadedPart } from "../shared/api/contract.ts";
import { fail, ok, type Result } from "../shared/result.ts";
import type { Context } from "./context.ts";
import { type ExitCode, type Fault, tellFault, usageFault } from "./failure.ts";
import { megabytes } from "./files.ts";
import { patiently } from "./patience.ts";
import type { Progress, Terminal } from "./terminal.ts";

/** What may end a file's way: the server's no, or the file's own. */
export type Trouble = CallFailure | Fault;

export const tellTrouble = ({ failed, terminal }: Context, trouble: Trouble): ExitCode =>
  "reason" in trouble ? failed(trouble) : tellFault(terminal, trouble);

export type Parcel = {
  readonly name: string;
  readonly blob: Blob;
  /** Hex. */
  readonly sha256: string;
};

/** Parts of 5 MB in memory at a time; more would not make one line faster. */
const SIDE_BY_SIDE = 3;
/** Beginnings before it is given up: an upload may end while it is gone on with, but not again and again. */
const ROUNDS = 3;

export async function hashBlob(blob: Blob): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of blob.stream()) hash.update(chunk);
  return hash.digest("hex");
}

/** Sends what is missing of the file and answers with the upload, whole. */
export async function sendInParts(
  client: Client,
  terminal: Terminal,
  parcel: Parcel,
): Promise<Result<Upload, Trouble>> {
  const progress = terminal.progress();
  const stopTelling = tellOfInterrupt(terminal, progress);
  const tell = (sent: number): void =>
    progress.update(
      sent,
      parcel.blob.size,
      `${parcel.name}: ${megabytes(sent)} of ${megabytes(parcel.blob.size)} sent`,
    );
  try {
    for (let round = 1; ; round += 1) {
      const upload = await sendRound(client, terminal, parcel, tell);
      if (upload.ok || round === ROUNDS || !isBeginning(upload.error)) return upload;
    }
  } finally {
    progress.stop();
    stopTelling();
  }
}

async function sendRound(
  client: Client,
  terminal: Terminal,
  { name, blob, sha256 }: Parcel,
  tell: (sent: number) => void,
): Promise<Result<Upload, Trouble>> {
  const begun = await patiently(() => client.beginUpload({ bytes: blob.size, sha256 }));
  if (!begun.ok) return begun;
  const { id, partBytes, state, parts } = begun.value;
  if (state === "completed") {
    terminal.note(`${name} is there already.`);
    return begun;
  }
  const last = Math.ceil(blob.size / partBytes);
  const missing = Array.from({ length: last }, (_, index) => index + 1).filter(
    (part) => !parts.includes(part),
  );
  if (parts.length > 0) terminal.note(`${name}: ${parts.length} of ${last} parts are there already.`);
  let sent = blob.size - missing.reduce((sum, part) => sum + sizeOf(blob, part, partBytes), 0);
  tell(sent);
  const done = await sideBySide(missing, async (part) => {
    const put = await sendPart(client, id, part, blob.slice((part - 1) * partBytes, part * partBytes), name);
    if (put.ok) {
      sent += sizeOf(blob, part, partBytes);
      tell(sent);
    }
    return put;
  });
  return done.ok ? patiently(() => client.completeUpload(id)) : done;
}

const sizeOf = (blob: Blob, part: number, partBytes: number): number =>
  Math.min(partBytes, blob.size - (part - 1) * partBytes);

/** Read first and then sent: a file that changes under the reading is the file's trouble and not the line's. */
async function sendPart(
  client: Client,
  id: string,
  number: number,
  slice: Blob,
  name: string,
): Promise<Result<UploadedPart, Trouble>> {
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = new Uint8Array(await slice.arrayBuffer());
  } catch (thrown) {
    return fail(changed(name, String(thrown)));
  }
  return patiently((): Answer<UploadedPart> => client.putPart(id, number, bytes));
}

const changed = (name: string, got: string): Fault =>
  usageFault(
    "cli.file_changed",
    `Expected ${name} to stay as it is while it is sent; it could not be read any more (${got}).`,
    "Run the same command again once the file stands still.",
  );

/** The first failure ends it: what is under way is waited for, nothing else is begun. */
async function sideBySide(
  parts: readonly number[],
  send: (part: number) => Promise<Result<UploadedPart, Trouble>>,
): Promise<Result<null, Trouble>> {
  let next = 0;
  let trouble: Trouble | null = null;
  const work = async (): Promise<void> => {
    while (trouble === null) {
      const part = parts[next++];
      if (part === undefined) return;
      const sent = await send(part);
      if (!sent.ok) trouble ??= sent.error;
    }
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, work));
  return trouble === null ? ok(null) : fail(trouble);
}

/** The upload ended under our hands, or lost parts: asked for again, the server says where it stands now. */
const AGAIN: readonly string[] = ["upload.not_found", "upload.incomplete", "upload.wrong_state"];
const isBeginning = (trouble: Trouble): boolean =>
  "reason" in trouble && trouble.reason === "refused" && AGAIN.includes(trouble.problem.code);

/** Ctrl-C ends the command as ever, but nobody need wonder whether the first gigabyte was in vain. */
function tellOfInterrupt(terminal: Terminal, progress: Progress): () => void {
  const tell = (): void => {
    progress.stop();
    terminal.note("Stopped. What has been sent is kept: the same command goes on from there.");
    process.kill(process.pid, "SIGINT");
  };
  process.once("SIGINT", tell);
  return () => void process.off("SIGINT", tell);
}
