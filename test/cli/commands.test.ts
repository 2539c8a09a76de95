import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Collection } from "../../shared/api/contract.ts";
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

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "mintline-cli-"));
});
afterEach(() => rm(folder, { recursive: true }));

const collectionOf = (given: Partial<Collection> = {}): Collection =>
  Collection.parse({
    id: 900,
    name: "Relics",
    description: "Found things",
    externalLink: null,
    properties: null,
    attributes: null,
    image: null,
    published: false,
    tokenCount: 3,
    baseUri: "https://metadata.example/projects/1/collections/900/tokens/",
    contractUri: "https://metadata.example/projects/1/collections/900.json",
    ...given,
  });

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

describe("collection", () => {
  it("create sends the fields and the image, and prints the COLLECTION_ID line", async () => {
    const image = join(folder, "cover.png");
    await writeFile(image, "picture");
    const attributes = join(folder, "attributes.json");
    await writeFile(attributes, '[{"trait_type":"Era","value":"Bronze"}]');
    await using api = await playApi({
      "POST /v1/collections": { status: 201, body: collectionOf() },
      "PUT /v1/collections/900/image": {
        body: collectionOf({ image: "https://metadata.example/image.png" }),
      },
    });
    const options = ["--name", "Relics", "--external-link", "https://relics.example", "--image", image];
    const json = ["--properties", '{"season":2}', "--attributes", `@${attributes}`];
    const ran = await runCli(["collection", "create", ...options, ...json], { url: api.url });
    expect(ran.code).toBe(0);
    expect(ran.stdout.split("\n")[0]).toBe("COLLECTION_ID=900");
    expect(lastLine(ran)).toContain("npx --no mintline collection publish 900");
    expect(JSON.parse(String(api.seen[0]?.body))).toEqual({
      name: "Relics",
      externalLink: "https://relics.example",
      properties: { season: 2 },
      attributes: [{ trait_type: "Era", value: "Bronze" }],
    });
    expect(String(api.seen[1]?.body)).toBe("picture");
  });

  it("create keeps the id in sight when only the image fails", async () => {
    const image = join(folder, "cover.png");
    await writeFile(image, "no picture");
    await using api = await playApi({
      "POST /v1/collections": { body: collectionOf() },
      PUT: problem(400, "media.unknown_type"),
    });
    const ran = await runCli(["collection", "create", "--name", "Relics", "--image", image], {
      url: api.url,
    });
    expect(ran.code).toBe(2);
    expect(ran.stdout).toContain("COLLECTION_ID=900");
    expect(ran.stderr).toContain(`npx --no mintline collection update 900 --image ${image}`);
  });

  it.each([
    ["an image that is not there", ["--image", "no-such.png"], "no-such.png: expected a file"],
    ["properties that are no object", ["--properties", "[1]"], "--properties: expected a JSON object"],
    [
      "attributes that are no JSON",
      ["--attributes", "Era=Bronze"],
      "--attributes: expected a JSON array of objects",
    ],
    ["a link that is none", ["--external-link", "relics"], "externalLink"],
  ])("create makes nothing with %s", async (_what, options, told) => {
    await using api = await playApi({});
    const ran = await runCli(["collection", "create", "--name", "Relics", ...options], { url: api.url });
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain(told);
    expect(api.seen).toEqual([]);
  });

  it("show gives the base URI first, then where to paste it, then the calldata", async () => {
    await using api = await playApi({ "GET /v1/collections/900": { body: collectionOf() } });
    const ran = await runCli(["collection", "show", "900"], { url: api.url });
    const lines = ran.stdout.split("\n");
    expect(lines[0]).toContain("https://metadata.example/projects/1/collections/900/tokens/");
    expect(lines[1]).toContain("Builder → Contracts → your contract → Write Contract");
    expect(ran.stdout).toContain("METADATA_ADMIN_ROLE");
    // keccak-256("setBaseMetadataURI(string)") and ("setContractURI(string)") begin so.
    expect(ran.stdout).toMatch(/setBaseMetadataURI\(string\)\n +0x7e518ec8/);
    expect(ran.stdout).toMatch(/setContractURI\(string\)\n +0x938e3d7b/);
    const json = await runCli(["collection", "show", "900", "--json"], { url: api.url });
    expect(jsonLines(json)).toMatchObject([
      { ...collectionOf(), calls: { setContractURI: { signature: "setContractURI(string)" } } },
    ]);
  });

  it("list, update, publish and unpublish call their routes and no other", async () => {
    await using api = await playApi({
      "GET /v1/collections": page([collectionOf()]),
      "PATCH /v1/collections/900": { body: collectionOf({ description: "Lost things" }) },
      "POST /v1/collections/900/publish": { body: collectionOf({ published: true }) },
      "POST /v1/collections/900/unpublish": { body: collectionOf() },
    });
    const listed = await runCli(["collection", "list"], { url: api.url });
    expect(listed.stdout).toMatch(/^id +published +tokens +name\n900 +no +3 +Relics\n$/);
    await runCli(["collection", "update", "900", "--description", "Lost things"], { url: api.url });
    const published = await runCli(["collection", "publish", "900"], { url: api.url });
    expect(published.stdout).toContain("Collection 900 is public.");
    await runCli(["collection", "unpublish", "900"], { url: api.url });
    expect(api.calls()).toEqual([
      "GET /v1/collections",
      "PATCH /v1/collections/900",
      "POST /v1/collections/900/publish",
      "POST /v1/collections/900/unpublish",
    ]);
    expect(JSON.parse(String(api.seen[1]?.body))).toEqual({ description: "Lost things" });
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

describe("render", () => {
  const bytes = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0xff, 0x00]);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const png = { headers: { "content-type": "image/png" }, body: bytes };

  it("reads the public token and its media without any credentials", async () => {
    await using host = await playApi({
      "GET /tokens/16": () => ({ body: { name: "Relic 16", image: `${host.url}/tokens/16/image.png` } }),
      "GET /tokens/16/image.png": png,
    });
    await using api = await playApi({
      "GET /v1/collections/900": { body: collectionOf({ published: true, baseUri: `${host.url}/tokens/` }) },
    });
    const file = join(folder, "relic.png");
    const ran = await runCli(["render", "900", "0x10", "-o", file], {
      url: api.url,
      env: { MINTLINE_TOKEN: "secret" },
    });
    expect(ran.code).toBe(0);
    expect(ran.stdout).toContain(`${host.url}/tokens/16/image.png`);
    expect(ran.stdout).toContain(`image/png, ${bytes.length} bytes, sha256 ${sha256}`);
    expect(await readFile(file)).toEqual(bytes);
    expect(host.seen.map(({ headers }) => headers.authorization)).toEqual([undefined, undefined]);
    const json = await runCli(["render", "900", "16", "--json"], { url: api.url });
    expect(jsonLines(json)).toMatchObject([{ sha256, metadata: { name: "Relic 16" } }]);
  });

  it("says what to type where the public sees nothing yet", async () => {
    await using host = await playApi({});
    await using api = await playApi({
      "GET /v1/collections/900": { body: collectionOf({ baseUri: `${host.url}/tokens/` }) },
    });
    const ran = await runCli(["render", "900", "16"], { url: api.url });
    expect(ran.code).toBe(3);
    expect(ran.stderr).toContain(`${host.url}/tokens/16 answered HTTP 404 to the public.`);
    expect(ran.stderr).toContain("npx --no mintline collection publish 900");
  });

  it("renders privately through the API, to a file or to standard output", async () => {
    await using api = await playApi({ "GET /v1/collections/900/tokens/16/asset/animation_url": png });
    const args = ["render", "900", "16", "--private", "--field", "animation_url"];
    const file = join(folder, "relic.gif");
    const ran = await runCli([...args, "-o", file], { url: api.url });
    expect(ran.code).toBe(0);
    expect(await readFile(file)).toEqual(bytes);
    const piped = await runCli([...args, "-o", "-"], { url: api.url });
    expect(Buffer.from(piped.stdout)).toEqual(Buffer.from(String(bytes)));
    expect(piped.stderr).toContain(`sha256 ${sha256}`);
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
});
