import { describe, expect, it } from "vitest";
import { BATCH_ID, batchOf, deadLetterOf, inTurn, page, playApi, problem, type Reply } from "./play-api.ts";
import { jsonLines, lastLine, runCli } from "./run-cli.ts";

const getBatch = `GET /v1/batches/${BATCH_ID}`;
/** As the server answers while a batch moves; a whole second is the shortest it can ask for. */
const moving = (batch: unknown, etag: string): Reply => ({
  body: batch,
  headers: { etag, "retry-after": "1" },
});
const running = batchOf({
  state: "running",
  jobs: { pending: 3, queued: 1, running: 2, retryable: 1, snoozed: 1, completed: 2 },
  etaSeconds: 4,
  finishedAt: null,
});

describe("watch", () => {
  it("asks again with the ETag and the pause that the server named, and ends with the batch", async () => {
    await using api = await playApi({
      [getBatch]: inTurn(
        moving(running, '"1"'),
        { status: 304, headers: { "retry-after": "1" } },
        { body: batchOf() },
      ),
    });
    const ran = await runCli(["watch", BATCH_ID, "--json"], { url: api.url });
    expect(ran.code).toBe(0);
    expect(api.seen.map(({ headers }) => headers["if-none-match"])).toEqual([undefined, '"1"', '"1"']);
    expect(jsonLines(ran)).toEqual([running, batchOf()]);
  });

  it("shows people four counts in plain lines when piped", async () => {
    await using api = await playApi({ [getBatch]: inTurn(moving(running, '"1"'), { body: batchOf() }) });
    const ran = await runCli(["watch", BATCH_ID], { url: api.url });
    expect(ran.stdout).toContain("6 waiting, 2 running, 2 done, 0 failed · 8.4/s, 4 s left\n");
    expect(ran.stdout).toContain("0 waiting, 0 running, 10 done, 0 failed\n");
    expect(lastLine(ran)).toBe("finished: 10 done (10 created, 0 updated, 0 unchanged), 0 failed");
  });

  it("says what a batch waits for in place of the time left", async () => {
    const waiting = {
      reason: "rate_limited" as const,
      host: "metadata.sequence.app",
      since: "2026-11-23T10:00:00.000Z",
      until: "2026-11-23T10:00:30.000Z",
      message: "Sequence asked to wait.",
    };
    const held = { ...running, waiting };
    await using api = await playApi({ [getBatch]: inTurn(moving(held, '"1"'), { body: batchOf() }) });
    const ran = await runCli(["watch", BATCH_ID], { url: api.url });
    expect(ran.stdout).toContain(
      "2 done, 0 failed · waits (rate_limited metadata.sequence.app until 10:00:30 UTC): Sequence asked to wait.",
    );
    expect(ran.stdout).not.toContain(" left");
  });

  it("outlives a server that is gone for a moment", async () => {
    const gone = problem(503, "db.unavailable");
    await using api = await playApi({
      [getBatch]: inTurn(moving(running, '"1"'), gone, { body: batchOf() }),
    });
    const ran = await runCli(["watch", BATCH_ID], { url: api.url });
    expect(ran.code).toBe(0);
    expect(ran.stderr).toContain("asking again");
  });

  it("tells of dead rows how many, why, how to look and how to replay", async () => {
    const letters = [2, 3, 4].map((line) => deadLetterOf(line));
    await using api = await playApi({
      [getBatch]: { body: batchOf({ jobs: { completed: 6, dead: 4 } }) },
      "GET /v1/dead-letters": page([
        ...letters,
        deadLetterOf(5, { code: "token.exists", step: "create-token" }),
      ]),
    });
    const ran = await runCli(["watch", BATCH_ID], { url: api.url });
    expect(ran.code).toBe(1);
    expect(api.seen.find(({ path }) => path === "/v1/dead-letters")?.query.get("batchId")).toBe(BATCH_ID);
    expect(ran.stdout).toContain("4 rows failed:");
    expect(ran.stdout).toMatch(
      /3 × media\.not_found \(upload-asset\), such as line 2: .*[\s\S]*1 × token\.exists/,
    );
    expect(ran.stdout).toContain("next: Put the file there, then replay.");
    expect(ran.stdout).toContain(`npx --no mintline dead-letters ${BATCH_ID}`);
    expect(ran.stdout).toContain(`npx --no mintline replay --batch ${BATCH_ID} --watch`);
  });

  it("lists what validation found, with line, column and what to do", async () => {
    const found = {
      line: 17,
      column: "token_id",
      code: "row.invalid_token_id",
      severity: "error",
      message: "Expected a whole number.",
      next: "Correct the cell.",
      value: "1.5",
    };
    const invalid = batchOf({ state: "invalid", jobs: {}, rows: { total: 10, valid: 9, invalid: 1 } });
    await using api = await playApi({
      [getBatch]: { body: invalid },
      [`GET /v1/batches/${BATCH_ID}/errors`]: page([found, { ...found, line: 18, severity: "warning" }]),
    });
    const ran = await runCli(["watch", BATCH_ID], { url: api.url });
    expect(ran.code).toBe(1);
    expect(ran.stdout).toContain("invalid: nothing was run; 1 row of 10 cannot be used");
    expect(ran.stdout).toContain("line 17, token_id: error row.invalid_token_id: Expected a whole number.");
    expect(ran.stdout).not.toContain("line 18");
    const all = await runCli(["status", BATCH_ID, "--errors", "--json"], { url: api.url });
    expect(jsonLines(all)).toHaveLength(2);
    expect(all.code).toBe(1);
  });

  it("tells why a batch is invalid although its rows are not", async () => {
    const found = {
      line: 0,
      column: "",
      code: "collection.not_found",
      severity: "error",
      message: "There is no collection 900.",
      next: "Check the id.",
      value: null,
    };
    await using api = await playApi({
      [getBatch]: { body: batchOf({ state: "invalid", jobs: {} }) },
      [`GET /v1/batches/${BATCH_ID}/errors`]: page([found]),
    });
    const ran = await runCli(["watch", BATCH_ID], { url: api.url });
    expect(ran.code).toBe(1);
    expect(ran.stdout).toContain(
      "invalid: nothing was run\n  error collection.not_found: There is no collection 900.",
    );
  });

  it("ends with what to type where the collection is not public yet", async () => {
    await using api = await playApi({ [getBatch]: { body: batchOf({ collectionPublished: false }) } });
    const ran = await runCli(["watch", BATCH_ID], { url: api.url });
    expect(ran.code).toBe(0);
    expect(lastLine(ran)).toMatch(/npx --no mintline collection publish 900$/);
  });

  it("ends at a trial's pause and says how to go on", async () => {
    const trial = batchOf({
      state: "paused",
      jobs: { pending: 8, completed: 2 },
      waiting: {
        reason: "trial",
        host: null,
        since: "2026-11-23T10:00:00.000Z",
        until: null,
        message: "The first 2 rows are done.",
      },
    });
    await using api = await playApi({ [getBatch]: { body: trial } });
    const ran = await runCli(["watch", BATCH_ID], { url: api.url });
    expect(ran.code).toBe(0);
    expect(ran.stdout).toContain("trial: The first 2 rows are done.");
    expect(ran.stdout).toContain(`npx --no mintline resume ${BATCH_ID} --watch`);
  });

  it("shows a plan and how to run it", async () => {
    const plan = { create: 8, update: 1, unchanged: 1, conflict: 0, calls: 36, bytes: 2_500_000, seconds: 5 };
    await using api = await playApi({ [getBatch]: { body: batchOf({ state: "planned", jobs: {}, plan }) } });
    const ran = await runCli(["watch", BATCH_ID], { url: api.url });
    expect(ran.code).toBe(0);
    expect(ran.stdout).toContain("plan: 8 to create, 1 to update, 1 unchanged, 0 in conflict");
    expect(ran.stdout).toContain("36 calls to Sequence, 2.5 MB of media, about 5 s");
    expect(ran.stdout).toContain(`npx --no mintline start ${BATCH_ID} --watch`);
  });
});

describe("what a server says", () => {
  it("cannot steer the terminal", async () => {
    const name = "\u001b[31mred\u001b[0m \u001b]0;title\u0007file\r\nforged line\u202e.csv\u009b2J";
    await using api = await playApi({ [getBatch]: { body: batchOf({ name }) } });
    const ran = await runCli(["status", BATCH_ID], { url: api.url });
    expect(ran.stdout).toContain("  red file forged line.csv → collection 900");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
    expect(ran.stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    const json = await runCli(["status", BATCH_ID, "--json"], { url: api.url });
    expect(jsonLines(json)).toMatchObject([{ name }]);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
    expect(json.stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
  });
});
