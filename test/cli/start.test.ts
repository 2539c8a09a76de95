import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { decodeJwt } from "jose";
import { parse } from "smol-toml";
import { describe, expect, it } from "vitest";
import { projectDir } from "../../cli/stack/project.ts";
import { readSettings, type Settings, WORKER_VARIABLES, withDotEnv } from "../../cli/stack/settings.ts";
import { completeVariables } from "../../cli/stack/stack.ts";
import { completeConfig, WorkerConfig } from "../../cli/stack/worker-configs.ts";
import { readConfig } from "../../shared/config.ts";

/** `{"project":30957}`, signed with nothing that opens anything. */
const KEY = "eyJhbGciOiJIUzI1NiJ9.eyJwcm9qZWN0IjozMDk1N30.c2lnbmF0dXJl";
const HASH = "a".repeat(64);

const EVERYTHING = {
  PORT: "9001",
  STATE_DIR: "some where",
  METADATA_URL: "https://metadata.example.org",
  PROJECT_ID: "30957",
  COLLECTION_ID: "887",
  JWT_ACCESS_KEY: KEY,
  PROJECT_ACCESS_KEY: "AQAAAAAAAHcfWrxr",
  API_TOKENS: `ci:operator:${HASH}, boss:admin:${HASH}`,
  MAX_CALLS_PER_SECOND: "20",
  MEDIA_PRIVATE_HOSTS: "127.0.0.1:9000",
  IPFS_GATEWAYS: "https://ipfs.example.org",
  AR_GATEWAYS: "https://ar.example.org",
  JOB_CONCURRENCY: "4",
  QUEUE_BATCH_SIZE: "25",
  MAX_ATTEMPTS: "7",
  CALL_TIMEOUT_MS: "5000",
  DEAD_LETTER_DAYS: "30",
};

const emulator = { url: "http://127.0.0.1:8788", key: KEY, publicKey: "emulator-public-30957" };

function settingsOf(environment: Record<string, string>): Settings {
  const read = readSettings(environment, "/project");
  if (!read.ok) throw new Error(JSON.stringify(read.error));
  return read.value;
}

function problemsOf(environment: Record<string, string>): string[] {
  const read = readSettings(environment, "/project");
  return read.ok ? [] : read.error.map(({ code, message }) => `${code} ${message}`);
}

async function committed(path: string): Promise<WorkerConfig> {
  return WorkerConfig.parse(parse(await readFile(join(projectDir, path), "utf8")));
}

async function completed(worker: "producer" | "consumer", environment: Record<string, string>) {
  const settings = settingsOf(environment);
  const variables = completeVariables(settings.variables, settings.usesEmulator ? emulator : null, 1_234);
  const path = worker === "producer" ? "wrangler.toml" : "workers/consumer/wrangler.toml";
  return completeConfig(worker, await committed(path), {
    variables,
    queueBatchSize: settings.queueBatchSize,
  });
}

const jobsConsumer = (config: WorkerConfig) =>
  config.queues?.consumers?.find((consumer) => consumer.queue === "mintline-jobs");

describe("npm run", () => {
  it("hands its shell over, so that a signal to npm reaches the stack and not the shell", async () => {
    const { scripts } = JSON.parse(await readFile(join(projectDir, "package.json"), "utf8"));
    expect(scripts).toMatchObject({ start: "exec node cli/start.ts", demo: "exec node cli/demo.ts" });
  });
});

describe("the environment", () => {
  it("takes the defaults of the contract where nothing is set", () => {
    const settings = settingsOf({});
    expect(settings).toEqual({
      port: 8787,
      stateDir: "/project/.wrangler/state",
      queueBatchSize: 10,
      variables: {},
      usesEmulator: true,
    });
  });

  it("lets the process's own variables win over .env, also where they are blank", () => {
    const file =
      'MAX_ATTEMPTS=3\nJOB_CONCURRENCY="2" # a comment\nMETADATA_URL=https://metadata.example.org\n';
    const environment = withDotEnv(file, { MAX_ATTEMPTS: "9", METADATA_URL: "" });
    const settings = readSettings(environment, "/project");
    expect(settings.ok && settings.value.variables).toEqual({ MAX_ATTEMPTS: "9", JOB_CONCURRENCY: "2" });
    expect(settings.ok && settings.value.usesEmulator).toBe(true);
  });

  it("reads .env.example, which sets nothing and names every variable", async () => {
    const example = await readFile(join(projectDir, ".env.example"), "utf8");
    expect(withDotEnv(example, {})).toEqual({});
    const uncommented = withDotEnv(example.replaceAll(/^# (?=[A-Z_]+=)/gm, ""), {});
    expect(Object.keys(uncommented).sort()).toEqual(Object.keys(EVERYTHING).sort());
  });

  it("names every problem at once", () => {
    const problems = problemsOf({
      PORT: "http",
      QUEUE_BATCH_SIZE: "101",
      MAX_ATTEMPTS: "0",
      CALL_TIMEOUT_MS: "soon",
      JWT_ACCESS_KEY: "AQAAAAAAAHcfWrxr",
      API_TOKENS: "ci:owner:123",
    });
    const named = [
      "PORT",
      "QUEUE_BATCH_SIZE",
      "MAX_ATTEMPTS",
      "CALL_TIMEOUT_MS",
      "API_TOKENS",
      "JWT_ACCESS_KEY",
    ];
    for (const name of named)
      expect(
        problems.some((problem) => problem.includes(name)),
        name,
      ).toBe(true);
    expect(problems).toHaveLength(named.length);
  });

  it("wants a key where METADATA_URL is set, and none where the emulator brings one", () => {
    expect(problemsOf({ METADATA_URL: "https://metadata.example.org" })).toEqual([
      "config.key_missing JWT_ACCESS_KEY is not set.",
    ]);
    expect(problemsOf({ PROJECT_ID: "2" })).toEqual([]);
  });

  it("refuses a secret that its file could not hold, without showing it", () => {
    const problems = problemsOf({ PROJECT_ACCESS_KEY: "it's\na secret" });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain("PROJECT_ACCESS_KEY");
    expect(problems[0]).not.toContain("a secret");
  });
});

describe("what the emulator fills in", () => {
  it("gives its address, key and media host where the person gave none", () => {
    const variables = completeVariables({}, emulator, 1_234);
    expect(variables).toEqual({
      EMULATOR_URL: "http://127.0.0.1:8788",
      JWT_ACCESS_KEY: KEY,
      PROJECT_ACCESS_KEY: "emulator-public-30957",
      MEDIA_PRIVATE_HOSTS: "127.0.0.1:8788",
      STARTED_AT: "1234",
    });
    expect(decodeJwt(variables.JWT_ACCESS_KEY ?? "")).toEqual({ project: 30957 });
  });

  it("leaves what the person set", () => {
    const variables = completeVariables({ MEDIA_PRIVATE_HOSTS: "127.0.0.1:9" }, emulator, 1);
    expect(variables.MEDIA_PRIVATE_HOSTS).toBe("127.0.0.1:9");
  });

  it("fills in nothing beside METADATA_URL, so no private host is open by default", () => {
    const { variables } = settingsOf({ METADATA_URL: "https://metadata.example.org", JWT_ACCESS_KEY: KEY });
    expect(completeVariables(variables, null, 1)).toEqual({ ...variables, STARTED_AT: "1" });
  });
});

describe("the completed configurations", () => {
  it("hand every variable of the contract to the Worker that needs it", async () => {
    const producer = await completed("producer", EVERYTHING);
    const consumer = await completed("consumer", EVERYTHING);
    const plain = {
      METADATA_URL: "https://metadata.example.org",
      PROJECT_ID: "30957",
      COLLECTION_ID: "887",
      MAX_CALLS_PER_SECOND: "20",
      MEDIA_PRIVATE_HOSTS: "127.0.0.1:9000",
      IPFS_GATEWAYS: "https://ipfs.example.org",
      AR_GATEWAYS: "https://ar.example.org",
      JOB_CONCURRENCY: "4",
      MAX_ATTEMPTS: "7",
      CALL_TIMEOUT_MS: "5000",
      DEAD_LETTER_DAYS: "30",
      STARTED_AT: "1234",
    };
    expect(producer.config.vars).toEqual(plain);
    expect(consumer.config.vars).toEqual(plain);
    expect(producer.secrets).toBe(
      `JWT_ACCESS_KEY='${KEY}'\nPROJECT_ACCESS_KEY='AQAAAAAAAHcfWrxr'\nAPI_TOKENS='${EVERYTHING.API_TOKENS}'\n`,
    );
    expect(consumer.secrets).toBe(`JWT_ACCESS_KEY='${KEY}'\n`);
    expect(jobsConsumer(consumer.config)?.max_batch_size).toBe(25);
  });

  it("keep secrets out of the configuration itself", async () => {
    for (const worker of ["producer", "consumer"] as const) {
      const { config } = await completed(worker, EVERYTHING);
      for (const secret of [KEY, EVERYTHING.PROJECT_ACCESS_KEY, HASH]) {
        expect(JSON.stringify(config)).not.toContain(secret);
      }
    }
  });

  it("let nothing of production's configuration into a run on the emulator", async () => {
    for (const worker of ["producer", "consumer"] as const) {
      const { config, secrets } = await completed(worker, {});
      expect(config.vars).toEqual({
        EMULATOR_URL: "http://127.0.0.1:8788",
        MEDIA_PRIVATE_HOSTS: "127.0.0.1:8788",
        STARTED_AT: "1234",
      });
      const publicKey = worker === "producer" ? "PROJECT_ACCESS_KEY='emulator-public-30957'\n" : "";
      expect(secrets).toBe(`JWT_ACCESS_KEY='${KEY}'\n${publicKey}`);
    }
  });

  it("change nothing else that is committed", async () => {
    const before = await committed("workers/consumer/wrangler.toml");
    const { config } = await completed("consumer", {});
    const { vars: _before, queues: queuesBefore, ...restBefore } = before;
    const { vars: _after, queues: queuesAfter, ...restAfter } = config;
    expect(restAfter).toEqual(restBefore);
    expect(queuesAfter).toEqual(queuesBefore);
    const batched = await completed("consumer", { QUEUE_BATCH_SIZE: "3" });
    const others = (found: WorkerConfig) =>
      found.queues?.consumers?.filter((consumer) => consumer.queue !== "mintline-jobs");
    expect(others(batched.config)).toEqual(others(before));
    expect(jobsConsumer(batched.config)).toEqual({ ...jobsConsumer(before), max_batch_size: 3 });
  });

  it("keep a var of the committed file that is none of the contract's", () => {
    const config = { name: "w", vars: { BUILD: "7", METADATA_URL: "https://metadata.sequence.app" } };
    expect(completeConfig("producer", config, { variables: {}, queueBatchSize: 10 }).config.vars).toEqual({
      BUILD: "7",
    });
  });

  it("give what the Workers' own reading of the configuration accepts", async () => {
    const { config, secrets } = await completed("consumer", EVERYTHING);
    const read = readConfig({ ...config.vars, ...withDotEnv(secrets, {}) });
    expect(read.ok && read.value.target).toBe("https://metadata.example.org#30957");
    expect(Object.keys(EVERYTHING)).toEqual(expect.arrayContaining([...WORKER_VARIABLES]));
  });
});
