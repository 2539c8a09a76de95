/** ZIPs and folders as what is to be submitted: which file is the table, which are media, and what is refused. */
import { existsSync, readdirSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { describe, expect, it } from "vitest";
import { layoutOf } from "../../cli/archive/layout.ts";
import { openSubmission } from "../../cli/archive/open.ts";
import { listFolder } from "../../cli/media-folder.ts";
import { type ZipEntry, zipOf } from "../support/zip.ts";
import { useFolder } from "./use-folder.ts";

const { path } = useFolder();

const CSV = "tokenID,name,file_name\n1,One,1.png\n";
const file = (name: string, bytes: string | Buffer = "art"): ZipEntry => ({ name, bytes });

async function zip(entries: readonly ZipEntry[], options = {}): Promise<string> {
  await writeFile(path("drop.zip"), zipOf(entries, options));
  return path("drop.zip");
}

/** The table's name and text, and the names of the media. */
async function opened(given: string) {
  const found = await openSubmission(given, 1_000_000);
  if (!found.ok) return { fault: found.error.code, message: found.error.message };
  const { media, bytes, file: table, notes } = found.value;
  const listed = media === null ? [] : await listFolder(media, table);
  const names = Array.isArray(listed)
    ? listed
    : listed.ok
      ? listed.value.map(({ fileName }) => fileName)
      : [];
  return { table: table.split("/").at(-1), text: await bytes.text(), media: names, notes };
}

describe("a ZIP", () => {
  it("gives its table and its media, below the folder that they share", async () => {
    const given = await zip([
      { ...file("drop/metadata.csv", CSV), deflated: true },
      file("drop/images/1.png"),
      file("drop/images/deep/2.png"),
      file("drop/readme.md", "hello"),
      file("__MACOSX/drop/._metadata.csv", "x"),
      file("drop/.DS_Store", "x"),
      { name: "drop/empty/", bytes: "" },
    ]);
    expect(await opened(given)).toEqual({
      table: "metadata.csv",
      text: CSV,
      media: ["1.png", "deep/2.png"],
      notes: [
        expect.stringMatching(/holds drop\/metadata.csv and 2 media files; left out: drop\/readme.md\.$/),
      ],
    });
  });

  it("may be larger than the fields of old ones say", async () => {
    const given = await zip([file("a.csv", CSV), file("1.png")], { zip64: true });
    expect(await opened(given)).toMatchObject({ table: "a.csv", text: CSV, media: ["1.png"] });
  });

  it("with one N.json a token gives JSON Lines, by number, with the number as id", async () => {
    const given = await zip([
      file("assets/10.json", '\ufeff{\n  "name": "Ten"\n}\n'),
      file("assets/9.json", '{"name":"Nine","tokenId":"99"}'),
      file("assets/collection.json", '{"name":"All"}'),
      file("assets/2.json", "{}"),
      file("assets/2.png"),
    ]);
    expect(await opened(given)).toMatchObject({
      text: '{"tokenId":"2"}\n{"name":"Nine","tokenId":"99"}\n{"tokenId":"10","name": "Ten" }\n',
      media: ["2.png"],
    });
  });

  it.each<[string, ZipEntry[], string, RegExp]>([
    ["no table", [file("1.png")], "archive.no_table", /1\.png/],
    ["two tables", [file("a.csv"), file("b/b.csv")], "archive.several_tables", /a\.csv, b\/b\.csv/],
    [
      "N.json in two folders",
      [file("a/1.json", "{}"), file("b/1.json", "{}")],
      "archive.several_tables",
      /a\/\*/,
    ],
    [
      "an N.json that is none",
      [file("1.json", "{}"), file("2.json", "[1]"), file("3.json", "x")],
      "archive.bad_json",
      /2\.json, 3\.json/,
    ],
    ["a workbook", [file("[Content_Types].xml"), file("xl/workbook.xml")], "archive.workbook", /Excel/],
    [
      "a password",
      [file("a.csv"), { ...file("1.png"), deflated: true, flags: 1 }],
      "archive.encrypted",
      /1\.png/,
    ],
    [
      "a link",
      [file("a.csv"), { ...file("1.png", "/etc/passwd"), mode: 0o120777 }],
      "archive.link",
      /1\.png/,
    ],
    ["a name that leads outside", [file("a.csv"), file("../../outside.png")], "archive.unusable", /outside/],
    ["an absolute name", [file("/outside.png")], "archive.unusable", /absolute/],
    ["a drive's name", [file("C:\\outside.png")], "archive.unusable", /absolute|invalid/],
    ["two files of one name", [file("a.csv"), file("1.png"), file("1.png")], "archive.unusable", /EEXIST/],
    ["a wrong checksum", [{ ...file("a.csv", CSV), crc: 7 }], "archive.unusable", /checksum of a\.csv/],
    ["less than it says", [{ ...file("a.csv", CSV), deflated: true, size: 999 }], "archive.unusable", /./],
    [
      "more than it says",
      [{ ...file("a.csv", "x".repeat(9_999)), deflated: true, size: 10 }],
      "archive.unusable",
      /./,
    ],
    ["a bomb", [{ ...file("a.csv", CSV), deflated: true, size: 200_000_000 }], "archive.too_large", /100 MB/],
  ])("with %s is refused", async (_, entries, fault, message) => {
    const given = await zip(entries);
    const found = await opened(given);
    expect(found).toMatchObject({ fault });
    expect(found.message).toMatch(message);
    expect(existsSync(path("../outside.png"))).toBe(false);
    expect(readdirSync(path("."))).toEqual(["drop.zip"]);
  });

  it.each<[string, Buffer]>([
    ["cut off", zipOf([file("a.csv", CSV)]).subarray(0, 60)],
    ["nothing but an end", zipOf([])],
    ["a beginning without an end", Buffer.concat([Buffer.from("PK\u0003\u0004"), Buffer.alloc(200, 7)])],
  ])("%s is refused", async (_, bytes) => {
    await writeFile(path("drop.zip"), bytes);
    expect((await opened(path("drop.zip"))).fault).toMatch(/^archive\.(unusable|no_table)$/);
  });
});

describe("a folder", () => {
  it("is read like a ZIP of it", async () => {
    for (const [name, text] of [
      ["json/1.json", '{"name":"One"}'],
      ["json/_metadata.json", "[]"],
      ["images/1.png", "art"],
    ] as const) {
      await mkdir(dirname(path(`build/${name}`)), { recursive: true });
      await writeFile(path(`build/${name}`), text);
    }
    expect(await opened(path("build"))).toMatchObject({
      table: "_metadata.json",
      text: "[]",
      media: ["1.png"],
    });
  });
});

describe("a file", () => {
  it("is taken as it is, a single N.json with its number", async () => {
    await writeFile(path("a.csv"), CSV);
    expect(await opened(path("a.csv"))).toEqual({ table: "a.csv", text: CSV, media: [], notes: [] });
    await writeFile(path("7.json"), '{"name":"Seven"}');
    expect(await opened(path("7.json"))).toMatchObject({ text: '{"tokenId":"7","name":"Seven"}\n' });
    await writeFile(path("8.json"), '[{"name":"Eight"}]');
    expect(await opened(path("8.json"))).toMatchObject({ table: "8.json", text: '[{"name":"Eight"}]' });
  });
});

describe("the layout", () => {
  const table = (...names: string[]) => {
    const layout = layoutOf("x", names);
    return layout.ok && layout.value.table.kind === "file" ? layout.value.table.file : layout;
  };
  it("prefers a sheet to JSON, and a whole list to single files", () => {
    expect(table("a.csv", "1.json", "_metadata.json")).toBe("a.csv");
    expect(table("1.json", "2.json", "b/metadata.json")).toBe("b/metadata.json");
    expect(table("tokens.json", "collection.json", "art.png")).toBe("tokens.json");
    expect(table("tokens.jsonl", "1.png")).toBe("tokens.jsonl");
  });
});
