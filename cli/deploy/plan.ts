/**
 * From what is wanted and what is there to what is to be done, in the only order that works: what a Worker binds
 * comes before it, dead-letter queues before the queues that name them, migrations before the code that needs
 * them, and the consumer before the producer that gives it work. Pure.
 */
import { type Consumer, WORKERS, type WorkerId } from "./committed.ts";
import type { Wanted } from "./complete.ts";
import type { Facts, LifecycleRule } from "./facts.ts";
import { DEPLOY } from "./numbers.ts";
import { REQUIRED_SECRETS, type SecretName } from "./secrets.ts";

export type Action =
  | { readonly do: "create-queue"; readonly name: string; readonly retentionSeconds: number | null }
  | {
      readonly do: "set-retention";
      readonly id: string;
      readonly name: string;
      readonly settings: Readonly<Record<string, unknown>>;
    }
  | { readonly do: "create-database"; readonly name: string }
  | { readonly do: "create-bucket"; readonly name: string }
  | { readonly do: "add-rule"; readonly bucket: string; readonly rule: LifecycleRule }
  | { readonly do: "migrate"; readonly database: string }
  | { readonly do: "deploy-worker"; readonly worker: WorkerId; readonly secrets: readonly SecretName[] };

export type Step = {
  readonly thing: string;
  readonly name: string;
  readonly detail: string;
  readonly verb: "create" | "change" | "keep";
  readonly action: Action | null;
};

/** @param builds what each Worker's BUILD variable would be @param migrations names of the committed files, in order */
export function planSteps(
  wanted: Wanted,
  facts: Facts,
  builds: Readonly<Record<WorkerId, string>>,
  migrations: readonly string[],
): Step[] {
  return [
    ...wanted.queues.map((name) => queueStep(name, wanted, facts)),
    databaseStep(wanted, facts),
    bucketStep(wanted, facts),
    lifecycleStep(wanted, facts),
    migrationStep(wanted, facts, migrations),
    ...WORKERS.map((id) => workerStep(id, wanted, facts, builds[id])),
  ];
}

export const actionsOf = (steps: readonly Step[]): Action[] => steps.flatMap(({ action }) => action ?? []);

function queueStep(name: string, wanted: Wanted, facts: Facts): Step {
  const { retentionSeconds } = wanted;
  const days =
    retentionSeconds === null
      ? "messages kept for 24 hours"
      : `messages kept for ${retentionSeconds / 86_400} days`;
  const there = facts.queues.get(name);
  if (there === undefined)
    return step("queue", name, days, "create", { do: "create-queue", name, retentionSeconds });
  if (retentionSeconds === null || there.retentionSeconds === retentionSeconds)
    return kept("queue", name, days);
  const settings = { ...there.settings, message_retention_period: retentionSeconds };
  return step("queue", name, days, "change", { do: "set-retention", id: there.id, name, settings });
}

function databaseStep({ database: name }: Wanted, { database }: Facts): Step {
  if (database !== null) return kept("D1 database", name, database.id);
  return step("D1 database", name, "near where this runs", "create", { do: "create-database", name });
}

function bucketStep({ bucket: name }: Wanted, { bucket }: Facts): Step {
  if (bucket !== null) return kept("R2 bucket", name, "");
  return step("R2 bucket", name, "", "create", { do: "create-bucket", name });
}

export const SPOOL_RULE: LifecycleRule = {
  id: DEPLOY.spoolRule,
  enabled: true,
  conditions: { prefix: DEPLOY.spoolPrefix },
  deleteObjectsTransition: { condition: { type: "Age", maxAge: DEPLOY.spoolSeconds } },
};

function lifecycleStep({ bucket: name }: Wanted, { bucket }: Facts): Step {
  const detail = `${DEPLOY.spoolPrefix} is emptied after a day`;
  const rules = bucket?.rules ?? [];
  if (rules.some(({ id }) => id === DEPLOY.spoolRule)) return kept("R2 lifecycle", DEPLOY.spoolRule, detail);
  return step("R2 lifecycle", DEPLOY.spoolRule, detail, "create", {
    do: "add-rule",
    bucket: name,
    rule: SPOOL_RULE,
  });
}

function migrationStep({ database }: Wanted, facts: Facts, migrations: readonly string[]): Step {
  const pending = pendingMigrations(facts, migrations);
  if (pending.length === 0) return kept("migrations", database, `${migrations.length} applied`);
  const verb = pending.length === migrations.length ? "create" : "change";
  return step("migrations", database, pending.join(", "), verb, { do: "migrate", database });
}

export const pendingMigrations = ({ database }: Facts, migrations: readonly string[]): string[] =>
  migrations.filter((name) => !(database?.applied ?? []).includes(name));

function workerStep(id: WorkerId, wanted: Wanted, facts: Facts, build: string): Step {
  const { name } = wanted.workers[id];
  const secrets = REQUIRED_SECRETS[id].filter((secret) => !facts.workers[id]?.secrets.includes(secret));
  const why = reasonToDeploy(id, wanted, facts, build, secrets);
  if (why === null) return kept(`${id} Worker`, name, `build ${build}`);
  const verb = facts.workers[id] === null ? "create" : "change";
  return step(`${id} Worker`, name, why, verb, { do: "deploy-worker", worker: id, secrets });
}

/** What an interrupted deploy may have left out is looked for one by one: Wrangler uploads first, then connects. */
function reasonToDeploy(
  id: WorkerId,
  wanted: Wanted,
  facts: Facts,
  build: string,
  secrets: readonly SecretName[],
): string | null {
  const there = facts.workers[id];
  const { name, consumes, crons, workersDev } = wanted.workers[id];
  const with_ = secrets.length === 0 ? "" : `, with ${secrets.join(" and ")}`;
  if (there === null) return `new${with_}`;
  if (there.build !== build)
    return `build ${build} instead of ${there.build ?? "one that was not deployed from here"}${with_}`;
  if (secrets.length > 0) return `without ${secrets.join(" and ")} until now`;
  const unconsumed = consumes
    .filter((consumer) => !isConnected(name, consumer, facts))
    .map(({ queue }) => queue);
  if (unconsumed.length > 0) return `does not consume ${unconsumed.join(", ")} as configured yet`;
  if (crons.some((cron) => !there.crons.includes(cron))) return "its cron is not set yet";
  if (workersDev && !there.workersDev) return "has no workers.dev address yet";
  return null;
}

/** Only what the API tells is compared: a setting that it leaves out is taken for right. */
function isConnected(worker: string, wanted: Consumer, facts: Facts): boolean {
  const there = facts.queues.get(wanted.queue)?.consumers.find((one) => one.worker === worker);
  if (there === undefined) return false;
  const expected: Readonly<Record<string, number | undefined>> = {
    batch_size: wanted.max_batch_size,
    max_retries: wanted.max_retries,
    max_concurrency: wanted.max_concurrency,
    retry_delay: wanted.retry_delay,
  };
  return Object.entries(expected).every(([name, value]) => {
    const got = there.settings[name];
    return value === undefined || typeof got !== "number" || got === value;
  });
}

const step = (thing: string, name: string, detail: string, verb: Step["verb"], action: Action): Step => ({
  thing,
  name,
  detail,
  verb,
  action,
});
const kept = (thing: string, name: string, detail: string): Step => ({
  thing,
  name,
  detail,
  verb: "keep",
  action: null,
});
