import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { checkUrl } from "../../../shared/intake/media-urls.ts";
import { checkMediaSource } from "../../../shared/media/sources.ts";
import { ADDRESS_ATTACKS, ONLY_IN_CELLS } from "../../support/attack-addresses.ts";
import { errors, type Given, read, readRow } from "./support.ts";

const CID = "QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG";

const file = (fileName: string, contentType: string) => ({
  fileName,
  contentType,
  sha256: createHash("sha256").update(fileName).digest("hex"),
  bytes: fileName.length,
});
const FILES = [
  file("1.png", "image/png"),
  file("art/dragon.PNG", "image/png"),
  file("old/dragon.png", "image/png"),
  file("3.mp4", "video/mp4"),
  file("4.jpg", "image/jpeg"),
  file("4.webp", "image/webp"),
  file("song.mp3", "audio/mpeg"),
  file("5.png", "image/png"),
  file("5.mp4", "video/mp4"),
];
const set: Given = { files: FILES };
const mediaOf = async (columns: Record<string, string>, given: Given = {}) =>
  (await readRow(columns, given)).tokens[0]?.media;

describe("a media cell with a URL", () => {
  test("is kept as it is meant", async () => {
    expect(await mediaOf({ image: "HTTPS://Example.com/a b.png" })).toEqual([
      { field: "image", source: { kind: "url", url: "https://example.com/a%20b.png" } },
    ]);
  });

  test.each<[string, string]>([
    ["https://", "row.media_url"],
    ["just words", "row.media_url"],
    ["www.example.com", "row.media_url"],
    ["ftp://example.com/1.png", "row.media_scheme"],
    ["javascript:alert(1)", "row.media_scheme"],
    ["http://127.0.0.1/1.png", "row.media_private"],
    ["http://localhost/1.png", "row.media_private"],
    ["http://169.254.169.254/latest", "row.media_private"],
    ["http://10.0.0.7:8080/x", "row.media_private"],
    ["http://user:pass@example.com/x", "row.media_credentials"],
  ])("%s is refused", async (image, code) => {
    const report = await readRow({ image });
    expect(errors(report)).toEqual([`2 image ${code}`]);
  });

  test.each([...ADDRESS_ATTACKS, ...ONLY_IN_CELLS])("the attack list: %s", async (_, image, code) => {
    const report = await readRow({ image });
    expect(errors(report)).toEqual([`2 image row.media_${code}`]);
    expect(report.problems[0]?.next).toMatch(/\.$/);
  });

  test.each([
    [`ipfs://ipfs/${CID}/1.png`, `ipfs://${CID}/1.png`],
    [`/ipfs/${CID}/1.png`, `ipfs://${CID}/1.png`],
    [`ar://${CID.slice(0, 43)}`, `ar://${CID.slice(0, 43)}`],
    [`https://gateway.example/ipfs/${CID}`, `https://gateway.example/ipfs/${CID}`],
  ])("%s names content, and stays a name until a job fetches it", async (image, url) => {
    expect(await mediaOf({ image })).toEqual([{ field: "image", source: { kind: "url", url } }]);
  });

  test("may be private where an operator says so", async () => {
    const given = { privateHosts: ["127.0.0.1:9000"] };
    expect(await mediaOf({ image: "http://127.0.0.1:9000/1.png" }, given)).toHaveLength(1);
    expect(errors(await readRow({ image: "http://127.0.0.1:9001/1.png" }, given))).toHaveLength(1);
  });
});

describe("addresses of one host after another", () => {
  test("are judged as each of them alone", () => {
    const hosts = [
      "example.com",
      "cdn.example.com",
      "www.example.com",
      "localhost",
      "a.internal",
      "10.0.0.1",
      "1.2.3.4",
      "0x7f.1",
      "127.1",
      "127.0.0.1:9000",
      "127.1:9000",
      "127.0.0.1:9001",
      "example.com:80",
      "example.com:443",
      "example.com:8080",
      "example.com:08080",
      "example.com:99999",
      "1.2.3.4.",
      "dropbox.com",
      "github.com",
      "drive.google.com",
    ];
    const paths = [
      "",
      "/",
      "/1.png",
      "/a/../b",
      "/./a",
      "/.hidden",
      "/a//b",
      "/A%20b",
      "/a b",
      "/a?x=1",
      "/a#x",
      "/..",
      "/a..b",
      "/owner/repo/blob/main/a.png",
      "/ü",
      "/a\\b",
    ];
    const schemes = ["https://", "http://", "HTTPS://", "https:", "ftp://"];
    const privateHosts = ["127.0.0.1:9000"];
    let same = 0;
    for (const scheme of schemes)
      for (const host of hosts)
        for (const path of [...paths, ...paths]) {
          const url = `${scheme}${host}${path}`;
          const alone = checkMediaSource(url, [...privateHosts]);
          const among = checkUrl(url, privateHosts);
          if (!among.ok && among.error.code === "row.media_share_link") continue;
          expect(among, url).toEqual(alone);
          same += 1;
        }
    expect(same).toBeGreaterThan(1_000);
  });

  test("are looked at one by one where the path tells a share page from a file", () => {
    const privateHosts: string[] = [];
    expect(checkUrl("https://dropbox.com/about", privateHosts).ok).toBe(true);
    expect(checkUrl("https://dropbox.com/s/abc/1.png", privateHosts)).toMatchObject({
      error: { code: "row.media_share_link" },
    });
  });
});

describe("a media cell with a name", () => {
  test("is bound to the file's bytes", async () => {
    expect(await mediaOf({ image: "C:\\art\\1.png" }, set)).toEqual([
      { field: "image", source: { kind: "set", ...FILES[0] } },
    ]);
  });

  test.each<[Record<string, string>, string]>([
    [{ image: "dragom.gif" }, "2 image row.media_missing"],
    [{ image: "../../../../etc/passwd" }, "2 image row.media_missing"],
    [{ image: "..\\..\\windows\\win.ini" }, "2 image row.media_missing"],
    [{ image: "/proc/self/environ" }, "2 image row.media_missing"],
    [{ image: "%2e%2e%2fsecret.png" }, "2 image row.media_missing"],
    [{ image: "media/0000.png" }, "2 image row.media_missing"],
    [{ image: "DRAGON.png" }, "2 image row.media_ambiguous"],
    [{ image: "3.mp4" }, "2 image row.media_wrong_type"],
    [{ video: "song.mp3" }, "2 video row.media_wrong_type"],
    [{ audio: "1.png" }, "2 audio row.media_wrong_type"],
  ])("%j is refused", async (columns, problem) => {
    expect(errors(await readRow(columns, set))).toEqual([problem]);
  });

  test("each field takes what fits it, animation_url anything", async () => {
    const media = await mediaOf(
      { image: "1.png", video: "3.mp4", audio: "song.mp3", animation_url: "3.mp4" },
      set,
    );
    expect(media?.map(({ field }) => field)).toEqual(["image", "animation_url", "video", "audio"]);
  });

  test("needs a media set", async () => {
    const report = await readRow({ image: "1.png" });
    expect(errors(report)).toEqual(["2 image row.media_missing"]);
    expect(report.problems[0]?.next).toContain("--media");
  });
});

describe("an empty media cell", () => {
  const rows = (ids: string[], header = "tokenId,name,image"): string =>
    `${header}\n${ids.map((id) => `${id},N,${header.includes("video") ? "," : ""}\n`).join("")}`;

  test("takes <tokenId>.* from the set", async () => {
    const report = await read(rows(["1", "3", "5"]), set);
    expect(
      report.tokens.map(({ media }) =>
        media.map(({ field, source }) => [field, "fileName" in source && source.fileName]),
      ),
    ).toEqual([[["image", "1.png"]], [["video", "3.mp4"]], [["image", "5.png"]]]);
    expect(report.usedFiles).toEqual(new Set(["1.png", "3.mp4", "5.png"]));
  });

  test("takes a video too where the file has a column for it", async () => {
    const report = await read(rows(["5"], "tokenId,name,image,video"), set);
    expect(report.tokens[0]?.media.map(({ field }) => field)).toEqual(["image", "video"]);
  });

  test("does so also where the file has no media column", async () => {
    expect((await read("tokenId,name\n1,N\n", set)).tokens[0]?.media).toHaveLength(1);
  });

  test("with two candidates is ambiguous, with none required", async () => {
    expect(errors(await read(rows(["4", "77"]), set))).toEqual([
      "2 image row.media_ambiguous",
      "3 image row.media_required",
    ]);
    expect(errors(await read("tokenId,name\n1,N\n"))).toEqual(["2 image row.media_required"]);
  });
});

describe("a data URL", () => {
  const png = readFileSync(new URL("../../fixtures/media/tiny.png", import.meta.url));

  test("is bound to its bytes, and the bytes do not swell the job", async () => {
    const [media] = (await mediaOf({ image: `data:image/png;base64,${png.toString("base64")}` })) ?? [];
    expect(media?.source).toEqual({
      kind: "set",
      fileName: "(data URL)",
      sha256: createHash("sha256").update(png).digest("hex"),
      bytes: png.length,
      contentType: "image/png",
    });
  });

  test("may be percent-encoded", async () => {
    const [media] = (await mediaOf({ image: "data:image/svg+xml;utf8,%3Csvg/%3E" })) ?? [];
    expect(media?.source).toMatchObject({ bytes: 6, contentType: "image/svg+xml" });
  });

  test("may be an SVG written into it as it is, per cent signs and all", async () => {
    const svg = '<svg width="100%" fill="#fff"/>';
    const [media] = (await mediaOf({ image: `data:image/svg+xml;utf8,${svg}` })) ?? [];
    expect(media?.source).toMatchObject({ bytes: svg.length });
  });

  test("may say that it is just bytes: what they are is seen when they are stored", async () => {
    const image = `data:application/octet-stream;base64,${png.toString("base64")}`;
    expect((await mediaOf({ image }))?.[0]?.source).toMatchObject({ bytes: png.length });
  });

  test.each<[string, string]>([
    ["data:image/png;base64,", "row.media_url"],
    ["data:image/png;base64,###", "row.media_url"],
    ["data:image/png", "row.media_url"],
    ["data:image/png,%E0%A4%A", "row.media_url"],
    ["data:text/html,<p>x", "row.media_wrong_type"],
    ["data:,hello", "row.media_wrong_type"],
    ["data:video/mp4;base64,AAAA", "row.media_wrong_type"],
  ])("%s is refused", async (image, code) => {
    expect(errors(await readRow({ image }))).toEqual([`2 image ${code}`]);
  });
});
