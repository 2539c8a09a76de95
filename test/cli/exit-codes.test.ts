import type { Command } from "commander";
import { describe, expect, it } from "vitest";
import { createProgram } from "../../cli/program.ts";
import manifest from "../../package.json" with { type: "json" };
import { BATCH_ID, batchOf, page, playApi, problem } from "./play-api.ts";
import { jsonLines, runCli } from "./run-cli.ts";

/** Port 1 answers nobody. */
const NOWHERE = "http://127.0.0.1:1";
const getBatch = `GET /v1/batches/${BATCH_ID}`;

describe("exit codes", () => {
  it("are 0 for a batch whose rows are all done", async () => {
    await using api = await playApi({ [getBatch]: { body: batchOf() } });
    const ran = await runCli(["status", BATCH_ID], { url: api.url });
    expect(ran.code).toBe(0);
    expect(ran.stdout).toContain("finished: 10 done (10 created, 0 updated, 0 unchanged), 0 failed");
  });

  it.each([
    ["dead", batchOf({ jobs: { completed: 9, dead: 1 } })],
    ["invalid", batchOf({ rows: { total: 10, valid: 9, invalid: 1 }, jobs: { completed: 9 } })],
    [
      "refused at validation",
      batchOf({ state: "invalid", jobs: {}, rows: { total: 10, valid: 9, invalid: 1 } }),
    ],
    ["cancelled", batchOf({ state: "cancelled", jobs: { completed: 9, cancelled: 1 } })],
  ])("are 1 where rows are %s", async (_what, batch) => {
    await using api = await playApi({ [getBatch]: { body: batch } });
    expect((await runCli(["status", BATCH_ID, "--json"], { url: api.url })).code).toBe(1);
  });

  it("are 3 for a halted batch, which says why and how to go on", async () => {
    const halted = {
      code: "key.refused",
      message: "Sequence refuses the key.",
      next: "Make a key with Write access.",
    };
    await using api = await playApi({
      [getBatch]: { body: batchOf({ state: "halted", jobs: { pending: 10 }, halted }) },
    });
    const ran = await runCli(["watch", BATCH_ID], { url: api.url });
    expect(ran.code).toBe(3);
    expect(ran.stdout).toContain("halted by key.refused: Sequence refuses the key.");
    expect(ran.stdout).toContain("next: Make a key with Write access.");
    expect(ran.stdout).toContain(`npx --no mintline resume ${BATCH_ID}`);
  });

  it.each([
    ["unknown command", ["sumbit", "x.csv"], "(Did you mean submit?)"],
    ["unknown command below another", ["collection", "creat"], "(Did you mean create?)"],
    ["unknown option", ["submit", "x.csv", "--wach"], "(Did you mean --watch?)"],
    ["missing argument", ["watch"], "missing required argument 'batch'"],
    ["unknown choice", ["submit", "x.csv", "--on-invalid", "ignore"], "Allowed choices are stop, skip."],
    [
      "number that is none",
      ["submit", "x.csv", "--first", "ten"],
      'Expected a whole number from 1, got "ten".',
    ],
    ["pair that is none", ["submit", "x.csv", "--template", "name"], 'Expected FIELD=VALUE, got "name".'],
    ["role that is none", ["token", "new", "alice", "boss"], "Allowed choices are viewer, operator, admin."],
    ["address that is none", ["status", "--url", "localhost:8787"], "Correct --url or MINTLINE_URL."],
    [
      "file that is not there",
      ["submit", "no-such-file.csv"],
      "no-such-file.csv: expected a file, got nothing there",
    ],
    ["replay of everything", ["replay"], "Expected at least one of --batch"],
  ])("are 2, told with what was meant: %s", async (_what, args, told) => {
    const ran = await runCli(args, { url: NOWHERE });
    expect(ran.stderr).toContain(told);
    expect(ran.code).toBe(2);
    expect(ran.stdout).toBe("");
  });

  it("are 2 for a request that the server calls wrong, and carry its own next step", async () => {
    await using api = await playApi({ [getBatch]: problem(404, "batch.not_found") });
    const ran = await runCli(["status", BATCH_ID], { url: api.url });
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain("error batch.not_found: The reason behind batch.not_found.");
    expect(ran.stderr).toContain("next: What to do about batch.not_found.");
  });

  it("are 3 where nobody answers, with the question whether npm start runs", async () => {
    const ran = await runCli(["status"], { url: NOWHERE });
    expect(ran.code).toBe(3);
    expect(ran.stderr).toContain(`Cannot reach ${NOWHERE}: `);
    expect(ran.stderr).toContain("Is `npm start` running?");
  });

  it.each([401, 403, 424, 503])(
    "are 3 for HTTP %i, which another token, account or moment may cure",
    async (status) => {
      await using api = await playApi({ GET: problem(status, "auth.forbidden") });
      const ran = await runCli(["status"], { url: api.url, env: { MINTLINE_TOKEN: "not-the-right-one" } });
      expect(ran.code).toBe(3);
      expect(ran.stderr).toContain("What to do about auth.forbidden.");
      expect(ran.stderr).not.toContain("not-the-right-one");
      expect(ran.stderr.includes("The token came from MINTLINE_TOKEN.")).toBe(
        status === 401 || status === 403,
      );
    },
  );

  it("are 3 where something else answers at the address", async () => {
    await using api = await playApi({ GET: { body: Buffer.from("<h1>It works!</h1>") } });
    const ran = await runCli(["status"], { url: api.url });
    expect(ran.code).toBe(3);
    expect(ran.stderr).toContain("answered, but not as Mintline does");
  });

  it("are 0 for help and for the version", async () => {
    const help = await runCli(["submit", "--help"]);
    expect(help).toMatchObject({ code: 0, stdout: expect.stringContaining("--on-invalid") });
    expect(await runCli(["--version"])).toMatchObject({ code: 0, stdout: `${manifest.version}\n` });
  });
});

describe("help", () => {
  /** Every command that does something, as one types it. */
  const leaves = (command: Command, typed = ""): [string, Command][] =>
    command.commands.length === 0
      ? [[typed.trim(), command]]
      : command.commands.flatMap((one) => leaves(one, `${typed} ${one.name()}`));

  it.each(leaves(createProgram()))(
    "of `%s` describes it, each of its options, and shows an example",
    (typed, command) => {
      let shown = "";
      command.configureOutput({
        writeOut: (text) => {
          shown += text;
        },
      });
      command.outputHelp();
      expect(command.description()).not.toBe("");
      expect(command.options.filter(({ description }) => description === "")).toEqual([]);
      expect(shown).toContain(`npx --no mintline ${typed}`);
    },
  );
});

describe("errors with --json", () => {
  it("are one object on stdout, from the CLI, from commander and from the server alike", async () => {
    await using api = await playApi({ GET: problem(403, "auth.forbidden") });
    const refused = await runCli(["status", "--json"], { url: api.url });
    expect(jsonLines(refused)).toEqual([
      {
        error: {
          code: "auth.forbidden",
          message: "The reason behind auth.forbidden.",
          next: "What to do about auth.forbidden.",
          status: 403,
        },
      },
    ]);
    const alone = await runCli(["status", "--json"], { url: NOWHERE });
    expect(jsonLines(alone)).toMatchObject([{ error: { code: "cli.unreachable" } }]);
    const wrong = await runCli(["watch", "--json"]);
    expect(jsonLines(wrong)).toMatchObject([{ error: { code: "cli.usage" } }]);
    expect([refused.code, alone.code, wrong.code]).toEqual([3, 3, 2]);
  });

  it("name every problem of a configuration at once", async () => {
    const problems = [
      { code: "config.missing", message: "JWT_ACCESS_KEY is not set.", next: "Set it." },
      { code: "config.malformed", message: "PROJECT_ID: expected a number.", next: "Correct it." },
    ];
    await using api = await playApi({ GET: problem(500, "config.invalid", { problems }) });
    const ran = await runCli(["status"], { url: api.url });
    expect(ran.stderr).toContain("- config.missing: JWT_ACCESS_KEY is not set. Set it.");
    expect(ran.stderr).toContain("- config.malformed: PROJECT_ID: expected a number. Correct it.");
  });
});

describe("where the deployment is and who asks", () => {
  it("comes from the options, else from MINTLINE_URL and MINTLINE_TOKEN, else is the local default", async () => {
    await using api = await playApi({ "GET /v1/batches": page([]) });
    await runCli(["status"], { url: api.url });
    await runCli(["status"], { url: api.url, env: { MINTLINE_TOKEN: "from-environment" } });
    await runCli(["status", "--url", api.url, "--token", "from-option"], { url: NOWHERE });
    expect(api.seen.map(({ headers }) => headers.authorization)).toEqual([
      "Bearer local",
      "Bearer from-environment",
      "Bearer from-option",
    ]);
  });
});
