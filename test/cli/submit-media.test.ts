import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { NamingRequest } from "../../shared/api/contract.ts";
import { batchOf, mediaFileOf, page, playApi, problem, type Reply, type Seen } from "./play-api.ts";
import { jsonLines, runCli } from "./run-cli.ts";
import { useFolder } from "./use-folder.ts";

const { put, putSheet, putArt } = useFolder();
const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const accepted: Reply = {
  status: 202,
  body: batchOf({ state: "receiving", jobs: {}, rows: { total: 0, valid: 0, invalid: 0 } }),
};
/** No bytes are known under any name. */
const nothingKnown = ({ body }: Seen): Reply => {
  const { files } = NamingRequest.parse(JSON.parse(String(body)));
  return { body: { named: [], missing: files.map(({ fileName }) => fileName) } };
};
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
    POST: nothingKnown,
    "POST /v1/batches": accepted,
  });

describe("submit --media", () => {
  it("uploads what the set lacks, by name and content, and then submits with the set", async () => {
    const csv = await putSheet();
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
      `POST /v1/media-sets/${set}`,
      `PUT /v1/media-sets/${set}/deep%2Fshield.png`,
      "POST /v1/batches",
    ]);
    expect(String(api.seen[2]?.body)).toBe("bytes of deep/shield.png");
    expect(api.seen[3]?.query.get("mediaSet")).toBe(set);
    expect(ran.stderr).toContain("1 file uploaded, 1 there already");
  });

  it("does not send what no row uses, and says so", async () => {
    const csv = await putSheet();
    const art = await putArt("sword.png", "deep/shield.png", "sketch.png", "deep/sketch.png");
    await using api = await withSet();
    const ran = await runCli(["submit", csv, "--media", art], { url: api.url });
    expect(ran.code).toBe(0);
    const puts = api.seen.filter(({ method }) => method === "PUT").map(({ path }) => path.split("/").at(-1));
    expect(puts.sort()).toEqual(["deep%2Fshield.png", "sword.png"]);
    expect(ran.stderr).toContain(
      "2 files of the folder used by no valid row: deep/sketch.png, sketch.png. Not sent; --all-media sends all.",
    );
    expect(ran.stderr).toContain("2 files uploaded, 0 there already");
  });

  it("sends none where no row uses one", async () => {
    const csv = await putSheet("id,name,image\n1,Sword,https://example.com/1.png\n");
    const art = await putArt("sketch.png");
    await using api = await withSet();
    expect((await runCli(["submit", csv, "--media", art], { url: api.url })).code).toBe(0);
    expect(api.calls().map((call) => call.split(" ")[0])).toEqual(["GET", "POST"]);
    expect(api.calls()).toContain("POST /v1/batches");
  });

  it("uploads all of a new set, under the name that was given, if all is asked for", async () => {
    const csv = await putSheet();
    const names = Array.from({ length: 40 }, (_, at) => `${at + 1}.png`);
    const art = await putArt("sword.png", "deep/shield.png", ...names);
    await using api = await withSet();
    const ran = await runCli(["submit", csv, "--media", art, "--media-set", "relics", "--all-media"], {
      url: api.url,
    });
    expect(ran.code).toBe(0);
    const puts = api.seen.filter(({ method }) => method === "PUT").map(({ path }) => path);
    expect(puts.sort()).toEqual(
      ["deep%2Fshield.png", "sword.png", ...names].map((name) => `/v1/media-sets/relics/${name}`).sort(),
    );
    expect(ran.stdout).toContain("42 of 42 files uploaded");
  });

  it("sends one picture once, however many names it has, and none that the server has", async () => {
    const csv = await putSheet("id,name,image\n1,Sword,1.png\n2,Shield,2.png\n3,Lamp,3.png\n");
    const art = await putArt("1.png", "2.png");
    await put("art/3.png", "bytes of 1.png");
    const known = new Set([sha256("bytes of 2.png")]);
    await using api = await playApi({
      GET: problem(404, "media_set.not_found"),
      POST: ({ body }) => {
        const { files } = NamingRequest.parse(JSON.parse(String(body)));
        const missing = files.filter((file) => !known.has(file.sha256)).map(({ fileName }) => fileName);
        return { body: { named: [], missing } };
      },
      PUT: (seen) => {
        known.add(sha256(String(seen.body)));
        return putMedia(seen);
      },
      "POST /v1/batches": accepted,
    });
    const ran = await runCli(["submit", csv, "--media", art, "--media-set", "relics"], { url: api.url });
    expect(ran.code).toBe(0);
    expect(api.calls().slice(1, -1)).toEqual([
      "POST /v1/media-sets/relics",
      "PUT /v1/media-sets/relics/1.png",
      "POST /v1/media-sets/relics",
    ]);
    expect(JSON.parse(String(api.seen[3]?.body))).toEqual({
      files: [{ fileName: "3.png", sha256: sha256("bytes of 1.png") }],
    });
    expect(ran.stderr).toContain("1 file uploaded, 2 there already");
  });

  it("tries a file again after a hiccup, and stops at a refusal before submitting", async () => {
    const csv = await putSheet();
    const art = await putArt("sword.png", "deep/shield.png");
    let hiccups = 0;
    await using shaky = await playApi({
      GET: page([]),
      POST: nothingKnown,
      PUT: (seen) => (hiccups++ === 0 ? problem(503, "storage.unavailable") : putMedia(seen)),
      "POST /v1/batches": accepted,
    });
    const survived = await runCli(["submit", csv, "--media", art], { url: shaky.url });
    expect(survived.code).toBe(0);
    expect(shaky.calls().filter((call) => call.startsWith("PUT"))).toHaveLength(3);
    await using strict = await playApi({
      GET: page([]),
      POST: nothingKnown,
      PUT: problem(400, "media.unusable"),
    });
    const refused = await runCli(["submit", csv, "--media", art], { url: strict.url });
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain("media.unusable");
    expect(strict.calls()).not.toContain("POST /v1/batches");
  });

  it("tells missing and ambiguous names with their lines before anything is sent, and unused files", async () => {
    const art = await putArt("swort.png", "a/shield.png", "b/shield.png", "lamp.png", "new.png");
    const csv = await putSheet("id,name,image\n1,Sword,sword.png\n2,Shield,shield.png\n3,Lamp,lamp.png\n");
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
    const csv = await putSheet();
    const art = await putArt("sword.png", "unused.png");
    await using api = await withSet();
    const ran = await runCli(["submit", csv, "--media", art, "--on-invalid", "skip"], { url: api.url });
    expect(ran.code).toBe(0);
    expect(ran.stderr).toContain("line 3, image: error row.media_missing");
    // The bad row may have meant it, and what it meant must be told apart from what is there.
    expect(ran.stderr).toMatch(/1 file of the folder used by no valid row: unused\.png\.$/m);
    expect(api.calls().filter((call) => call.startsWith("PUT"))).toHaveLength(2);
    expect(api.calls()).toContain("POST /v1/batches");
  });

  it("also counts what the named set holds beside the folder", async () => {
    const csv = await putSheet();
    const art = await putArt("sword.png");
    await using api = await withSet(["deep/shield.png", "an earlier upload"]);
    const ran = await runCli(["submit", csv, "--media", art, "--media-set", "relics"], { url: api.url });
    expect(ran.code).toBe(0);
  });

  it("leaves to the deployment which private hosts it may fetch from", async () => {
    const art = await putArt("sword.png");
    const csv = await putSheet(
      "token_id,name,image\n1,Sword,sword.png\n2,Shield,http://127.0.0.1:8790/2.png\n",
    );
    await using api = await withSet();
    expect((await runCli(["submit", csv, "--media", art], { url: api.url })).code).toBe(0);
  });

  it("says with exit 3 that an upload was not allowed", async () => {
    const csv = await putSheet();
    const art = await putArt("sword.png", "deep/shield.png");
    await using api = await playApi({
      GET: page([]),
      POST: nothingKnown,
      PUT: problem(403, "auth.forbidden"),
    });
    expect((await runCli(["submit", csv, "--media", art], { url: api.url })).code).toBe(3);
  });
});
