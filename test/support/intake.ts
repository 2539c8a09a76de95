/** Runs the intake of files in workerd, on the test's D1 and R2 and an emulator, message by message. */
import { env } from "cloudflare:workers";
import { ulid } from "ulid";
import { inject } from "vitest";
import type { BatchOptions } from "../../shared/job/batch.ts";
import { createLog } from "../../shared/log.ts";
import { createSequence } from "../../shared/sequence/client.ts";
import { finishReceiving, insertReceiving } from "../../shared/store/batch-receive.ts";
import { type BatchRow, readBatch } from "../../shared/store/batch-views.ts";
import { openDb, type Row, sql } from "../../shared/store/db.ts";
import { listRowErrors, type RowErrorRow } from "../../shared/store/row-errors.ts";
import { type IntakeContext, runIntake } from "../../workers/producer/intake/intake.ts";
import { emulatorAt } from "./emulator.ts";
import { OPTIONS } from "./rows.ts";

export const db = openDb(env.DB);
const { url, key, project } = inject("emulators").conflict;
export const upstream = emulatorAt(url, key);
export const target = `emulator#${project}`;

export type IntakeRun = IntakeContext & {
  readonly sent: { batchId: string; delaySeconds: number | undefined }[];
  readonly dispatched: () => number;
  readonly logged: string[];
};

/** @param given in place of the usual; `now` moves only as the test says. */
export function intakeRun(given: Partial<IntakeContext> = {}): IntakeRun {
  const sent: IntakeRun["sent"] = [];
  const logged: string[] = [];
  let dispatched = 0;
  const now = given.now ?? Date.now;
  return {
    db,
    bucket: env.BUCKET,
    sequence: createSequence({
      metadataUrl: url,
      projectId: project,
      jwt: key,
      callTimeoutMs: 2_000,
      fetch: (request, init) => fetch(request, init),
      now,
    }),
    config: { target, metadataUrl: url, mediaPrivateHosts: [], maxCallsPerSecond: 10 },
    now,
    sendIntake: async (batchId, delaySeconds) => void sent.push({ batchId, delaySeconds }),
    dispatch: async () => void dispatched++,
    log: createLog({}, (_, line) => logged.push(line)),
    ...given,
    sent,
    logged,
    dispatched: () => dispatched,
  };
}

export type Submission = { collectionId?: number; options?: Partial<BatchOptions>; target?: string };

/** A batch in `validating` with its file in R2, as the HTTP side leaves it. @returns its id. */
export async function received(file: string | Uint8Array, given: Submission = {}): Promise<string> {
  const id = `bat_${ulid()}`;
  const sourceKey = `batches/${id}/source`;
  const of = given.target ?? target;
  const collectionId = given.collectionId ?? (await upstream.makeCollection(true));
  const options = { ...OPTIONS, ...given.options };
  await insertReceiving(db, { id, target: of, name: "a.csv", collectionId, options, sourceKey, now: 1 });
  await env.BUCKET.put(sourceKey, file);
  const size = typeof file === "string" ? Buffer.byteLength(file) : file.length;
  await finishReceiving(db, {
    id,
    target: of,
    idempotencyKey: null,
    fingerprint: "",
    bytes: size,
    sha256: "",
    now: 1,
  });
  return id;
}

/** Delivers messages until none is waiting; a delayed one ends it. */
export async function drain(batchId: string, run: IntakeRun = intakeRun()): Promise<IntakeRun> {
  await runIntake(batchId, run);
  for (let message = run.sent.shift(); message; message = run.sent.shift()) {
    if (message.delaySeconds !== undefined) {
      run.sent.unshift(message);
      return run;
    }
    await runIntake(message.batchId, run);
  }
  return run;
}

/** Submits and drains. */
export async function taken(file: string | Uint8Array, given: Submission = {}, run = intakeRun()) {
  const id = await received(file, given);
  await drain(id, run);
  return {
    id,
    run,
    batch: await batchOf(id, given.target),
    errors: await errorsOf(id),
    jobs: await jobsOf(id),
  };
}

export async function batchOf(id: string, of = target): Promise<BatchRow> {
  const batch = await readBatch(db, of, id);
  if (!batch) throw new Error(`no batch ${id}`);
  return batch;
}

export const errorsOf = (batchId: string): Promise<RowErrorRow[]> =>
  listRowErrors(db, { batchId, after: [0, "", ""], limit: 30_000 });

export const told = (errors: readonly RowErrorRow[]): string[] =>
  errors.map(({ line, col, code }) => `${line} ${col} ${code}`);

export async function jobsOf(batchId: string): Promise<Row[]> {
  return (await db.run(sql("SELECT * FROM jobs WHERE batch_id = ?1 ORDER BY line", batchId))).rows;
}

/** So many good rows with ids from `first`. */
export const rows = (count: number, first = 1): string =>
  `tokenId,name,image\n${Array.from({ length: count }, (_, n) => `${first + n},Relic ${first + n},https://example.com/${first + n}.png\n`).join("")}`;
