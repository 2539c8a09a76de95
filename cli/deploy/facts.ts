/** What the account holds of what a deployment wants. Reads only; a thing that is not there is null, not a fault. */
import * as z from "zod";
import { ok, type Result } from "../../shared/result.ts";
import { type Ask, orNull, type Refusal } from "./api.ts";
import { WORKERS, type WorkerId } from "./committed.ts";
import type { Wanted } from "./complete.ts";
import { readWorker, type WorkerFacts } from "./worker-facts.ts";

export type Facts = {
  readonly queues: ReadonlyMap<string, QueueFacts>;
  readonly database: DatabaseFacts | null;
  readonly bucket: { readonly rules: readonly LifecycleRule[] } | null;
  readonly workers: Readonly<Record<WorkerId, WorkerFacts | null>>;
};

export type QueueFacts = {
  readonly id: string;
  readonly retentionSeconds: number | null;
  /** All of them, since a change is sent with those that stay. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly consumers: readonly QueueConsumer[];
};

export type QueueConsumer = {
  readonly worker: string;
  /** `batch_size`, `retry_delay` and so on, by the API's names. */
  readonly settings: Readonly<Record<string, unknown>>;
};

export type DatabaseFacts = { readonly id: string; readonly applied: readonly string[] };

/** R2's own shape; of the rules that are not ours nothing may be lost. */
export const LifecycleRule = z.looseObject({ id: z.string() });
export type LifecycleRule = z.infer<typeof LifecycleRule>;
export const Lifecycle = z.looseObject({ rules: z.array(LifecycleRule).default([]) });

export const NOTHING: Facts = {
  queues: new Map(),
  database: null,
  bucket: null,
  workers: { consumer: null, producer: null },
};

export async function readFacts(ask: Ask, account: string, wanted: Wanted): Promise<Result<Facts, Refusal>> {
  const at = `/accounts/${account}`;
  const queues = await readQueues(ask, at, wanted.queues);
  if (!queues.ok) return queues;
  const database = await readDatabase(ask, at, wanted.database);
  if (!database.ok) return database;
  const bucket = await readBucket(ask, at, wanted.bucket);
  if (!bucket.ok) return bucket;
  const workers: Record<WorkerId, WorkerFacts | null> = { consumer: null, producer: null };
  for (const id of WORKERS) {
    const worker = await readWorker(ask, at, wanted.workers[id].name);
    if (!worker.ok) return worker;
    workers[id] = worker.value;
  }
  return ok({ queues: queues.value, database: database.value, bucket: bucket.value, workers });
}

const Queues = z.array(
  z.looseObject({
    queue_id: z.string(),
    queue_name: z.string(),
    settings: z.looseObject({ message_retention_period: z.number().optional() }).optional(),
    consumers: z
      .array(
        z.looseObject({
          // Cloudflare has named the same thing in three ways.
          script: z.string().optional(),
          script_name: z.string().optional(),
          service: z.string().optional(),
          settings: z.looseObject({}).optional(),
        }),
      )
      .default([]),
  }),
);

async function readQueues(ask: Ask, at: string, names: readonly string[]) {
  const query = names.map((name) => `name=${encodeURIComponent(name)}`).join("&");
  const listed = await ask("GET", `${at}/queues?${query}`, Queues);
  if (!listed.ok) return listed;
  const ours = listed.value.filter(({ queue_name }) => names.includes(queue_name));
  return ok(
    new Map(
      ours.map(({ queue_name, queue_id, settings, consumers }): [string, QueueFacts] => [
        queue_name,
        {
          id: queue_id,
          retentionSeconds: settings?.message_retention_period ?? null,
          settings: settings ?? {},
          consumers: consumers.flatMap(({ script, script_name, service, settings: own }) => {
            const worker = script ?? script_name ?? service;
            return worker === undefined ? [] : [{ worker, settings: own ?? {} }];
          }),
        },
      ]),
    ),
  );
}

const Databases = z.array(z.looseObject({ uuid: z.string(), name: z.string() }));
const Applied = z.array(z.looseObject({ results: z.array(z.looseObject({ name: z.string() })).default([]) }));

async function readDatabase(
  ask: Ask,
  at: string,
  name: string,
): Promise<Result<DatabaseFacts | null, Refusal>> {
  const listed = await ask(
    "GET",
    `${at}/d1/database?per_page=100&name=${encodeURIComponent(name)}`,
    Databases,
  );
  if (!listed.ok) return listed;
  // The list finds every name that contains this one.
  const found = listed.value.find((one) => one.name === name);
  if (found === undefined) return ok(null);
  const sql = "SELECT name FROM d1_migrations ORDER BY id";
  const applied = await ask("POST", `${at}/d1/database/${found.uuid}/query`, Applied, { sql });
  if (applied.ok)
    return ok({
      id: found.uuid,
      applied: applied.value.flatMap(({ results }) => results.map((row) => row.name)),
    });
  // A database that was made but never migrated has no such table yet.
  return /no such table/.test(applied.error.message) ? ok({ id: found.uuid, applied: [] }) : applied;
}

async function readBucket(ask: Ask, at: string, name: string) {
  const found = await ask("GET", `${at}/r2/buckets/${name}`, z.looseObject({ name: z.string() }));
  if (!found.ok) return orNull(found.error);
  const lifecycle = await ask("GET", `${at}/r2/buckets/${name}/lifecycle`, Lifecycle);
  return lifecycle.ok ? ok({ rules: lifecycle.value.rules }) : lifecycle;
}
