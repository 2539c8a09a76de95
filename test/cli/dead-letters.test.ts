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
  replayOf,
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
        body: replayOf({ id: null, state: "planned", selected: 0 }),
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
      submitted: { text: "9,Relic 9,https://art.example/9.png", cells: { name: "Relic 9" } },
      edits: [
        {
          at: "2026-11-23T11:00:00.000Z",
          by: "ops",
          cells: { name: { from: "Relc 9", to: "Relic 9" } },
          tokenIdBefore: "9",
        },
      ],
    };
    await using api = await playApi({ [`GET /v1/dead-letters/${BATCH_ID}%3A9`]: { body: detail } });
    const ran = await runCli(["dead-letters", "--job", `${BATCH_ID}:9`], { url: api.url });
    expect(ran.code).toBe(0);
    expect(ran.stdout).toContain("media.not_found at upload-asset: https://art.example/9.png answered 404.");
    expect(ran.stdout).toContain("last response: 404 from https://art.example/9.png\n  | gone\n");
    expect(ran.stdout).toContain("1. 2026-11-23T10:00:04.000Z dead [create-token done 41 ms]");
    expect(ran.stdout).toContain('"image": "https://art.example/9.png"');
    expect(ran.stdout).toContain("as submitted:\n  | 9,Relic 9,https://art.example/9.png");
    expect(ran.stdout).toContain('edited 2026-11-23T11:00:00.000Z by ops: name: "Relc 9" → "Relic 9"');
    expect(ran.stdout).toContain(`npx --no mintline replay --job ${BATCH_ID}:9 --watch`);
    expect(ran.stdout).toContain(`npx --no mintline edit ${BATCH_ID}:9 COLUMN=VALUE --replay`);
  });

  it("tells the causes with --group, each with its hint and what to type, and the letters of one", async () => {
    const group = {
      fingerprint: "5f1c0a9be4d27731",
      step: "upload-asset",
      code: "media.not_found",
      message: "Expected a media file at <url>, got 404: nothing is there.",
      example: "Expected a media file at https://art.example/9.png, got 404: nothing is there.",
      httpStatus: 404,
      host: "art.example",
      count: 83,
      firstAt: "2026-11-23T10:00:00.000Z",
      lastAt: "2026-11-23T10:09:00.000Z",
      sampleJobIds: [`${BATCH_ID}:9`],
      next: "Correct the URL, and replay.",
    };
    await using api = await playApi({
      "GET /v1/dead-letters/groups": page([group]),
      "GET /v1/dead-letters": page([deadLetterOf(9)]),
    });
    const ran = await runCli(["dead-letters", BATCH_ID, "--group"], { url: api.url });
    expect(ran.code).toBe(0);
    expect(ran.stdout).toContain(
      "5f1c0a9be4d27731  83 letters: media.not_found at upload-asset, art.example\n  Expected a media file at <url>, got 404",
    );
    expect(ran.stdout).toContain("next: Correct the URL, and replay.");
    expect(lastLine(ran)).toContain(
      `npx --no mintline replay --batch ${BATCH_ID} --group 5f1c0a9be4d27731 --watch`,
    );
    expect(api.seen[0]?.query.get("batchId")).toBe(BATCH_ID);
    await runCli(["dead-letters", "--group", "5f1c0a9be4d27731", "--state", "discarded"], { url: api.url });
    expect(Object.fromEntries(api.seen[1]?.query ?? [])).toMatchObject({
      fingerprint: "5f1c0a9be4d27731",
      state: "discarded",
    });
    const odd = await runCli(["dead-letters", "--state", "gone"], { url: api.url });
    expect([odd.code, odd.stderr]).toEqual([2, expect.stringContaining("open, replayed, discarded")]);
  });
});

describe("edit", () => {
  const detail = {
    ...deadLetterOf(9),
    row: {},
    attemptRecords: [],
    response: null,
    submitted: null,
    edits: [],
    warnings: [],
  };
  const path = `PATCH /v1/dead-letters/${BATCH_ID}%3A9`;

  it("sends the cells, replays what was corrected, and follows it", async () => {
    await using api = await playApi({
      [path]: { body: detail },
      "POST /v1/dead-letters/replay": { status: 202, body: replayOf({ selected: 1 }) },
      "GET /v1/replays/rep_1": { body: replayOf({ state: "finished", selected: 1, done: 1, completed: 1 }) },
    });
    const cells = ["image=https://x/a=b.png", "name=", "--replay"];
    const ran = await runCli(["edit", `${BATCH_ID}:9`, ...cells], { url: api.url });
    expect(ran.code).toBe(0);
    expect(JSON.parse(String(api.seen[0]?.body))).toEqual({
      cells: { image: "https://x/a=b.png", name: "" },
    });
    expect(JSON.parse(String(api.seen[1]?.body))).toEqual({ filter: { jobIds: [`${BATCH_ID}:9`] } });
    expect(lastLine(ran)).toBe("replayed 1: 1 done, 0 failed again");
  });

  it("says without --replay what to type, and what is doubtful", async () => {
    const warnings = [
      {
        line: 9,
        column: "name",
        code: "row.long",
        severity: "warning",
        message: "Long.",
        next: "",
        value: null,
      },
    ];
    await using api = await playApi({ [path]: { body: { ...detail, warnings } } });
    const ran = await runCli(["edit", `${BATCH_ID}:9`, "name=Relic"], { url: api.url });
    expect(ran.stderr).toContain("line 9, name: warning row.long: Long.");
    expect(lastLine(ran)).toBe(`replay: npx --no mintline replay --job ${BATCH_ID}:9 --watch`);
  });

  it("tells every defect of a patch with its line and column, exit 2", async () => {
    const defect = { severity: "error", message: "Expected, got.", next: "Do.", value: null };
    const problems = [
      { ...defect, line: 3, column: "image", code: "row.invalid_url" },
      { ...defect, line: 4, column: "", code: "patch.no_such_row" },
    ];
    await using api = await playApi({
      "PATCH /v1/dead-letters": problem(400, "edit.invalid", { defects: 5, problems }),
    });
    const ran = await runCli(["edit", "--patch", "examples/broken.csv", "--batch", BATCH_ID], {
      url: api.url,
    });
    expect(ran.code).toBe(2);
    expect(api.seen[0]?.query.get("batchId")).toBe(BATCH_ID);
    expect(api.seen[0]?.headers["content-type"]).toBe("text/csv");
    expect(ran.stderr).toContain("  - line 3, image: row.invalid_url: Expected, got. Do.");
    expect(ran.stderr).toContain("  - line 4: patch.no_such_row: Expected, got. Do.");
    expect(ran.stderr).toContain("… 3 more.");
  });

  it("is refused without a job, a cell or a file that can be read", async () => {
    for (const args of [[], [`${BATCH_ID}:9`], [`${BATCH_ID}:9`, "name"], ["--patch", "none.csv"]]) {
      const ran = await runCli(["edit", ...args], { url: "http://127.0.0.1:1" });
      expect([ran.code, ran.stderr]).toEqual([2, expect.stringContaining("next: ")]);
    }
    const both = await runCli(["edit", `${BATCH_ID}:9`, "a=b", "--patch", "x.csv"], {
      url: "http://127.0.0.1:1",
    });
    expect(both.stderr).toContain("cli.edit_twofold");
  });
});

describe("discard", () => {
  it("asks for a selection, says how many, and where they are kept", async () => {
    await using api = await playApi({
      "POST /v1/dead-letters/discard": { body: { selected: 3, discarded: 3 } },
    });
    const all = await runCli(["discard"], { url: api.url });
    expect([all.code, all.stderr]).toEqual([2, expect.stringContaining("cli.filter_required")]);
    const selection = ["--group", "5f1c0a9be4d27731", "--http-status", "404", "--host", "art.example"];
    const ran = await runCli(["discard", ...selection, "--since", "2026-11-23"], { url: api.url });
    expect(JSON.parse(String(api.seen[0]?.body))).toEqual({
      filter: {
        fingerprint: "5f1c0a9be4d27731",
        httpStatus: 404,
        host: "art.example",
        since: "2026-11-23T00:00:00.000Z",
      },
    });
    expect(ran.stdout).toBe(
      "3 dead letters discarded; kept and listed with npx --no mintline dead-letters --state discarded\n",
    );
  });
});

describe("replay", () => {
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

  it("asks for a pace, says how to stop it, and stops it", async () => {
    await using api = await playApi({
      "POST /v1/dead-letters/replay": { status: 202, body: replayOf({ perSecond: 5, waiting: 2 }) },
      "POST /v1/replays/rep_1/abort": {
        body: replayOf({ state: "aborted", left: 1, done: 1, completed: 1 }),
      },
      "GET /v1/replays/rep_1": { body: replayOf({ state: "aborted", left: 1, done: 1, completed: 1 }) },
    });
    const ran = await runCli(["replay", "--group", "5f1c0a9be4d27731", "--per-second", "5"], {
      url: api.url,
    });
    expect(sent(api)).toEqual({ filter: { fingerprint: "5f1c0a9be4d27731" }, perSecond: 5 });
    expect(ran.stdout).toContain("2 dead letters put back to work, 5 a second.");
    expect(lastLine(ran)).toBe("stop it:   npx --no mintline replay --abort rep_1");
    const stopped = await runCli(["replay", "--abort", "rep_1"], { url: api.url });
    expect(stopped.stdout).toContain(
      "aborted: 1 of 2 dead letters left as they were, 1 done (0 failed again), 0 under way",
    );
    const shown = await runCli(["replay", "--show", "rep_1"], { url: api.url });
    expect(shown.stdout).toBe("aborted: replayed 1 of 2: 1 done, 0 failed again, 1 left as they were\n");
    const odd = await runCli(["replay", "--group", "x", "--per-second", "0"], { url: api.url });
    expect([odd.code, odd.stderr]).toEqual([2, expect.stringContaining("from 0.1 to 1000")]);
  });

  it("does not wait for a batch that is paused", async () => {
    await using api = await playApi({
      "POST /v1/dead-letters/replay": replayed,
      "GET /v1/replays/rep_1": { body: replayOf({ resting: 2 }) },
    });
    const ran = await runCli(["replay", "--batch", BATCH_ID, "--watch"], { url: api.url });
    expect(ran.code).toBe(1);
    expect(lastLine(ran)).toContain("npx --no mintline resume BATCH");
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
