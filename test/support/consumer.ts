/** Delivers messages to the consumer Worker in workerd, as Queues would, against an emulator. */
import { createExecutionContext, createMessageBatch, getQueueResult } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { inject } from "vitest";
import * as z from "zod";
import type { BatchKind } from "../../shared/job/batch.ts";
import { AttemptRecord, JobError, type JobKey, JobOutputs, jobId } from "../../shared/job/job.ts";
import { openDb } from "../../shared/store/db.ts";
import { queueJobs } from "../../shared/store/dispatches.ts";
import worker from "../../workers/consumer/index.ts";
import { emulatorAt } from "./emulator.ts";
import { argsOf, readJobs, type SeedBatch, seedBatch } from "./rows.ts";

export type Mode = "conflict" | "endpoint" | "overwrite";
export const emulatorIn = (mode: Mode = "conflict") =>
  emulatorAt(inject("emulators")[mode].url, inject("emulators")[mode].key);
export const targetIn = (mode: Mode = "conflict") => `emulator#${inject("emulators")[mode].project}`;

export const db = openDb(env.DB);

export type ConsumerVariables = Record<string, string>;

/** The consumer's environment with the emulator of this mode behind it. */
export const consumerEnv = (mode: Mode, variables: ConsumerVariables = {}): ConsumerEnv =>
  ({
    ...env,
    EMULATOR_URL: inject("emulators")[mode].url,
    JWT_ACCESS_KEY: inject("emulators")[mode].key,
    MEDIA_PRIVATE_HOSTS: new URL(inject("emulators")[mode].url).host,
    CALL_TIMEOUT_MS: "2000",
    ...variables,
  }) as unknown as ConsumerEnv;

/** What the handler said to Queues, by job id. */
export type Said = { acked: string[]; retried: string[]; outcome: string };

/** Gates of its own for each batch: what one test's Sequence went through is nothing to the next. */
const gateOf = (name: string): ConsumerEnv["GATE"] =>
  ({
    getByName: (host: string) => env.GATE.getByName(`${host} ${name}`),
  }) as unknown as ConsumerEnv["GATE"];

export async function deliver(
  keys: readonly (JobKey & { kind?: BatchKind })[],
  given: {
    mode?: Mode;
    variables?: ConsumerVariables;
    queue?: string;
    gate?: string;
    env?: Partial<ConsumerEnv>;
  } = {},
): Promise<Said> {
  const messages = keys.map((key, index) => ({
    id: `${jobId(key)}#${index}`,
    timestamp: new Date(0),
    attempts: 1,
    body: { v: 1, b: key.batchId, l: key.line, ...(key.kind && { k: key.kind }) },
  }));
  const batch = createMessageBatch(given.queue ?? "mintline-jobs", messages);
  const ctx = createExecutionContext();
  const bindings = {
    ...consumerEnv(given.mode ?? "conflict", given.variables),
    GATE: gateOf(given.gate ?? keys[0]?.batchId ?? ""),
    ...given.env,
  };
  await worker.queue(batch, bindings as ConsumerEnv, ctx);
  const result = await getQueueResult(batch, ctx);
  const id = (messageId: string) => messageId.split("#")[0] ?? messageId;
  return {
    outcome: result.outcome,
    acked: result.ackAll ? keys.map(jobId) : result.explicitAcks.map(id),
    retried: result.retryMessages.map(({ msgId }) => id(msgId)),
  };
}

/** A batch of one collection at an emulator, its jobs queued and ready to be delivered. */
export async function queuedBatch(
  given: SeedBatch & { mode?: Mode } = {},
): Promise<{ id: string; keys: JobKey[]; collectionId: number; emulator: ReturnType<typeof emulatorIn> }> {
  const emulator = emulatorIn(given.mode);
  const collectionId = given.collectionId ?? (await emulator.makeCollection(true));
  const args = (line: number) => argsOf(line, pictureAt(emulator.url, collectionId, line));
  const id = await seedBatch(db, { rows: 1, args, target: targetIn(given.mode), ...given, collectionId });
  return { id, keys: await queueAll(id), collectionId, emulator };
}

export const pictureAt = (url: string, collectionId: number, line: number): string =>
  `${url}/media/generated/${collectionId}-${line}.png`;

/** Sends what is pending once more, as dispatch does. */
export const queueAll = (batchId: string): Promise<JobKey[]> =>
  queueJobs(db, { batchId, dispatchId: crypto.randomUUID(), now: Date.now(), limit: 1_000 });

/** Jobs that wait for a time are made due, so that a test need not wait. */
export async function makeDue(batchId: string): Promise<void> {
  await env.DB.prepare(
    "UPDATE jobs SET scheduled_at = 1 WHERE batch_id = ? AND state IN ('retryable', 'snoozed')",
  )
    .bind(batchId)
    .run();
}

export type SeenJob = {
  state: string;
  step: string | null;
  outcome: string | null;
  attempt: number;
  claims: number;
  rescues: number;
  leaseId: string | null;
  error: JobError | null;
  outputs: JobOutputs | null;
  attempts: AttemptRecord[];
};

/** The first job of a batch as it stands in D1. */
export async function onlyJob(batchId: string): Promise<SeenJob> {
  const [job] = await readJobs(db, batchId);
  if (!job) throw new Error(`batch ${batchId} has no job`);
  const text = (value: unknown) => (value === null ? null : String(value));
  const parsed = <T>(schema: z.ZodType<T>, value: unknown) =>
    value === null ? null : schema.parse(JSON.parse(String(value)));
  return {
    state: String(job.state),
    step: text(job.step),
    outcome: text(job.outcome),
    attempt: Number(job.attempt),
    claims: Number(job.claims),
    rescues: Number(job.rescues),
    leaseId: text(job.lease_id),
    error: parsed(JobError, job.error),
    outputs: parsed(JobOutputs, job.outputs),
    attempts: parsed(z.array(AttemptRecord), job.attempts) ?? [],
  };
}
