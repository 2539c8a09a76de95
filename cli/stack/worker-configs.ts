/**
 * The two committed Wrangler configurations, completed for one local run. Pure: parsed TOML in, what the files
 * under STATE_DIR shall hold out. Written files are used because `--var` and `--env-file` reach only the first
 * Worker of a `wrangler dev`, and because a secret must not stand in a process's arguments.
 */
import * as z from "zod";
import type { Variables } from "../../shared/config.ts";
import { SECRETS, WORKER_VARIABLES } from "./settings.ts";

/** Of Wrangler's configuration only what is changed here; everything else is passed on as it is committed. */
export const WorkerConfig = z.looseObject({
  name: z.string(),
  vars: z.record(z.string(), z.json()).optional(),
  queues: z
    .looseObject({
      consumers: z
        .array(z.looseObject({ queue: z.string(), max_batch_size: z.number().optional() }))
        .optional(),
    })
    .optional(),
});
export type WorkerConfig = z.infer<typeof WorkerConfig>;

export type LocalRun = {
  readonly variables: Variables;
  readonly queueBatchSize: number;
};

/** `secrets` is the text of a `.dev.vars` file, which Wrangler hides where it lists a Worker's bindings. */
export type CompletedConfig = { readonly config: WorkerConfig; readonly secrets: string };

/** The queue whose messages are jobs; QUEUE_BATCH_SIZE is about this one only. */
const JOBS_QUEUE = "mintline-jobs";

/** The consumer speaks to Sequence's write side and to nobody who sends a token of ours. */
const SECRETS_OF = {
  producer: SECRETS,
  consumer: ["JWT_ACCESS_KEY"],
} as const satisfies Record<string, readonly (typeof SECRETS)[number][]>;

export function completeConfig(
  worker: keyof typeof SECRETS_OF,
  committed: WorkerConfig,
  run: LocalRun,
): CompletedConfig {
  const config: WorkerConfig = { ...committed, vars: { ...ownVars(committed), ...plain(run.variables) } };
  if (config.queues) config.queues = withBatchSize(config.queues, run.queueBatchSize);
  return { config, secrets: dotenvText(worker, run.variables) };
}

/** The committed values of contract variables are production's (its address, its ceiling): none may reach a local run. */
function ownVars(committed: WorkerConfig): NonNullable<WorkerConfig["vars"]> {
  const ours = new Set<string>(WORKER_VARIABLES);
  return Object.fromEntries(Object.entries(committed.vars ?? {}).filter(([name]) => !ours.has(name)));
}

function plain(variables: Variables): Record<string, string> {
  const secret = new Set<string>(SECRETS);
  return Object.fromEntries(
    Object.entries(variables).flatMap(([name, value]) =>
      value === undefined || secret.has(name) ? [] : [[name, value]],
    ),
  );
}

function dotenvText(worker: keyof typeof SECRETS_OF, variables: Variables): string {
  const lines = SECRETS_OF[worker].flatMap((name) =>
    variables[name] === undefined ? [] : [`${name}='${variables[name]}'`],
  );
  return lines.map((line) => `${line}\n`).join("");
}

function withBatchSize(queues: NonNullable<WorkerConfig["queues"]>, size: number) {
  const consumers = queues.consumers?.map((consumer) =>
    consumer.queue === JOBS_QUEUE ? { ...consumer, max_batch_size: size } : consumer,
  );
  return { ...queues, consumers };
}
