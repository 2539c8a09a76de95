import { truncate } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { BATCH_ID, batchOf, inTurn, page, playApi, type Reply } from "./play-api.ts";
import { jsonLines, lastLine, runCli } from "./run-cli.ts";
import { RELICS, useFolder } from "./use-folder.ts";

const { putSheet } = useFolder();
const received = batchOf({ state: "receiving", jobs: {}, rows: { total: 0, valid: 0, invalid: 0 } });
const accepted: Reply = { status: 202, body: received };

describe("submit", () => {
  it("sends the file as it is, with every option of the API", async () => {
    const csv = await putSheet();
    await using api = await playApi({ "POST /v1/batches": accepted });
    const choices = ["--on-invalid", "skip", "--on-existing", "update", "--token-ids", "sequential"];
    const numbers = ["--collection", "900", "--first", "3", "--first-token-id", "0x10"];
    const flags = ["--force", "--refresh-media", "--no-publish", "--media-set", "relics-v2"];
    const texts = [
      "--name",
      "Relics & more",
      "--template",
      "name=Relic #{id}=x",
      "--template",
      "image=https://a/{id}",
    ];
    const rest = ["--map", "description=Story", "--idempotency-key", "once"];
    const ran = await runCli(["submit", csv, ...choices, ...numbers, ...flags, ...texts, ...rest], {
      url: api.url,
    });
    expect(ran.code).toBe(0);
    const [sent] = api.seen;
    expect(Object.fromEntries(sent?.query ?? [])).toEqual({
      name: "Relics & more",
      collectionId: "900",
      onInvalid: "skip",
      onExisting: "update",
      publish: "false",
      first: "3",
      force: "true",
      refreshMedia: "true",
      mediaSet: "relics-v2",
      tokenIds: "sequential",
      firstTokenId: "16",
      "template[name]": "Relic #{id}=x",
      "template[image]": "https://a/{id}",
      "map[description]": "Story",
    });
    expect(sent?.headers).toMatchObject({
      "content-type": "text/csv",
      "content-length": String(sent?.body.length),
      "idempotency-key": "once",
    });
    expect(String(sent?.body)).toBe(RELICS);
  });

  it("says which batch it is, how to follow it and what else it takes to be public", async () => {
    const csv = await putSheet();
    await using api = await playApi({
      "POST /v1/batches": { status: 202, body: { ...received, collectionPublished: false } },
    });
    const ran = await runCli(["submit", csv], { url: api.url });
    expect(ran.stdout).toContain(`${BATCH_ID}  relics.csv → collection 900 (emulator#1)`);
    expect(ran.stdout).toContain(`npx --no mintline watch ${BATCH_ID}`);
    expect(lastLine(ran)).toMatch(/npx --no mintline collection publish 900$/);
    const json = await runCli(["submit", csv, "--json"], { url: api.url });
    expect(jsonLines(json)).toEqual([{ ...received, collectionPublished: false }]);
  });

  it("reads standard input for -", async () => {
    await using api = await playApi({ "POST /v1/batches": accepted });
    const ran = await runCli(["submit", "-"], { url: api.url, stdin: "name\nSword\n" });
    expect(ran.code).toBe(0);
    expect(String(api.seen[0]?.body)).toBe("name\nSword\n");
  });

  it("follows to the end with --watch, and to the plan with --dry-run alone", async () => {
    const csv = await putSheet();
    const plan = { create: 2, update: 0, unchanged: 0, conflict: 0, calls: 8, bytes: 10, seconds: 1 };
    await using api = await playApi({
      "POST /v1/batches": accepted,
      [`GET /v1/batches/${BATCH_ID}`]: inTurn(
        { body: batchOf({ jobs: { completed: 9, dead: 1 } }) },
        { body: batchOf({ state: "planned", jobs: {}, plan }) },
      ),
      "GET /v1/dead-letters": page([]),
    });
    const watched = await runCli(["submit", csv, "--watch"], { url: api.url });
    expect(watched.code).toBe(1);
    expect(watched.stdout).toContain("finished: 9 done");
    const planned = await runCli(["submit", csv, "--dry-run"], { url: api.url });
    expect(planned.code).toBe(0);
    expect(planned.stdout).toContain("plan: 2 to create");
    expect(api.seen.find(({ query }) => query.get("dryRun") === "true")?.path).toBe("/v1/batches");
  });

  it("names the limit for a file that is over it, without sending a byte", async () => {
    const csv = await putSheet();
    await truncate(csv, 1_000_000_001);
    await using api = await playApi({});
    const ran = await runCli(["submit", csv], { url: api.url });
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain("at most 1000 MB");
    expect(api.seen).toEqual([]);
  });
});
