/** What a deploy refuses before it asks Cloudflare for anything, and what it names where Cloudflare refuses. */
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "smol-toml";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { faultOf } from "../../../cli/deploy/api.ts";
import { readCommitted } from "../../../cli/deploy/committed.ts";
import { completeWanted } from "../../../cli/deploy/complete.ts";
import { grantFor } from "../../../cli/deploy/grants.ts";
import { readChoices } from "../../../cli/deploy/options.ts";
import { refusals } from "../../../cli/deploy/refusals.ts";
import { KEY } from "./keys.ts";
import { folderOf, PATIENT, runDeploy } from "./running.ts";
import { API_TOKEN, type Call, type StandIn, startStandIn } from "./stand-in.ts";

vi.setConfig(PATIENT);

const ENV = "refused";
let standIn: StandIn;
beforeAll(async () => {
  standIn = await startStandIn();
});
afterEach(() => {
  standIn.hooks = {};
  standIn.calls.length = 0;
});
afterAll(async () => {
  await standIn.close();
  rmSync(folderOf(ENV), { recursive: true, force: true });
});

const deploy = (args: readonly string[] = [], env: Record<string, string> = {}, stdin = `${KEY}\n`) =>
  runDeploy(standIn, ["--env", ENV, "--url", standIn.url, ...args], { env, stdin });

describe("refused before anything is asked of Cloudflare", () => {
  const committed = readCommitted(".");
  /** The codes of what is refused with these variables in the committed files and these in the environment. */
  async function codes(
    vars: Record<string, string>,
    given: Record<string, string> = {},
    args: string[] = [],
  ) {
    const choices = readChoices(args);
    if (!choices.ok) throw new Error("unreadable arguments");
    const { consumer, producer } = await committed;
    const pair = { consumer, producer: { ...producer, vars: { ...producer.vars, ...vars } } };
    const wanted = completeWanted(pair, choices.value, given, "/project");
    return refusals(wanted, choices.value, given).map(({ code }) => code);
  }

  test("as they are committed, the configurations may be deployed", async () => {
    expect(await codes({})).toEqual([]);
    expect(await codes({}, {}, ["--max-calls-per-second", "20"])).toEqual([]);
  });

  test.each([
    ["deploy.private_hosts", { MEDIA_PRIVATE_HOSTS: "127.0.0.1:9000" }],
    ["deploy.emulator", { EMULATOR_URL: "http://127.0.0.1:9000" }],
    ["deploy.call_ceiling", { MAX_CALLS_PER_SECOND: "100" }],
    ["deploy.call_ceiling", { MAX_CALLS_PER_SECOND: "49" }],
    ["deploy.call_ceiling", { MAX_CALLS_PER_SECOND: "" }],
    ["deploy.metadata_url", { METADATA_URL: "http://127.0.0.1:9000" }],
    ["deploy.metadata_url", { METADATA_URL: "https://localhost" }],
    ["deploy.metadata_url", { METADATA_URL: "" }],
    ["deploy.secret_in_vars", { JWT_ACCESS_KEY: KEY }],
    ["deploy.secret_in_vars", { API_TOKENS: "a:admin:0" }],
  ])("%s for %o in a wrangler.toml", async (code, vars) => {
    expect(await codes(vars)).toEqual([code]);
  });

  test.each([
    ["deploy.private_hosts", { MEDIA_PRIVATE_HOSTS: "127.0.0.1:9000" }],
    ["deploy.emulator", { EMULATOR_URL: "http://127.0.0.1:9000" }],
    ["deploy.call_ceiling", { MAX_CALLS_PER_SECOND: "51" }],
    ["deploy.local_token", { API_TOKENS: `me:admin:${createHash("sha256").update("local").digest("hex")}` }],
  ])("%s for %o in the environment", async (code, given) => {
    expect(await codes({}, given)).toEqual([code]);
  });

  test("all at once, and by the real script too, which then asks nobody anything", async () => {
    const ran = await deploy([], {
      MEDIA_PRIVATE_HOSTS: "10.0.0.1:80",
      MAX_CALLS_PER_SECOND: "500",
      EMULATOR_URL: "http://127.0.0.1:1",
    });
    expect(ran.code).toBe(2);
    for (const code of ["deploy.private_hosts", "deploy.call_ceiling", "deploy.emulator"])
      expect(ran.stderr).toContain(code);
    expect(standIn.calls).toEqual([]);
  });

  test("a ceiling above 50 is no option", () => {
    expect(readChoices(["--max-calls-per-second", "51"]).ok).toBe(false);
    expect(readChoices(["--env", "Staging!"]).ok).toBe(false);
  });
});

describe("a missing permission", () => {
  test.each([
    ["POST", /^\/queues/, "Account · Queues · Edit"],
    ["POST", /^\/d1\/database$/, "Account · D1 · Edit"],
    ["POST", /^\/r2\/buckets$/, "Account · Workers R2 Storage · Edit"],
    ["GET", /^\/workers\/subdomain$/, "Account · Workers Scripts · Edit"],
  ])("for %s %s is named with what to grant", async (method, path, grant) => {
    standIn.hooks = { forbid: (call: Call) => call.method === method && path.test(call.path) };
    const ran = await deploy();
    expect(ran.code).toBe(3);
    expect(ran.stderr).toContain(`error deploy.not_allowed: Cloudflare refused ${method} `);
    expect(ran.stderr).toContain(`Grant "${grant}"`);
    expect(ran.stderr).not.toContain(API_TOKEN);
  });

  test("is not what R2 means that was never switched on", () => {
    const refusal = {
      method: "POST",
      path: "/accounts/1/r2/buckets",
      status: 403,
      code: 10042,
      message: "Please enable R2",
    };
    expect(faultOf(refusal)).toMatchObject({
      code: "deploy.refused",
      next: expect.stringContaining("Switch R2 on"),
    });
    expect(faultOf({ ...refusal, code: 100328 }).next).toContain("--plan free");
  });

  test("for every other path has a name as well", () => {
    expect(grantFor("/accounts/1/subscriptions")).toBe("Account · Billing · Read");
    expect(grantFor("/accounts/1")).toBe("Account · Account Settings · Read");
  });
});

describe("no login, no plan, no secret", () => {
  test("a token that Cloudflare does not know is told apart from one without permission", async () => {
    const ran = await deploy([], { CLOUDFLARE_API_TOKEN: "another" });
    expect(ran.code).toBe(3);
    expect(ran.stderr).toContain("error deploy.not_logged_in");
    expect(ran.stderr).toContain('"Account · D1 · Edit"');
  });

  test("without a token and without a login of Wrangler's it says how to get one", async () => {
    const ran = await deploy([], { CLOUDFLARE_API_TOKEN: "" });
    expect(ran.code).toBe(3);
    expect(ran.stderr).toContain("error deploy.not_logged_in");
    expect(ran.stderr).toContain("npx wrangler login");
    expect(ran.elsewhere).toBe("");
    expect(standIn.calls).toEqual([]);
  });

  test("a login of Wrangler's is as good as a token", async () => {
    const home = mkdtempSync(join(tmpdir(), "mintline-login-"));
    mkdirSync(join(home, ".wrangler/config"), { recursive: true });
    const login = {
      oauth_token: API_TOKEN,
      expiration_time: "2999-01-01T00:00:00.000Z",
      scopes: ["account:read"],
    };
    writeFileSync(join(home, ".wrangler/config/default.toml"), stringify(login));
    const ran = await deploy(["--destroy", "--dry-run"], {
      CLOUDFLARE_API_TOKEN: "",
      XDG_CONFIG_HOME: home,
      HOME: home,
    });
    rmSync(home, { recursive: true, force: true });
    expect(ran.stderr).toBe("");
    expect(ran.code).toBe(0);
    expect(ran.stdout).toContain("there are in this account");
  });

  test("an account on Workers Free is not given the configuration of Workers Paid", async () => {
    standIn.account.plan = "free";
    const ran = await deploy();
    standIn.account.plan = "paid";
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain("error deploy.plan_is_free");
    expect(ran.stderr).toContain("npm run deploy -- --plan free");
    expect(standIn.changes().filter((call) => call.includes("workers"))).toEqual([]);
  });

  test("a key that is none is refused before anything is made, and not repeated", async () => {
    const ran = await deploy([], {}, "not-a-key\n");
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain("error config.key_not_jwt");
    expect(ran.stdout + ran.stderr).not.toContain("not-a-key");
    expect(standIn.changes().filter((call) => call.includes("workers"))).toEqual([]);
  });

  test("in CI nobody is asked, and no token is shown in a log", async () => {
    const ran = await deploy([], { CI: "true", JWT_ACCESS_KEY: KEY });
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain("error deploy.secret_missing: API_TOKENS");
    expect(ran.stdout).not.toContain("MINTLINE_TOKEN=");
  });
});
