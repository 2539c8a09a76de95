import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import { batchOf, mediaFileOf, page, playApi, problem, type Reply } from "./play-api.ts";
import { playUploads, UPLOAD_ID } from "./play-uploads.ts";
import { runCli } from "./run-cli.ts";
import { useFolder } from "./use-folder.ts";

const { path, putSheet } = useFolder();
const accepted: Reply = {
  status: 202,
  body: batchOf({ state: "receiving", jobs: {}, rows: { total: 0, valid: 0, invalid: 0 } }),
};
const ROWS = Buffer.from(`id,name,image\n${"1,Sword,https://art.example/1.png\n".repeat(260_000)}`);

/** More than 8 MB of rows. */
async function putLarge(): Promise<string> {
  await writeFile(path("large.csv"), ROWS);
  return path("large.csv");
}

describe("a file above 8 MB", () => {
  it("goes up in parts and is submitted by the upload's id, without a body", async () => {
    const uploads = playUploads(3_000_000);
    await using api = await playApi({ ...uploads.routes, "POST /v1/batches": accepted });
    const ran = await runCli(["submit", await putLarge(), "--collection", "900"], { url: api.url });
    expect(ran.code).toBe(0);
    expect(uploads.file().equals(ROWS)).toBe(true);
    const submitted = api.seen.at(-1);
    expect(submitted?.path).toBe("/v1/batches");
    expect(Object.fromEntries(submitted?.query ?? [])).toMatchObject({
      uploadId: UPLOAD_ID,
      name: "large.csv",
    });
    expect(submitted?.body).toHaveLength(0);
    expect(submitted?.headers["content-type"]).toBe("text/csv");
    expect(Math.max(...api.seen.map(({ body }) => body.length))).toBe(3_000_000);
    expect(ran.stdout).toContain("large.csv: 8.8 MB of 8.8 MB sent");
  });

  it("goes on after Ctrl-C: the same command sends only what is missing", async () => {
    const csv = await putLarge();
    const reached = Promise.withResolvers<void>();
    let held = true;
    // From the sixth part on nobody answers.
    const uploads = playUploads(1_000_000, (number) => {
      if (number < 6 || !held) return null;
      reached.resolve();
      return problem(503, "storage.unavailable");
    });
    await using api = await playApi({ ...uploads.routes, "POST /v1/batches": accepted });
    const child = spawn(process.execPath, ["cli/mintline.ts", "submit", csv], {
      env: { PATH: process.env.PATH, MINTLINE_URL: api.url },
      stdio: ["ignore", "ignore", "pipe"],
    });
    const told = text(child.stderr);
    await reached.promise;
    child.kill("SIGINT");
    const [, signal] = await once(child, "close");
    expect(signal).toBe("SIGINT");
    expect(await told).toContain("the same command goes on from there");
    const before = [...uploads.came].sort();
    expect(before).toEqual([1, 2, 3, 4, 5]);
    held = false;
    uploads.came.length = 0;
    const ran = await runCli(["submit", csv], { url: api.url });
    expect(ran.code).toBe(0);
    expect(uploads.came.sort()).toEqual([6, 7, 8, 9]);
    expect(uploads.file().equals(ROWS)).toBe(true);
    expect(ran.stderr).toContain("5 of 9 parts are there already");
  });

  it("that is there already is not sent at all", async () => {
    const csv = await putLarge();
    const uploads = playUploads(5_000_000);
    await using api = await playApi({ ...uploads.routes, "POST /v1/batches": accepted });
    await runCli(["submit", csv], { url: api.url });
    uploads.came.length = 0;
    const ran = await runCli(["submit", csv], { url: api.url });
    expect(ran.code).toBe(0);
    expect(uploads.came).toEqual([]);
    expect(ran.stderr).toContain("is there already");
  });

  it("is begun anew where the upload is gone, but not for ever", async () => {
    const csv = await putLarge();
    let gone = true;
    const uploads = playUploads(5_000_000, () => {
      if (!gone) return null;
      gone = false;
      return problem(404, "upload.not_found");
    });
    await using api = await playApi({ ...uploads.routes, "POST /v1/batches": accepted });
    expect((await runCli(["submit", csv], { url: api.url })).code).toBe(0);
    const never = playUploads(5_000_000, () => problem(404, "upload.not_found"));
    await using other = await playApi({ ...never.routes, "POST /v1/batches": accepted });
    const ran = await runCli(["submit", csv], { url: other.url });
    expect([ran.code, ran.stderr]).toEqual([2, expect.stringContaining("upload.not_found")]);
    expect(other.calls().filter((call) => call === "POST /v1/uploads")).toHaveLength(3);
  });

  it("is taken from standard input as well, and not left lying about", async () => {
    const uploads = playUploads(5_000_000);
    await using api = await playApi({ ...uploads.routes, "POST /v1/batches": accepted });
    const env = { TMPDIR: path(".") };
    const ran = await runCli(["submit", "-"], { url: api.url, stdin: String(ROWS), env });
    expect(ran.code).toBe(0);
    expect(uploads.file().equals(ROWS)).toBe(true);
    expect((await readdir(path("."))).filter((name) => name.startsWith("mintline-"))).toEqual([]);
  });
});

it("a media file above 8 MB goes up in parts and is named by the upload's id", async () => {
  const film = randomBytes(9_000_000);
  await putSheet("id,name,image\n1,Sword,film.png\n");
  await mkdir(path("art"));
  await writeFile(path("art/film.png"), film);
  const uploads = playUploads(4_000_000);
  const { PUT: putPart, ...routes } = uploads.routes;
  await using api = await playApi({
    ...routes,
    GET: page([]),
    "POST /v1/media-sets/relics": { body: { named: [], missing: ["film.png"] } },
    "PUT /v1/media-sets/relics/film.png": { body: mediaFileOf("film.png", film) },
    PUT: (seen) => putPart?.(seen) ?? problem(404, "route.not_found"),
    "POST /v1/batches": accepted,
  });
  const ran = await runCli(["submit", path("relics.csv"), "--media", path("art"), "--media-set", "relics"], {
    url: api.url,
  });
  expect(ran.code).toBe(0);
  expect(uploads.file().equals(film)).toBe(true);
  const named = api.seen.find((one) => one.path.startsWith("/v1/media-sets/relics/film.png"));
  expect([named?.query.get("uploadId"), named?.body.length]).toEqual([UPLOAD_ID, 0]);
});
