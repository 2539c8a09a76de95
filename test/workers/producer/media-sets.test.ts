import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { MediaFile, pageOf } from "../../../shared/api/contract.ts";
import { openDb } from "../../../shared/store/db.ts";
import { nameKnownMedia } from "../../../shared/store/media-files.ts";
import { CSV, producer, target } from "../../support/producer.ts";

const api = producer();

/** The smallest that is one: a transparent pixel. */
const PNG = Uint8Array.from(
  atob("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="),
  (character) => character.charCodeAt(0),
);

const put = (path: string, body: BodyInit = PNG) =>
  api.ask(`/v1/media-sets/${path}`, { method: "PUT", body });

test("a file is named, stored by its hash, listed and taken away", async () => {
  const { status, body } = await put("art/sword.png");
  expect(status).toBe(200);
  const file = MediaFile.parse(body);
  expect(file).toMatchObject({ fileName: "sword.png", bytes: PNG.length, contentType: "image/png" });
  expect(await env.BUCKET.head(`media/${file.sha256}`)).not.toBeNull();
  expect(pageOf(MediaFile).parse((await api.ask("/v1/media-sets/art")).body)).toEqual({
    items: [file],
    nextCursor: null,
  });
  const removed = await api.ask("/v1/media-sets/art/sword.png", { method: "DELETE" });
  expect([removed.status, removed.text]).toEqual([204, ""]);
  const again = await api.ask("/v1/media-sets/art/sword.png", { method: "DELETE" });
  expect([again.status, again.body.code]).toEqual([404, "media.not_found"]);
  expect((await api.ask("/v1/media-sets/art")).body.code).toBe("media_set.not_found");
});

test("a name may hold an encoded slash, spaces, umlauts and percent signs", async () => {
  const names = ["relics/sword.png", "100% löwe #1?.png", "a+b&c=d.png", "dir/sub dir/x.png"];
  for (const name of names) {
    const { status, body } = await put(`names/${encodeURIComponent(name)}`);
    expect([status, body.fileName]).toEqual([200, name]);
  }
  expect((await put("names/plain/slash.png")).body.fileName).toBe("plain/slash.png");
  const { body } = await api.ask("/v1/media-sets/names");
  expect(body.items.map(({ fileName }) => fileName).sort()).toEqual([...names, "plain/slash.png"].sort());
  expect(
    (await api.ask(`/v1/media-sets/names/${encodeURIComponent("relics/sword.png")}`, { method: "DELETE" }))
      .status,
  ).toBe(204);
});

test("the list is paged by name", async () => {
  for (const name of ["c", "a", "b", "e", "d"]) await put(`paged/${name}.png`);
  const first = await api.ask("/v1/media-sets/paged?limit=3");
  expect(first.body.items.map(({ fileName }) => fileName)).toEqual(["a.png", "b.png", "c.png"]);
  const second = await api.ask(`/v1/media-sets/paged?limit=3&cursor=${first.body.nextCursor}`);
  expect(second.body.items.map(({ fileName }) => fileName)).toEqual(["d.png", "e.png"]);
});

test("the same name takes other bytes", async () => {
  const first = await put("again/x.png");
  const second = await put(
    "again/x.png",
    new TextEncoder().encode('<svg xmlns="http://www.w3.org/2000/svg"/>'),
  );
  expect(second.body.contentType).toBe("image/svg+xml");
  expect(second.body.sha256).not.toBe(first.body.sha256);
  expect((await api.ask("/v1/media-sets/again")).body.items).toHaveLength(1);
});

test("a set with a file can be named in a submission", async () => {
  await put("submitted/x.png");
  const { status } = await api.ask("/v1/batches?collectionId=1&mediaSet=submitted", {
    method: "POST",
    body: CSV,
  });
  expect(status).toBe(202);
});

describe("refused", () => {
  test.each([
    ["%2Fetc%2Fpasswd", PNG, 400, "media.bad_name"],
    ["a%2F..%2Fb.png", PNG, 400, "media.bad_name"],
    ["a%5Cb.png", PNG, 400, "media.bad_name"],
    ["a%00b.png", PNG, 400, "media.bad_name"],
    [`${"x".repeat(501)}.png`, PNG, 400, "media.bad_name"],
    ["x.png", "", 400, "media.empty"],
    ["x.png", "<!doctype html><html>", 400, "media.html"],
    ["x.png", "just text", 400, "media.unknown_type"],
    ["x.png?set=1", PNG, 400, "query.unknown"],
  ] as const)("%s", async (name, body, status, code) => {
    const answer = await put(`refused/${name}`, body);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(answer.body.next).toMatch(/\w/);
    expect((await api.ask("/v1/media-sets/refused")).status).toBe(404);
  });

  test("a file over 95 MB is 413", async () => {
    const { status, body } = await api.ask("/v1/media-sets/refused/x.png", {
      method: "PUT",
      body: PNG,
      headers: { "content-length": "95000001" },
    });
    expect([status, body.code]).toEqual([413, "body.too_large"]);
  });
});

describe("names for bytes that are here", () => {
  const name = (set: string, files: { fileName: string; sha256: string }[], to = api) =>
    to.post(`/v1/media-sets/${set}`, { files });
  const UNKNOWN = "0".repeat(64);

  test("are given without sending them again, in any set, as often as one likes", async () => {
    const { sha256 } = MediaFile.parse((await put("first/sword.png")).body);
    const files = [
      { fileName: "a/1.png", sha256 },
      { fileName: "2.png", sha256 },
      { fileName: "3.png", sha256: UNKNOWN },
    ];
    const { status, body } = await name("second", files);
    const file = { sha256, bytes: PNG.length, contentType: "image/png" };
    expect([status, body]).toEqual([
      200,
      {
        named: [
          { fileName: "a/1.png", ...file },
          { fileName: "2.png", ...file },
        ],
        missing: ["3.png"],
      },
    ]);
    expect((await name("second", files)).body).toEqual(body);
    expect((await api.ask("/v1/media-sets/second")).body.items).toHaveLength(2);
  });

  test("are given for one that named other bytes, and read as many rows as there are names", async () => {
    const { sha256 } = MediaFile.parse((await put("many/0.png")).body);
    await put("many/1.png", new TextEncoder().encode('<svg xmlns="http://www.w3.org/2000/svg"/>'));
    const files = Array.from({ length: 500 }, (_, n) => ({ fileName: `${n}.png`, sha256 }));
    await name("many", files);
    const meter = { calls: 0, rowsRead: 0, rowsWritten: 0 };
    const given = { target: target(), set: "many", filesJson: JSON.stringify(files.slice(0, 3)), now: 1 };
    const rows = await nameKnownMedia(openDb(env.DB, meter), given);
    expect(rows.map(({ sha256: one }) => one)).toEqual([sha256, sha256, sha256]);
    expect(meter.rowsRead).toBeLessThan(60);
  });

  test.each([
    ["named", [{ fileName: "../x.png", sha256: UNKNOWN }], "media.bad_name"],
    ["named", [{ fileName: "x.png", sha256: "abc" }], "body.invalid"],
    ["named", [], "body.invalid"],
    ["x".repeat(101), [{ fileName: "x.png", sha256: UNKNOWN }], "media.bad_name"],
  ])("in %s of %j are refused", async (set, files, code) => {
    expect((await name(set, files)).body.code).toBe(code);
  });

  test("are not given for another target's", async () => {
    const { sha256 } = MediaFile.parse((await put("mine/sword.png")).body);
    const other = producer({ METADATA_URL: "http://127.0.0.1:9" });
    expect((await name("theirs", [{ fileName: "x.png", sha256 }], other)).body.missing).toEqual(["x.png"]);
  });
});

test("a set of another target is another set", async () => {
  await put("targets/x.png");
  const other = producer({ METADATA_URL: "http://127.0.0.1:9" });
  expect((await other.ask("/v1/media-sets/targets")).status).toBe(404);
});
