/**
 * One Cloudflare account, from nothing to nothing: the real script and the real Wrangler against a stand-in of the
 * API that records every call. The tests are one story and run in this order.
 */
import { createHash } from "node:crypto";
import { readdirSync, rmSync } from "node:fs";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { KEY } from "./keys.ts";
import { tablesOf } from "./play-account.ts";
import { folderOf, PATIENT, type Ran, runDeploy } from "./running.ts";
import { type StandIn, startStandIn } from "./stand-in.ts";

vi.setConfig(PATIENT);

const ENV = "story";
let standIn: StandIn;
let first: Ran;

const deploy = (args: readonly string[] = [], more: Parameters<typeof runDeploy>[2] = {}) =>
  runDeploy(standIn, ["--env", ENV, "--url", standIn.url, ...args], more);

/** What was changed since the last look, and by what: ids and query strings taken off. */
function changed(): string[] {
  const seen = standIn.changes().map((call) =>
    call
      .replace(/\?.*$/, "")
      .replace(/[0-9a-f]{8}-0000-4000-8000-\d{12}/, "ID")
      .replaceAll(`-${ENV}`, ""),
  );
  standIn.calls.length = 0;
  return seen;
}

const CREATED = [
  "POST /queues",
  "POST /queues",
  "POST /queues",
  "POST /d1/database",
  "POST /r2/buckets",
  "PUT /r2/buckets/mintline/lifecycle",
];
const uploadOf = (worker: string) => `PUT /workers/scripts/mintline-${worker}`;

beforeAll(async () => {
  standIn = await startStandIn();
  // Somebody else's, which no deploy and no destroy may touch.
  standIn.account.buckets.set("mintline", { rules: [], objects: ["theirs"] });
  standIn.watch([KEY]);
  first = await deploy([], { stdin: `${KEY}\n` });
});

afterAll(async () => {
  await standIn.close();
  rmSync(folderOf(ENV), { recursive: true, force: true });
});

const tokenOf = ({ stdout }: Ran): string => /MINTLINE_TOKEN=(\S+)/.exec(stdout)?.[1] ?? "";

test("the first run makes everything, in the only order that works", () => {
  expect(first.stderr).not.toContain("error");
  expect(first.code).toBe(0);
  const calls = changed();
  expect(calls.slice(0, 6)).toEqual(CREATED);
  const migrations = calls.flatMap((call, at) => (call.endsWith("/query") ? [at] : []));
  // Its own table, and a call for each migration.
  expect(migrations).toHaveLength(1 + readdirSync("shared/store/migrations").length);
  expect(migrations[0]).toBe(6);
  const connect = (worker: string) => [
    `POST ${uploadOf(worker)}/subdomain`.replace("PUT ", ""),
    `${uploadOf(worker)}/schedules`,
  ];
  expect(calls.slice((migrations.at(-1) ?? 0) + 1)).toEqual([
    ...[
      uploadOf("consumer"),
      ...connect("consumer"),
      "POST /queues/ID/consumers",
      "POST /queues/ID/consumers",
    ],
    ...[uploadOf("producer"), ...connect("producer"), "POST /queues/ID/consumers"],
  ]);
  expect(first.stdout).toContain(`Dashboard: ${standIn.url}/`);
  expect(first.stdout).toContain("All good.");
});

test("what is there is what the committed configurations say, under this environment's names", () => {
  const { queues, buckets, scripts, databases } = standIn.account;
  expect(queues.map(({ queue_name, settings }) => [queue_name, settings.message_retention_period])).toEqual([
    ["mintline-dead-story", 1_209_600],
    ["mintline-jobs-story", 1_209_600],
    ["mintline-intake-story", 1_209_600],
  ]);
  expect(queues.map(({ consumers }) => consumers[0]?.script)).toEqual([
    "mintline-consumer-story",
    "mintline-consumer-story",
    "mintline-producer-story",
  ]);
  expect(queues[1]?.consumers[0]).toMatchObject({
    dead_letter_queue: "mintline-dead-story",
    settings: { batch_size: 10, max_retries: 100, max_concurrency: 20 },
  });
  expect(buckets.get("mintline-story")?.rules).toMatchObject([
    { id: "Default Multipart Abort Rule" },
    {
      id: "mintline-spool",
      conditions: { prefix: "spool/" },
      deleteObjectsTransition: { condition: { type: "Age", maxAge: 86_400 } },
    },
  ]);
  const [database] = databases;
  expect(database?.[1].name).toBe("mintline-story");
  expect(tablesOf(database?.[1].sqlite ?? expect.fail("no database"))).toContainEqual({ name: "jobs" });
  const consumer = scripts.get("mintline-consumer-story");
  expect(consumer?.bindings).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ name: "DB", type: "d1", id: database?.[0] }),
      expect.objectContaining({ name: "BUCKET", type: "r2_bucket", bucket_name: "mintline-story" }),
      expect.objectContaining({ name: "JOBS", type: "queue", queue_name: "mintline-jobs-story" }),
      expect.objectContaining({ name: "GATE", type: "durable_object_namespace", class_name: "UpstreamGate" }),
      expect.objectContaining({ name: "MAX_CALLS_PER_SECOND", text: "50" }),
    ]),
  );
  expect(consumer?.migrationTag).toBe("v1");
  expect(consumer?.limits).toEqual({ cpu_ms: 300_000, subrequests: 10_000 });
  expect(consumer?.workersDev).toBe(false);
  const producer = scripts.get("mintline-producer-story");
  expect(producer).toMatchObject({ crons: ["* * * * *"], workersDev: true });
});

test("what was shown is what was uploaded", () => {
  for (const worker of ["consumer", "producer"]) {
    const modules = Object.values(standIn.account.scripts.get(`mintline-${worker}-story`)?.modules ?? {});
    const kilobytes = (modules.reduce((sum, bytes) => sum + bytes, 0) / 1000).toLocaleString("en", {
      minimumFractionDigits: 1,
      maximumFractionDigits: 1,
    });
    expect(modules.length).toBeGreaterThan(0);
    expect(first.stdout.replaceAll(/ +/g, " ")).toContain(` ${worker} ${kilobytes} kB gzip `);
  }
});

test("secrets arrive where they are needed, and stand in no log, file or process list", () => {
  const { scripts } = standIn.account;
  const token = tokenOf(first);
  expect(Buffer.from(token, "base64url")).toHaveLength(32);
  const hash = createHash("sha256").update(token).digest("hex");
  expect(scripts.get("mintline-consumer-story")?.secrets).toEqual(new Map([["JWT_ACCESS_KEY", KEY]]));
  expect(scripts.get("mintline-producer-story")?.secrets).toEqual(
    new Map([
      ["JWT_ACCESS_KEY", KEY],
      ["API_TOKENS", `admin:admin:${hash}`],
    ]),
  );
  expect(first.stdout + first.stderr).not.toContain(KEY);
  expect(first.stdout.split(token)).toHaveLength(2);
  expect(first.stderr).not.toContain(token);
  expect(standIn.seen).toEqual([]);
  expect(readdirSync(folderOf(ENV)).filter((name) => name.includes("secret"))).toEqual([]);
});

test("nobody but 127.0.0.1 is asked for anything", () => {
  expect(first.elsewhere).toBe("");
});

test("before it acts it says what the plan carries and what a million tokens cost", () => {
  const said = first.stdout.slice(0, first.stdout.indexOf("done:"));
  for (const words of [
    "about 3,000 items a day",
    "10,000 queue operations",
    "one job a delivery (50 subrequests)",
    "Workers Paid, $5 a month",
    "the account is on Workers Paid",
    "Queues: operations",
    "D1: rows written",
  ]) {
    expect(said).toContain(words);
  }
});

test("the second run changes nothing, and asks for nothing", async () => {
  const second = await deploy([], { env: { MINTLINE_TOKEN: tokenOf(first) } });
  expect(second.code).toBe(0);
  expect(changed()).toEqual([]);
  expect(second.stdout).toContain("Nothing to do: all of it is there.");
  expect(second.stdout).toContain("All good.");
  expect(tokenOf(second)).toBe("");
});

test("a migration that fails ends the deploy before any Worker is uploaded, and the way back was told", async () => {
  const [database] = [...standIn.account.databases.values()];
  const sqlite = database?.sqlite ?? expect.fail("no database");
  const last = sqlite.prepare("SELECT name FROM d1_migrations ORDER BY id DESC LIMIT 1").get()?.name ?? "";
  sqlite.exec(`DELETE FROM d1_migrations WHERE name = '${last}'`);
  const ran = await deploy(["--plan", "free"]);
  expect(ran.code).toBe(3);
  expect(ran.stdout).toContain("wrangler d1 time-travel restore mintline-story --bookmark=00000001-0000");
  expect(ran.stderr).toMatch(/error deploy\.refused: Cloudflare refused `wrangler d1 migrations apply`/);
  expect(ran.stderr).toMatch(/already exists|duplicate column/);
  expect(changed().filter((call) => call.includes("/workers/"))).toEqual([]);
  sqlite.exec(`INSERT INTO d1_migrations (name) VALUES ('${last}')`);
});

const FREE = ["--plan", "free", "--max-calls-per-second", "20"];
const servingPlan = () => {
  const script = standIn.account.scripts.get("mintline-consumer-story");
  return script?.versions.get(script.serving)?.find(({ name }) => name === "PLAN")?.text;
};

test("a version that was uploaded and never deployed does not count as deployed", async () => {
  standIn.hooks = { forbid: ({ method, path }) => method === "POST" && path.includes("/deployments") };
  const ran = await deploy(FREE);
  standIn.hooks = {};
  expect(ran.code).toBe(3);
  expect(standIn.account.scripts.get("mintline-consumer-story")?.versions.size).toBe(2);
  expect(servingPlan()).toBeUndefined();
});

test("the Free profile is one job a delivery, without limits that Free refuses; secrets stay", async () => {
  changed();
  const ran = await deploy(FREE);
  expect(ran.stderr).not.toContain("error");
  expect(ran.stdout).toContain("configured for Workers Free");
  const calls = changed();
  expect(calls.filter((call) => CREATED.includes(call))).toEqual([]);
  const { queues, scripts } = standIn.account;
  expect(queues.flatMap(({ consumers }) => consumers)).toHaveLength(3);
  for (const { consumers } of queues) expect(consumers[0]).toMatchObject({ settings: { batch_size: 1 } });
  expect(servingPlan()).toBe("free");
  for (const [, script] of scripts) {
    expect(script.limits).toBeNull();
    expect(script.secrets.has("JWT_ACCESS_KEY")).toBe(true);
    expect(script.bindings).toContainEqual({ name: "PLAN", type: "plain_text", text: "free" });
    expect(script.bindings).toContainEqual({ name: "MAX_CALLS_PER_SECOND", type: "plain_text", text: "20" });
  }
});

test("--destroy removes nothing until the Worker's name is typed", async () => {
  const ran = await deploy(["--destroy"], { stdin: "yes\n" });
  expect(ran.code).toBe(2);
  expect(ran.stderr).toContain("nothing was removed");
  for (const name of [
    "Worker mintline-producer-story",
    "Worker mintline-consumer-story",
    "queue mintline-jobs-story",
    "D1 database mintline-story",
    "R2 bucket mintline-story",
  ]) {
    expect(ran.stdout).toContain(name);
  }
  expect(changed()).toEqual([]);
});

test("--destroy takes back what deploy made, files and all, and nothing else", async () => {
  standIn.account.buckets.get("mintline-story")?.objects.push("media/a b", "batches/x/file");
  const ran = await deploy(["--destroy"], { stdin: "mintline-producer-story\n" });
  expect(ran.stderr).not.toContain("error");
  expect(ran.code).toBe(0);
  const { queues, buckets, scripts, databases } = standIn.account;
  expect({ queues, scripts: [...scripts], databases: [...databases] }).toEqual({
    queues: [],
    scripts: [],
    databases: [],
  });
  expect([...buckets]).toEqual([["mintline", { rules: [], objects: ["theirs"] }]]);
  expect(ran.elsewhere).toBe("");
  const again = await deploy(["--destroy"]);
  expect(again.stdout).toContain("Nothing of story is in this account.");
});
