/**
 * A deploy that is killed, with everything it had started, at each of its steps: before the call that would act,
 * or after it acted and before anybody heard of it. The same command then goes on. Real script, real Wrangler.
 */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { KEY } from "./keys.ts";
import { folderOf, killGroup, PATIENT, type Ran, runDeploy } from "./running.ts";
import { type Call, changes, type StandIn, startStandIn } from "./stand-in.ts";

vi.setConfig(PATIENT);

const ENV = "crash";
const DATABASE = "POST /d1/database";
let standIn: StandIn;

beforeAll(async () => {
  standIn = await startStandIn();
  standIn.watch([KEY]);
});
afterAll(async () => {
  await standIn.close();
  rmSync(folderOf(ENV), { recursive: true, force: true });
});

/** The key comes in the environment, as in CI: Wrangler, whose arguments and environment are watched, must not get it. */
const deploy = (more: Parameters<typeof runDeploy>[2] = {}) =>
  runDeploy(standIn, ["--env", ENV, "--url", standIn.url], { env: { JWT_ACCESS_KEY: KEY }, ...more });

/** Runs a deploy that is killed `when` this call comes in; the call that it dies of must come. */
async function killedAt(when: "before" | "after", isIt: (call: string) => boolean): Promise<Ran> {
  let kill: () => void = () => expect.fail("The call came before the process.");
  let came = false;
  standIn.hooks = {
    [when]: (call: Call) => {
      const it = !came && changes(call) && isIt(`${call.method} ${call.path.replace(/\?.*$/, "")}`);
      if (it) kill();
      came ||= it;
      return it;
    },
  };
  const ran = await deploy({
    onStart: (child) => {
      kill = () => killGroup(child);
    },
  });
  standIn.hooks = {};
  expect(came).toBe(true);
  expect(ran.signal).toBe("SIGKILL");
  return ran;
}

const is = (wanted: string) => (call: string) => call === wanted;
const has = (part: string) => (call: string) => call.includes(part);

/** In the order of the plan. Each run must get at least as far as the one before. */
test("killed at each step in turn, the next run goes on, and the last one completes", async () => {
  await killedAt("after", is("POST /queues"));
  expect(standIn.account.queues).toHaveLength(1);
  await killedAt("before", is(DATABASE));
  expect(standIn.account.databases.size).toBe(0);
  await killedAt("after", is(DATABASE));
  await killedAt("after", is("POST /r2/buckets"));
  await killedAt("after", has("/lifecycle"));
  await killedAt("after", has("/query")); // Wrangler's table of migrations is there, and none of ours
  await refusedAtTheUpload();
  await killedAt("after", has("/workers/scripts/mintline-consumer")); // uploaded, and connected to no queue
  expectPrivate("consumer");
  const after = await killedAt("after", has("/workers/scripts/mintline-producer")); // uploaded, without its cron
  expectPrivate("producer");

  const last = await deploy();
  expect(last.stderr).not.toContain("error");
  expect(last.code).toBe(0);
  expect(existsSync(join(folderOf(ENV), "producer.secrets.json"))).toBe(false);

  // Nothing twice, nothing missing.
  const { queues, databases, buckets, scripts } = standIn.account;
  expect(queues.map(({ queue_name, consumers }) => [queue_name, consumers.length])).toEqual([
    ["mintline-dead-crash", 1],
    ["mintline-jobs-crash", 1],
    ["mintline-intake-crash", 1],
  ]);
  expect([databases.size, buckets.size, scripts.size]).toEqual([1, 1, 2]);
  expect(buckets.get("mintline-crash")?.rules).toHaveLength(2);
  const [database] = [...databases.values()];
  expect(database?.sqlite.prepare("SELECT count(*) AS n FROM d1_migrations").get()).toEqual({
    n: readdirSync("shared/store/migrations").length,
  });
  expect(scripts.get("mintline-producer-crash")).toMatchObject({ crons: ["* * * * *"], workersDev: true });

  // The token that counts is in somebody's hands: the one that was shown before the upload that got through.
  const shown = (ran: Ran) => /MINTLINE_TOKEN=([\w-]{43})/.exec(ran.stdout)?.[1] ?? "";
  const kept = scripts.get("mintline-producer-crash")?.secrets.get("API_TOKENS") ?? "";
  expect(kept).toContain(createHash("sha256").update(shown(after)).digest("hex"));
  expect(shown(last)).toBe("");
  expect(standIn.seen).toEqual([]);
  expect(last.elsewhere).toBe("");

  standIn.calls.length = 0;
  expect((await deploy()).code).toBe(0);
  expect(standIn.changes()).toEqual([]);
});

/** Not a crash, but the place to look: here a secret is on its way while Wrangler tells all it knows. */
async function refusedAtTheUpload(): Promise<void> {
  standIn.hooks = { forbid: ({ method, path }) => method === "PUT" && path.startsWith("/workers/scripts/") };
  const ran = await deploy();
  standIn.hooks = {};
  expect(ran.code).toBe(3);
  expect(ran.stderr).toContain("error deploy.not_allowed");
  expect(ran.stderr).toContain('Grant "Account · Workers Scripts · Edit"');
  expect(ran.stdout + ran.stderr).not.toContain(KEY);
  expect(existsSync(join(folderOf(ENV), "consumer.secrets.json"))).toBe(false);
}

/** What a kill leaves for the next run to delete can be read by its owner alone. */
function expectPrivate(worker: string): void {
  const path = join(folderOf(ENV), `${worker}.secrets.json`);
  expect(statSync(path).mode & 0o777).toBe(0o600);
}
