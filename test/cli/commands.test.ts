import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { BATCH_ID, batchOf, playApi } from "./play-api.ts";
import { jsonLines, lastLine, NPX, runCli } from "./run-cli.ts";

describe("token new", () => {
  it("prints a new 256-bit token and the API_TOKENS entry with its hash, without asking anybody", async () => {
    const [one, two] = await Promise.all([
      runCli(["token", "new", "alice", "operator"]),
      runCli(["token", "new", "alice", "operator", "--json"]),
    ]);
    const token = /^MINTLINE_TOKEN=([\w-]{43})$/m.exec(one.stdout)?.[1] ?? "";
    const hash = createHash("sha256").update(token).digest("hex");
    expect(one.stdout).toContain(`API_TOKENS=alice:operator:${hash}\n`);
    expect(one.code).toBe(0);
    const [made] = jsonLines(two);
    expect(made).toEqual({
      name: "alice",
      role: "operator",
      token: expect.stringMatching(/^[\w-]{43}$/),
      apiTokens: expect.stringMatching(/^alice:operator:[0-9a-f]{64}$/),
    });
    expect(two.stdout).not.toContain(token);
  });

  it("refuses a name that would break the entry apart", async () => {
    expect((await runCli(["token", "new", "a:b,c", "viewer"])).code).toBe(2);
  });
});

describe("start, pause, resume and cancel", () => {
  it("say their word and show where the batch stands", async () => {
    const paused = batchOf({ state: "paused", jobs: { pending: 8, completed: 2 } });
    await using api = await playApi({ POST: { body: paused }, GET: { body: batchOf() } });
    for (const verb of ["start", "pause", "resume", "cancel"]) {
      const ran = await runCli([verb, BATCH_ID], { url: api.url });
      expect(ran).toMatchObject({
        code: 0,
        stdout: expect.stringContaining("paused: 8 waiting, 0 running, 2 done"),
      });
    }
    expect(api.calls()).toEqual(
      ["start", "pause", "resume", "cancel"].map((verb) => `POST /v1/batches/${BATCH_ID}/${verb}`),
    );
    const watched = await runCli(["resume", BATCH_ID, "--watch"], { url: api.url });
    expect(watched.stdout).toContain("finished: 10 done");
  });
});

describe("doctor", () => {
  it("prints each finding with what to type next, exit 1 if something is wrong", async () => {
    const findings = [
      { check: "key", ok: true, severity: "ok", code: "key.ok", message: "The key decodes.", next: null },
      {
        check: "collection",
        ok: false,
        severity: "error",
        code: "collection.not_found",
        message: "Collection 900 is not there.",
        next: "Set COLLECTION_ID.",
      },
    ];
    await using api = await playApi({ "GET /v1/doctor": { body: { ok: false, findings } } });
    const ran = await runCli(["doctor"], { url: api.url });
    expect(ran.code).toBe(1);
    expect(ran.stdout).toContain("ok       key: The key decodes.");
    expect(ran.stdout).toContain(
      "ERROR    collection: Collection 900 is not there.\n         next: Set COLLECTION_ID.",
    );
  });

  it("does not call all good what it has warned of", async () => {
    const key = {
      check: "key",
      ok: true,
      severity: "ok",
      code: "key.ok",
      message: "The key decodes.",
      next: null,
    };
    const doubt = {
      ...key,
      check: "collection",
      severity: "warning",
      code: "collection.unset",
      next: "Set it.",
    };
    const report = (...findings: unknown[]) => ({ "GET /v1/doctor": { body: { ok: true, findings } } });
    await using sound = await playApi(report(key));
    await using doubted = await playApi(report(key, doubt));
    const [good, warned] = await Promise.all([sound, doubted].map(({ url }) => runCli(["doctor"], { url })));
    expect([good?.code, good && lastLine(good)]).toEqual([0, "All good."]);
    expect([warned?.code, warned && lastLine(warned)]).toEqual([0, "Ready, with 1 warning."]);
  });
});

describe("npx --no mintline", () => {
  it("finds the bin, and hands --json on from before the command as well as from after it", async () => {
    const after = await runCli(["token", "new", "alice", "viewer", "--json"], { through: NPX });
    const before = await runCli(["--json", "token", "new", "alice", "viewer"], { through: NPX });
    for (const ran of [after, before]) {
      expect(ran.code).toBe(0);
      expect(jsonLines(ran)).toMatchObject([{ name: "alice", role: "viewer" }]);
    }
  });
});
