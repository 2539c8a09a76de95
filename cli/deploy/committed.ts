/** The two committed Wrangler configurations: everything that is deployed is derived from these files. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "smol-toml";
import * as z from "zod";

export const WORKERS = ["consumer", "producer"] as const;
export type WorkerId = (typeof WORKERS)[number];

/** Relative to the project. */
export const CONFIG_FILES = {
  consumer: "workers/consumer/wrangler.toml",
  producer: "wrangler.toml",
} as const satisfies Record<WorkerId, string>;

/** Units as in Wrangler's configuration: seconds. */
const Consumer = z.looseObject({
  queue: z.string(),
  max_batch_size: z.number(),
  max_retries: z.number().optional(),
  max_concurrency: z.number().optional(),
  retry_delay: z.number().optional(),
  dead_letter_queue: z.string().optional(),
});
export type Consumer = z.infer<typeof Consumer>;

const Vars = z.record(z.string(), z.json());

/** Of Wrangler's configuration what is read or changed here; everything else is passed on as it is committed. */
export const Committed = z.looseObject({
  name: z.string(),
  main: z.string(),
  vars: Vars.default({}),
  d1_databases: z
    .array(
      z.looseObject({
        binding: z.string(),
        database_name: z.string(),
        database_id: z.string(),
        migrations_dir: z.string(),
      }),
    )
    .length(1),
  r2_buckets: z.array(z.looseObject({ bucket_name: z.string() })).length(1),
  queues: z.looseObject({
    producers: z.array(z.looseObject({ binding: z.string(), queue: z.string() })).default([]),
    consumers: z.array(Consumer).default([]),
  }),
  triggers: z.looseObject({ crons: z.array(z.string()) }).default({ crons: [] }),
  workers_dev: z.boolean(),
  limits: z.json().optional(),
  assets: z.looseObject({ directory: z.string().optional() }).optional(),
  /** `[env.NAME.vars]`: what differs there. Everything else of an environment follows from its name. */
  env: z.record(z.string(), z.object({ vars: Vars }).strict()).default({}),
});
export type Committed = z.infer<typeof Committed>;
export type CommittedPair = Readonly<Record<WorkerId, Committed>>;

/** @throws if a file is not there or has another shape: that is a defect of the clone */
export async function readCommitted(project: string): Promise<CommittedPair> {
  const read = async (worker: WorkerId): Promise<Committed> =>
    Committed.parse(parse(await readFile(join(project, CONFIG_FILES[worker]), "utf8")));
  return { consumer: await read("consumer"), producer: await read("producer") };
}
