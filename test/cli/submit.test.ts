import { mkdir, mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  BATCH_ID,
  batchOf,
  inTurn,
  mediaFileOf,
  page,
  playApi,
  problem,
  type Reply,
  type Seen,
} from "./play-api.ts";
import { jsonLines, lastLine, runCli } from "./run-cli.ts";

let folder: string;
let csv: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "mintline-submit-"));
  csv = await put("relics.csv", "token_id,name,image\n1,Sword,sword.png\n2,Shield,deep/shield.png\n");
});
afterEach(() => rm(folder, { recursive: true }));

async function put(name: string, bytes: string): Promise<string> {
  const path = join(folder, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, bytes);
  return path;
}

async function putArt(...names: string[]): Promise<string> {
  for (const name of names) await put(`art/${name}`, `bytes of ${name}`);
  return join(folder, "art");
}

const received = batchOf({ state: "receiving", jobs: {}, rows: { total: 0, valid: 0, invalid: 0 } });
const accepted: Reply = { status: 202, body: received };
const putMedia = ({ path, body }: Seen): Reply => ({
  body: mediaFileOf(decodeURIComponent(path.split("/").at(-1) ?? ""), body),
});
/** A deployment whose media sets hold what is given. */
const withSet = (...held: [name: string, bytes: string][]) =>
  playApi({
    GET:
      held.length > 0
        ? page(held.map(([name, bytes]) => mediaFileOf(name, Buffer.from(bytes))))
        : problem(404, "media_set.not_found"),
    PUT: putMedia,
    "POST /v1/batches": accepted,
  });

describe("submit", () => {
  it("sends the file as it is, with every option of the API", async () => {
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
    expect(String(sent?.body)).toBe("token_id,name,image\n1,Sword,sword.png\n2,Shield,deep/shield.png\n");
  });

  it("says which batch it is, how to follow it and what else it takes to be public", async () => {
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
    await truncate(csv, 95_000_001);
    await using api = await playApi({});
    const ran = await runCli(["submit", csv], { url: api.url });
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain("at most 95 MB");
    expect(api.seen).toEqual([]);
  });
});

describe("submit --media", () => {
  it("uploads what the set lacks, by name and content, and then submits with the set", async () => {
    const art = await putArt("sword.png", "deep/shield.png");
    await using api = await withSet(
      ["sword.png", "bytes of sword.png"],
      ["deep/shield.png", "an older picture"],
    );
    const ran = await runCli(["submit", csv, "--media", art], { url: api.url });
    expect(ran.code).toBe(0);
    const set = api.seen[0]?.path.split("/").at(-1) ?? "";
    expect(set).toMatch(/^set-[0-9a-f]{24}$/);
    expect(api.calls()).toEqual([
      `GET /v1/media-sets/${set}`,
      `PUT /v1/media-sets/${set}/deep%2Fshield.png`,
      "POST /v1/batches",
    ]);
    expect(String(api.seen[1]?.body)).toBe("bytes of deep/shield.png");
    expect(api.seen[2]?.query.get("mediaSet")).toBe(set);
    expect(ran.stderr).toContain("1 file uploaded, 1 there already");
  });

  it("uploads all of a new set, under the name that was given", async () => {
    const names = Array.from({ length: 40 }, (_, at) => `${at + 1}.png`);
    const art = await putArt("sword.png", "deep/shield.png", ...names);
    await using api = await withSet();
    const ran = await runCli(["submit", csv, "--media", art, "--media-set", "relics"], { url: api.url });
    expect(ran.code).toBe(0);
    const puts = api.seen.filter(({ method }) => method === "PUT").map(({ path }) => path);
    expect(puts.sort()).toEqual(
      ["deep%2Fshield.png", "sword.png", ...names].map((name) => `/v1/media-sets/relics/${name}`).sort(),
    );
    expect(ran.stdout).toContain("42 of 42 files uploaded");
  });

  it("tries a file again after a hiccup, and stops at a refusal before submitting", async () => {
    const art = await putArt("sword.png", "deep/shield.png");
    let hiccups = 0;
    await using shaky = await playApi({
      GET: page([]),
      PUT: (seen) => (hiccups++ === 0 ? problem(503, "storage.unavailable") : putMedia(seen)),
      "POST /v1/batches": accepted,
    });
    const survived = await runCli(["submit", csv, "--media", art], { url: shaky.url });
    expect(survived.code).toBe(0);
    expect(shaky.calls().filter((call) => call.startsWith("PUT"))).toHaveLength(3);
    await using strict = await playApi({ GET: page([]), PUT: problem(400, "media.unusable") });
    const refused = await runCli(["submit", csv, "--media", art], { url: strict.url });
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain("media.unusable");
    expect(strict.calls()).not.toContain("POST /v1/batches");
  });

  it("tells missing and ambiguous names with their lines before anything is sent, and unused files", async () => {
    const art = await putArt("swort.png", "a/shield.png", "b/shield.png", "lamp.png", "new.png");
    csv = await put("relics.csv", "id,name,image\n1,Sword,sword.png\n2,Shield,shield.png\n3,Lamp,lamp.png\n");
    await using api = await withSet();
    const ran = await runCli(["submit", csv, "--media", art], { url: api.url });
    expect(ran.code).toBe(1);
    expect(ran.stdout).toMatch(/line 2, image: error row\.media_missing: .*\n.*Did you mean "swort\.png"\?/);
    expect(ran.stdout).toMatch(
      /line 3, image: error row\.media_ambiguous: .*"a\/shield\.png", "b\/shield\.png"/,
    );
    expect(ran.stderr).toContain("used by no valid row: a/shield.png, b/shield.png, new.png, swort.png");
    expect(ran.stderr).toContain("nothing was uploaded and nothing submitted");
    expect(api.calls()).toEqual([expect.stringMatching(/^GET \/v1\/media-sets\//)]);
    const json = await runCli(["submit", csv, "--media", art, "--json"], { url: api.url });
    expect(jsonLines(json)).toMatchObject([
      { line: 2, column: "image", code: "row.media_missing" },
      { line: 3, column: "image", code: "row.media_ambiguous" },
      { error: { code: "submit.rows_invalid" } },
    ]);
  });

  it("goes on without those rows if bad rows are to be left out", async () => {
    const art = await putArt("sword.png", "unused.png");
    await using api = await withSet();
    const ran = await runCli(["submit", csv, "--media", art, "--on-invalid", "skip"], { url: api.url });
    expect(ran.code).toBe(0);
    expect(ran.stderr).toContain("line 3, image: error row.media_missing");
    expect(ran.stderr).toContain("1 file of the folder used by no valid row: unused.png.");
    expect(api.calls()).toContain("POST /v1/batches");
  });

  it("also counts what the named set holds beside the folder", async () => {
    const art = await putArt("sword.png");
    await using api = await withSet(["deep/shield.png", "an earlier upload"]);
    const ran = await runCli(["submit", csv, "--media", art, "--media-set", "relics"], { url: api.url });
    expect(ran.code).toBe(0);
  });

  it("leaves to the deployment which private hosts it may fetch from", async () => {
    const art = await putArt("sword.png");
    csv = await put(
      "relics.csv",
      "token_id,name,image\n1,Sword,sword.png\n2,Shield,http://127.0.0.1:8790/2.png\n",
    );
    await using api = await withSet();
    expect((await runCli(["submit", csv, "--media", art], { url: api.url })).code).toBe(0);
  });

  it("says with exit 3 that an upload was not allowed", async () => {
    const art = await putArt("sword.png", "deep/shield.png");
    await using api = await playApi({ GET: page([]), PUT: problem(403, "auth.forbidden") });
    expect((await runCli(["submit", csv, "--media", art], { url: api.url })).code).toBe(3);
  });
});

describe("validate", () => {
  /** Nothing listens there: the command must not notice. */
  const offline = { url: "http://127.0.0.1:1" };

  it("passes a good file, believing the names of its art, and shows the first token", async () => {
    const ran = await runCli(["validate", csv], offline);
    expect(ran.code).toBe(0);
    expect(ran.stdout).toContain("2 rows, 2 valid, 0 invalid");
    expect(ran.stdout).toContain('"name":"Sword"');
    expect(ran.stderr).toContain("2 names of media files believed: --media DIR looks them up.");
  });

  it("looks the names up in a folder", async () => {
    const art = await putArt("sword.png");
    const ran = await runCli(["validate", csv, "--media", art, "--json"], offline);
    expect(ran.code).toBe(1);
    expect(jsonLines(ran)).toMatchObject([
      { line: 3, column: "image", code: "row.media_missing", severity: "error" },
      { rows: { total: 2, valid: 1, invalid: 1 }, mapping: { image: "image" }, usedFiles: 1 },
    ]);
  });

  it("finds ids that are there twice although the art is not", async () => {
    csv = await put("relics.csv", "token_id,name,image\n1,Sword,sword.png\n1,Shield,shield.png\n");
    const ran = await runCli(["validate", csv], offline);
    expect(ran.code).toBe(1);
    expect(ran.stdout).toContain("line 3, token_id: error row.duplicate_token_id");
  });

  it("reads by the options of submit", async () => {
    const punks = await put("punks.csv", "id, type\n7, Human\n");
    const bare = await runCli(["validate", punks], offline);
    expect(bare.code).toBe(1);
    expect(bare.stdout).toContain("file.missing_name");
    const templates = ["--template", "name=Punk #{id}", "--template", "image=https://art.example/{id}.png"];
    const ran = await runCli(["validate", punks, ...templates, "--json"], offline);
    expect(ran.code).toBe(0);
    expect(jsonLines(ran).at(-1)).toMatchObject({ samples: [{ tokenId: "7", token: { name: "Punk #7" } }] });
  });

  it("refuses private hosts but for those the deployment is said to allow", async () => {
    csv = await put("relics.csv", "token_id,name,image\n1,Sword,http://127.0.0.1:8790/1.png\n");
    expect((await runCli(["validate", csv], offline)).code).toBe(1);
    expect((await runCli(["validate", csv, "--private-host", "127.0.0.1:8790"], offline)).code).toBe(0);
  });
});
