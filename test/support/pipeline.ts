/** A batch's whole way in one workerd: intake, dispatch and deliveries, with every message carried by hand. */
import { env } from "cloudflare:workers";
import { dispatch } from "../../shared/dispatch.ts";
import type { JobMessage } from "../../shared/job/message.ts";
import { createLog } from "../../shared/log.ts";
import { hex } from "../../shared/media/spool.ts";
import { mediaKey } from "../../shared/media/store.ts";
import { putMediaFile } from "../../shared/store/media-files.ts";
import { deliver, emulatorIn } from "./consumer.ts";
import { batchOf, db, drain, intakeRun, received, type Submission, target } from "./intake.ts";

const emulator = emulatorIn();

/** Submits the file and carries messages until none is left. @returns the batch's id. */
export async function runBatch(file: string | Uint8Array, given: Submission): Promise<string> {
  const id = await received(file, given);
  const config = {
    target,
    metadataUrl: emulator.url,
    mediaPrivateHosts: [emulator.host],
    maxCallsPerSecond: null,
  };
  await drain(id, intakeRun({ config }));
  await carryOn();
  return id;
}

/** Dispatches and delivers what may run, ten messages at a time. */
export async function carryOn(): Promise<void> {
  const waiting: JobMessage[] = [];
  const jobs = {
    send: async (message: JobMessage) => void waiting.push(message),
    sendBatch: async (messages: Iterable<{ body: JobMessage }>) =>
      void waiting.push(...Array.from(messages, ({ body }) => body)),
  } as unknown as Queue<JobMessage>;
  for (;;) {
    const log = createLog({}, () => undefined);
    if (waiting.length === 0) await dispatch({ db, jobs, target, now: Date.now, log });
    const keys = waiting.splice(0, 10).map(({ b, l }) => ({ batchId: b, line: l }));
    if (keys.length === 0) return;
    // What a settle dispatches comes to this queue as well.
    await deliver(keys, { env: { JOBS: jobs } });
  }
}

/** A picture that no other has, in a media set; the same name takes another one. */
export async function putPicture(set: string, fileName: string, seed: number): Promise<void> {
  const bytes = Uint8Array.from([...PIXEL, ...new TextEncoder().encode(`${fileName} ${seed}`)]);
  const sha256 = hex(await crypto.subtle.digest("SHA-256", bytes));
  await env.BUCKET.put(mediaKey(sha256), bytes);
  const file = { sha256, bytes: bytes.length, contentType: "image/png", now: 1 };
  await putMediaFile(db, { target, set, fileName }, file);
}

/** The smallest that is one. */
const PIXEL = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);

export { batchOf, db };
