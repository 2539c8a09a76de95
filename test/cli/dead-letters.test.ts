import { describe, expect, it } from "vitest";
import {
  BATCH_ID,
  batchOf,
  deadLetterOf,
  inTurn,
  type PlayedApi,
  page,
  playApi,
  problem,
} from "./play-api.ts";
import { jsonLines, lastLine, runCli } from "./run-cli.ts";

describe("dead-letters", () => {
  it("lists with every filter of the API and says how to see one in full and how to replay", async () => {
    await using api = await playApi({ "GET /v1/dead-letters": page([deadLetterOf(9)], "more") });
    const filters = ["--step", "upload-asset", "--code", "media.not_found", "--http-status", "404"];
    const more = ["--host", "art.example", "--line", "9", "--since", "2026-11-23", "--q", "answered"];
    const ran = await runCli(["dead-letters", BATCH_ID, ...filters, ...more, "--limit", "1"], {
      url: api.url,
    });
    expect(ran.code).toBe(0);
    expect(Object.fromEntries(api.seen[0]?.query ?? [])).toEqual({
      batchId: BATCH_ID,
      step: "upload-asset",
      code: "media.not_found",
      httpStatus: "404",
      host: "art.example",
      line: "9",
      since: "2026-11-23T00:00:00.000Z",
      q: "answered",
      limit: "1",
    });
    expect(ran.stdout).toContain("https://art.example/9.png answered 404.");
    expect(ran.stdout).toContain("… and more: --all");
    expect(ran.stdout).toContain(`npx --no mintline dead-letters --job ${BATCH_ID}:9`);
    expect(ran.stdout).toContain(`npx --no mintline replay --batch ${BATCH_ID} --watch`);
  });

  it("does not call it good news when the batch is not there at all", async () => {
    await using api = await playApi({
      "GET /v1/dead-letters": page([]),
      "POST /v1/dead-letters/replay": {
        body: { id: null, state: "planned", selected: 0, done: 0, completed: 0, deadAgain: 0 },
      },
      "GET /v1/batches/nope": problem(404, "batch.not_found"),
    });
    const listed = await runCli(["dead-letters", "nope"], { url: api.url });
    expect([listed.code, listed.stderr]).toEqual([2, expect.stringContaining("batch.not_found")]);
    const replayed = await runCli(["replay", "--batch", "nope"], { url: api.url });
    expect([replayed.code, replayed.stderr]).toEqual([2, expect.stringContaining("batch.not_found")]);
  });

  it("reads every page with --all, one JSON object a line", async () => {
    await using api = await playApi({
      "GET /v1/dead-letters": ({ query }) =>
        query.get("cursor") === "2" ? page([deadLetterOf(3)]) : page([deadLetterOf(1), deadLetterOf(2)], "2"),
    });
    const ran = await runCli(["dead-letters", "--all", "--json"], { url: api.url });
    expect(jsonLines(ran)).toEqual([deadLetterOf(1), deadLetterOf(2), deadLetterOf(3)]);
  });

  it("shows one in full: reason, response, attempts and row", async () => {
    const detail = {
      ...deadLetterOf(9),
      row: { name: "Relic 9", image: "https://art.example/9.png" },
      attemptRecords: [
        {
          attempt: 1,
          startedAt: "2026-11-23T10:00:04.000Z",
          endedAt: "2026-11-23T10:00:05.000Z",
          outcome: "dead",
          steps: [{ step: "create-token", ms: 41, outcome: "done" }],
          error: null,
        },
      ],
      response: {
        url: "https://art.example/9.png",
        host: "art.example",
        status: 404,
        body: "gone\n",
        hop: 0,
      },
    };
    await using api = await playApi({ [`GET /v1/dead-letters/${BATCH_ID}%3A9`]: { body: detail } });
    const ran = await runCli(["dead-letters", "--job", `${BATCH_ID}:9`], { url: api.url });
    expect(ran.code).toBe(0);
    expect(ran.stdout).toContain("media.not_found at upload-asset: https://art.example/9.png answered 404.");
    expect(ran.stdout).toContain("last response: 404 from https://art.example/9.png\n  | gone\n");
    expect(ran.stdout).toContain("1. 2026-11-23T10:00:04.000Z dead [create-token done 41 ms]");
    expect(ran.stdout).toContain('"image": "https://art.example/9.png"');
    expect(ran.stdout).toContain(`npx --no mintline replay --job ${BATCH_ID}:9 --watch`);
  });
});

describe("replay", () => {
  const replayOf = (given: object) => ({
    id: "rep_1",
    state: "running",
    selected: 2,
    done: 0,
    completed: 0,
    deadAgain: 0,
    ...given,
  });
  const replayed = { status: 202, body: replayOf({}) };
  const sent = (api: PlayedApi) => JSON.parse(String(api.seen[0]?.body));

  it("sends every filter and only asks with --dry-run", async () => {
    await using api = await playApi({
      "POST /v1/dead-letters/replay": { body: replayOf({ id: null, state: "planned" }) },
    });
    const jobs = ["--job", `${BATCH_ID}:2`, "--job", `${BATCH_ID}:3`];
    const filter = ["--batch", BATCH_ID, "--code", "media.not_found", "--step", "upload-asset", "--q", "404"];
    const ran = await runCli(["replay", ...filter, ...jobs, "--dry-run"], { url: api.url });
    expect(sent(api)).toEqual({
      filter: {
        batchId: BATCH_ID,
        code: "media.not_found",
        step: "upload-asset",
        q: "404",
        jobIds: [`${BATCH_ID}:2`, `${BATCH_ID}:3`],
      },
      dryRun: true,
    });
    expect(ran).toMatchObject({ code: 0, stdout: "2 dead letters would be replayed.\n" });
  });

  it("follows a replay to its end and then tells the batch's, exit 0 if nothing died again", async () => {
    await using api = await playApi({
      "POST /v1/dead-letters/replay": replayed,
      "GET /v1/replays/rep_1": inTurn(
        { body: replayOf({ done: 1, completed: 1 }) },
        { body: replayOf({ state: "finished", done: 2, completed: 2 }) },
      ),
      [`GET /v1/batches/${BATCH_ID}`]: { body: batchOf({ collectionPublished: false }) },
    });
    const ran = await runCli(["replay", "--batch", BATCH_ID, "--watch"], { url: api.url });
    expect(ran.code).toBe(0);
    expect(ran.stdout).toContain("finished: replayed 2 of 2: 2 done, 0 failed again");
    expect(lastLine(ran)).toMatch(/collection publish 900$/);
  });

  it("exits 1 where some died again", async () => {
    await using api = await playApi({
      "POST /v1/dead-letters/replay": replayed,
      "GET /v1/replays/rep_1": { body: replayOf({ state: "finished", done: 2, completed: 1, deadAgain: 1 }) },
    });
    const ran = await runCli(["replay", "--job", `${BATCH_ID}:2`, "--watch", "--json"], { url: api.url });
    expect(ran.code).toBe(1);
    expect(jsonLines(ran).at(-1)).toMatchObject({ state: "finished", deadAgain: 1 });
  });
});
