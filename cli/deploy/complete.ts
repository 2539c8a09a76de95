/**
 * What a deployment wants to be there, and the configurations that Wrangler is given. Pure: the committed files
 * and the person's choices in. The committed files are never written: names get the environment's suffix, the
 * database its id, and the Free plan its profile, in generated files.
 */
import { dirname, join } from "node:path";
import { WORKER_VARIABLES } from "../stack/settings.ts";
import {
  CONFIG_FILES,
  type Committed,
  type CommittedPair,
  type Consumer,
  WORKERS,
  type WorkerId,
} from "./committed.ts";
import { DEPLOY } from "./numbers.ts";
import type { Choices } from "./options.ts";
import { SECRET_NAMES } from "./secrets.ts";

export type Wanted = {
  readonly environment: string;
  /** Dead-letter queues first: a consumer that names one which is not there is refused. */
  readonly queues: readonly string[];
  /** Null: the plan decides, and it cannot be set. */
  readonly retentionSeconds: number | null;
  readonly database: string;
  readonly bucket: string;
  readonly workers: Readonly<Record<WorkerId, WantedWorker>>;
};

export type WantedWorker = {
  readonly name: string;
  /** Without the database's id and the bundle, which are found out later. */
  readonly config: Committed;
  readonly consumes: readonly Consumer[];
  readonly crons: readonly string[];
  readonly workersDev: boolean;
};

/** @param given the process's own variables; those of the contract win over what is committed */
export function completeWanted(
  committed: CommittedPair,
  choices: Choices,
  given: Readonly<Record<string, string | undefined>>,
  project: string,
): Wanted {
  const named = suffixed(committed, choices.environment);
  const worker = (id: WorkerId): WantedWorker => {
    const config = completed(id, named[id], choices, given, project);
    return {
      name: config.name,
      config,
      consumes: config.queues.consumers,
      crons: config.triggers.crons,
      workersDev: config.workers_dev,
    };
  };
  const workers = { consumer: worker("consumer"), producer: worker("producer") };
  return {
    environment: choices.environment,
    queues: queuesOf([workers.consumer.config, workers.producer.config]),
    retentionSeconds: choices.plan === "free" ? null : DEPLOY.retentionSeconds,
    database: databaseOf(workers.producer.config).database_name,
    bucket: bucketOf(workers.producer.config),
    workers,
  };
}

/** The Durable Object has no name of its own in the account: it comes and goes with the consumer. */
const ownNames = (config: Committed): string[] => [
  config.name,
  databaseOf(config).database_name,
  bucketOf(config),
  ...queuesOf([config]),
];

/**
 * Every string that is one of our names gets the suffix, wherever it stands (a service binding, a dead-letter
 * queue), so that no environment can reach into another one. Only variables are left as they are.
 */
function suffixed(committed: CommittedPair, environment: string): CommittedPair {
  if (environment === DEPLOY.production) return committed;
  const names = new Set(WORKERS.flatMap((id) => ownNames(committed[id])));
  const rename = (value: unknown): unknown => {
    if (typeof value === "string") return names.has(value) ? `${value}-${environment}` : value;
    if (Array.isArray(value)) return value.map(rename);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, rename(inner)]));
  };
  const renamed = ({ vars, env, route, routes, ...rest }: Committed): Committed => ({
    // The one boundary: renaming strings keeps the shape that the schema has checked.
    ...(rename(rest) as typeof rest),
    // A domain belongs to one deployment; the others have their workers.dev addresses.
    workers_dev: rest.workers_dev || route !== undefined || routes !== undefined,
    vars,
    env,
  });
  return { consumer: renamed(committed.consumer), producer: renamed(committed.producer) };
}

function completed(
  id: WorkerId,
  { env, ...named }: Committed,
  choices: Choices,
  given: Readonly<Record<string, string | undefined>>,
  project: string,
): Committed {
  const beside = dirname(join(project, CONFIG_FILES[id]));
  const vars = { ...named.vars, ...env[choices.environment]?.vars, ...variablesOf(given), ...choices.vars };
  const absolute: Committed = {
    ...named,
    env: {},
    vars,
    d1_databases: named.d1_databases.map((one) => ({
      ...one,
      migrations_dir: join(beside, one.migrations_dir),
    })),
  };
  if (named.assets?.directory !== undefined) {
    absolute.assets = { ...named.assets, directory: join(beside, named.assets.directory) };
  }
  return choices.plan === "free" ? freeProfile(absolute) : absolute;
}

/**
 * Workers Free: CPU and subrequest limits cannot be set there (the upload is refused, code 100328), and fifty
 * subrequests carry one job, so a delivery is one message. `doctor` tells the limits by PLAN.
 */
function freeProfile({ limits: _limits, ...config }: Committed): Committed {
  return {
    ...config,
    vars: { ...config.vars, PLAN: "free", JOB_CONCURRENCY: "1" },
    queues: {
      ...config.queues,
      consumers: config.queues.consumers.map((consumer) => ({ ...consumer, max_batch_size: 1 })),
    },
  };
}

function variablesOf(given: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const plain = WORKER_VARIABLES.filter((name) => !SECRET_NAMES.some((secret) => secret === name));
  return Object.fromEntries(
    plain.flatMap((name) => {
      const value = given[name]?.trim() ?? "";
      return value === "" ? [] : [[name, value]];
    }),
  );
}

export function databaseOf(config: Committed): Committed["d1_databases"][number] {
  const [database] = config.d1_databases;
  if (database === undefined) throw new Error(`${config.name} has no D1 database.`);
  return database;
}

export function bucketOf(config: Committed): string {
  const [bucket] = config.r2_buckets;
  if (bucket === undefined) throw new Error(`${config.name} has no R2 bucket.`);
  return bucket.bucket_name;
}

function queuesOf(configs: readonly Committed[]): string[] {
  const dead = configs.flatMap(({ queues }) =>
    queues.consumers.flatMap(({ dead_letter_queue }) => dead_letter_queue ?? []),
  );
  const all = configs.flatMap(({ queues }) => [
    ...queues.consumers.map(({ queue }) => queue),
    ...queues.producers.map(({ queue }) => queue),
  ]);
  return [...new Set([...dead, ...all])];
}
