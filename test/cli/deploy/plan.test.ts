/** From what is there to what is to be done: every half-made account, without an account. */
import { readdir, readFile } from "node:fs/promises";
import { parse } from "smol-toml";
import { expect, test } from "vitest";
import { readCommitted } from "../../../cli/deploy/committed.ts";
import { completeWanted, type Wanted } from "../../../cli/deploy/complete.ts";
import { type Facts, NOTHING } from "../../../cli/deploy/facts.ts";
import { heavyStatements } from "../../../cli/deploy/heavy.ts";
import { readChoices } from "../../../cli/deploy/options.ts";
import { actionsOf, planSteps } from "../../../cli/deploy/plan.ts";

const MIGRATIONS = ["0001_a.sql", "0002_b.sql"];
const BUILDS = { consumer: "c1", producer: "p1" };
const committed = await readCommitted(".");

function wantedFor(args: string[]): Wanted {
  const choices = readChoices(args);
  if (!choices.ok) throw new Error("unreadable arguments");
  return completeWanted(committed, choices.value, {}, "/project");
}
const wanted = wantedFor([]);

/** An account in which all of it is there. */
const whole: Facts = {
  queues: new Map(
    [
      ["mintline-dead", "mintline-consumer"],
      ["mintline-jobs", "mintline-consumer"],
      ["mintline-intake", "mintline-producer"],
    ].map(([name = "", consumer = ""]) => [
      name,
      {
        id: `id-${name}`,
        retentionSeconds: 1_209_600,
        settings: {},
        consumers: [{ worker: consumer, settings: {} }],
      },
    ]),
  ),
  database: { id: "db", applied: MIGRATIONS },
  bucket: { rules: [{ id: "mintline-spool" }] },
  workers: {
    consumer: { build: "c1", secrets: ["JWT_ACCESS_KEY"], crons: [], workersDev: false },
    producer: {
      build: "p1",
      secrets: ["JWT_ACCESS_KEY", "API_TOKENS"],
      crons: ["* * * * *"],
      workersDev: true,
    },
  },
};
const actions = (facts: Facts, of = wanted) => actionsOf(planSteps(of, facts, BUILDS, MIGRATIONS));
const withProducer = (change: object): Facts => ({
  ...whole,
  workers: {
    ...whole.workers,
    producer: {
      build: "p1",
      secrets: ["JWT_ACCESS_KEY", "API_TOKENS"],
      crons: ["* * * * *"],
      workersDev: true,
      ...change,
    },
  },
});

test("an empty account gets everything, in order; a whole one nothing", () => {
  expect(actions(NOTHING).map((action) => action.do)).toEqual([
    ...[
      "create-queue",
      "create-queue",
      "create-queue",
      "create-database",
      "create-bucket",
      "add-rule",
      "migrate",
    ],
    ...["deploy-worker", "deploy-worker"],
  ]);
  expect(actions(NOTHING).at(-1)).toMatchObject({ worker: "producer" });
  expect(actions(whole)).toEqual([]);
});

test("of what is half there only the other half is done", () => {
  expect(actions({ ...whole, database: { id: "db", applied: ["0001_a.sql"] } })).toEqual([
    { do: "migrate", database: "mintline" },
  ]);
  expect(actions({ ...whole, bucket: { rules: [{ id: "theirs" }] } })).toMatchObject([{ do: "add-rule" }]);
  const [, ...others] = whole.queues;
  const short = {
    id: "q",
    retentionSeconds: 345_600,
    settings: { delivery_delay: 3, message_retention_period: 345_600 },
    consumers: [{ worker: "mintline-consumer", settings: {} }],
  };
  expect(actions({ ...whole, queues: new Map([["mintline-dead", short], ...others]) })).toEqual([
    {
      do: "set-retention",
      id: "q",
      name: "mintline-dead",
      settings: { delivery_delay: 3, message_retention_period: 1_209_600 },
    },
  ]);
});

test.each([
  ["another build", withProducer({ build: "p0" })],
  ["a deploy that was not ours", withProducer({ build: null })],
  ["no cron yet", withProducer({ crons: [] })],
  ["no address yet", withProducer({ workersDev: false })],
  [
    "no consumer of its queue yet",
    {
      ...whole,
      queues: new Map([
        ...whole.queues,
        ["mintline-intake", { id: "i", retentionSeconds: 1_209_600, settings: {}, consumers: [] }] as const,
      ]),
    },
  ],
])("a producer with %s is deployed again, without asking for secrets", (_, facts) => {
  expect(actions(facts)).toEqual([{ do: "deploy-worker", worker: "producer", secrets: [] }]);
});

test.each([
  [{ batch_size: 1, max_retries: 100, max_concurrency: 20, retry_delay: 5 }, ["deploy-worker"]],
  [{ batch_size: 10, max_retries: 100, max_concurrency: 20, retry_delay: 5 }, []],
  [{ batch_size: 10 }, []],
])("a consumer that an interrupted deploy left with %o is set right", (settings, expected) => {
  const jobs = {
    id: "j",
    retentionSeconds: 1_209_600,
    settings: {},
    consumers: [{ worker: "mintline-consumer", settings }],
  };
  const facts = { ...whole, queues: new Map([...whole.queues, ["mintline-jobs", jobs] as const]) };
  expect(actions(facts).map((action) => action.do)).toEqual(expected);
});

test("a domain stays production's: another environment gets a workers.dev address instead", () => {
  const choices = readChoices(["--env", "staging"]);
  if (!choices.ok) throw new Error("unreadable arguments");
  const routes = [{ pattern: "mintline.example.com", custom_domain: true }];
  const pair = { ...committed, producer: { ...committed.producer, workers_dev: false, routes } };
  const { config } = completeWanted(pair, choices.value, {}, "/project").workers.producer;
  expect(config).not.toHaveProperty("routes");
  expect(config.workers_dev).toBe(true);
});

test("a secret that is missing is asked for, and only that one", () => {
  expect(actions(withProducer({ secrets: ["API_TOKENS"] }))).toEqual([
    { do: "deploy-worker", worker: "producer", secrets: ["JWT_ACCESS_KEY"] },
  ]);
});

test("an environment reaches into no other: every name of ours has its suffix, everything else is as committed", async () => {
  const staging = wantedFor(["--env", "staging"]);
  for (const id of ["consumer", "producer"] as const) {
    const { config } = staging.workers[id];
    const names = JSON.stringify(config).match(/"mintline[^"]*"/g) ?? [];
    expect(names.length).toBeGreaterThan(5);
    for (const name of names) expect(name).toMatch(/-staging"$/);
    const production = wanted.workers[id].config;
    expect(JSON.parse(JSON.stringify(config).replaceAll("-staging", ""))).toEqual(
      JSON.parse(JSON.stringify(production)),
    );
  }
  // And production is the committed file itself, but for the folders that it names.
  const file: unknown = parse(await readFile("workers/consumer/wrangler.toml", "utf8"));
  const { env: _env, triggers: _triggers, d1_databases: _d1, ...rest } = wanted.workers.consumer.config;
  expect(file).toMatchObject(JSON.parse(JSON.stringify(rest)));
});

test("[env.staging.vars] of a committed file counts there, and the process's own variable before it", () => {
  const choices = readChoices(["--env", "staging"]);
  if (!choices.ok) throw new Error("unreadable arguments");
  const vars = { METADATA_URL: "https://dev-metadata.sequence.app", PROJECT_ID: "3" };
  const pair = { ...committed, producer: { ...committed.producer, env: { staging: { vars } } } };
  const made = completeWanted(pair, choices.value, { PROJECT_ID: "4" }, "/project");
  expect(made.workers.producer.config.vars).toMatchObject({ ...vars, PROJECT_ID: "4" });
  expect(made.workers.consumer.config.vars.METADATA_URL).toBe("https://metadata.sequence.app");
});

test("no committed migration holds up a large table, unless it says in a line why that is right", async () => {
  for (const name of await readdir("shared/store/migrations")) {
    const sql = await readFile(`shared/store/migrations/${name}`, "utf8");
    if (!/^-- heavy: \w/m.test(sql)) expect(heavyStatements(sql), name).toEqual([]);
  }
});

test.each([
  ["ALTER TABLE jobs ADD COLUMN note TEXT;", "checks every row of jobs"],
  ["ALTER TABLE manifest DROP COLUMN note;", "rewrites manifest"],
  ["UPDATE jobs SET note = 'x';", "rewrites jobs"],
  ["-- a word\nDELETE FROM dead_letters WHERE state = 'x';", "goes through dead_letters"],
  ["CREATE TABLE n (a);\nINSERT INTO n SELECT a FROM jobs;", "copies jobs"],
  ["CREATE INDEX i ON jobs (token_id);", "reads all of jobs"],
])("a migration that does is told: %s", (sql, told) => {
  expect(heavyStatements(sql)).toEqual([expect.stringContaining(told)]);
});
