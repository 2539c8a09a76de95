import { describe, expect, test } from "vitest";
import { decideEncoding } from "../../../shared/intake/encoding.ts";
import { bytesSource } from "../../../shared/intake/source.ts";
import { errors, read, told } from "./support.ts";

const ROW = "1,One,https://example.com/1.png";
const HEAD = "tokenId,name,image";
const FILE = `${HEAD}\n${ROW}\n`;

describe("a file that cannot be used says why", () => {
  test.each<[string, string | Uint8Array, string]>([
    ["empty", "", "1  file.empty"],
    ["only a byte order mark", "\ufeff", "1  file.empty"],
    ["only empty lines", "\n\r\n  \n", "1  file.empty"],
    ["header only", `${HEAD}\n`, "1  file.no_rows"],
    ["header and empty rows", `${HEAD}\n,,\n\n`, "1  file.no_rows"],
    ["no header", `${ROW}\n2,Two,https://example.com/2.png\n`, "1 1 file.no_header"],
    ["no name", "tokenId,image\n1,https://example.com/1.png\n", "1 name file.missing_name"],
    ["a colon as delimiter", "tokenId:name:image\n1:One:x\n", "1 tokenId:name:image file.wrong_delimiter"],
    ["spaces as delimiter", "tokenId name image\n1 One x\n", "1 tokenId name image file.wrong_delimiter"],
    ["a header with commas and rows with semicolons", `${HEAD}\n1;One;x\n`, "2 tokenId file.wrong_delimiter"],
    [
      "a workbook",
      Buffer.from("PK\u0003\u0004\u0014\u0000\u0006\u0000", "latin1"),
      "1 (column 1) file.not_text",
    ],
    ["UTF-16 without its mark", Buffer.from(FILE, "utf16le"), "1 (column 1) file.not_text"],
    [
      "a header whose quote never closes",
      `"tokenId,name\n${"x".repeat(1_100_000)}`,
      "1  file.unreadable_header",
    ],
  ])("%s", async (_, file, expected) => {
    const report = await read(file);
    expect(errors(report)).toEqual([expected]);
    expect(report.rows.valid).toBe(0);
    for (const { message, next } of report.problems) expect(`${message} ${next}`).not.toContain("undefined");
  });

  test("bytes that mean nothing in UTF-8 nor Windows-1252 are named by line and column", async () => {
    const file = Buffer.concat([
      Buffer.from(`${HEAD}\n${ROW}\n2,Tw`),
      Buffer.from([0xe9, 0x81, 0x6f]),
      Buffer.from(",x\n"),
    ]);
    const report = await read(file);
    expect(errors(report)).toEqual(["3 name file.undecodable"]);
    expect(report.problems[0]?.message).toContain("line 3, character");
  });
});

describe("the encoding", () => {
  const text = "tokenId,name,image\n1,Café “Ω”,https://example.com/1.png\n";
  const western = Buffer.from(
    "tokenId,name,image\n1,Caf\u00e9 \u0093x\u0094 \u0080,https://example.com/1.png\n",
    "latin1",
  );
  const utf16 = Buffer.from(`\ufeff${text}`, "utf16le");

  test.each<[string, Uint8Array, string | null, string]>([
    ["UTF-8", Buffer.from(text), null, "Café “Ω”"],
    ["UTF-8 with its mark", Buffer.from(`\ufeff${text}`), "text/csv", "Café “Ω”"],
    ["UTF-8 as said", Buffer.from(text), "text/csv; charset=UTF-8", "Café “Ω”"],
    ["UTF-16 LE by its mark", utf16, null, "Café “Ω”"],
    ["UTF-16 BE by its mark", Buffer.from(utf16).swap16(), null, "Café “Ω”"],
    ["UTF-16 LE as said, without mark", utf16.subarray(2), "text/csv;charset=utf-16le", "Café “Ω”"],
    ["Windows-1252 as said", western, 'text/csv; charset="windows-1252"', "Café “x” €"],
    [
      "Latin-1 as said, which the web reads as Windows-1252",
      western,
      "text/csv; charset=ISO-8859-1",
      "Café “x” €",
    ],
    ["Windows-1252 because nothing else fits", western, null, "Café “x” €"],
  ])("%s", async (_, file, contentType, name) => {
    const report = await read(file, { contentType });
    expect(report.tokens.map(({ token }) => token.name)).toEqual([name]);
    expect(report.tokens[0]?.tokenId).toBe("1");
  });

  test("a guess is said, a statement is not", async () => {
    expect(told(await read(western))).toEqual(["1  file.encoding_guessed"]);
    expect(told(await read(western, { contentType: "text/csv; charset=cp1252" }))).toEqual([]);
  });

  test("what was said must be true", async () => {
    expect(errors(await read(western, { contentType: "text/csv; charset=utf-8" }))).toEqual([
      "2 name file.undecodable",
    ]);
    for (const charset of ["klingon", "constructor"]) {
      const report = await read(FILE, { contentType: `text/csv; charset=${charset}` });
      expect(errors(report)).toEqual(["1  file.unknown_charset"]);
    }
  });

  test("a character that two reads cut in two is whole", async () => {
    const letters = { "utf-8": Buffer.from("é€𝄞"), "utf-16le": Buffer.from("é€𝄞", "utf16le") };
    for (const [charset, unit] of Object.entries(letters)) {
      const bytes = Buffer.concat(Array.from({ length: 500_000 }, () => unit));
      const decided = await decideEncoding(bytesSource(bytes), `text/csv; charset=${charset}`);
      expect(decided.ok, charset).toBe(true);
      const broken = Buffer.concat([
        bytes,
        charset === "utf-8" ? Buffer.from([0xc3, 0x28]) : Buffer.from([0x00, 0xd8]),
      ]);
      const refused = await decideEncoding(bytesSource(broken), `text/csv; charset=${charset}`);
      expect(refused).toMatchObject({ ok: false, error: { kind: "undecodable" } });
      if (!refused.ok && refused.error.kind === "undecodable")
        expect(Math.abs(refused.error.offset - bytes.length)).toBeLessThan(2);
    }
  });
});

describe("the delimiter", () => {
  test.each<[string, string]>([
    ["commas", FILE],
    ["semicolons", FILE.replaceAll(",", ";")],
    ["double semicolons", FILE.replaceAll(",", ";;")],
    ["tabs", FILE.replaceAll(",", "\t")],
    ["bars", FILE.replaceAll(",", "|")],
    ["commas and spaces", FILE.replaceAll(",", " , ")],
    ["commas, with a bar in a name", `${HEAD},attributes|Color\n${ROW},Red\n`],
    ["commas, with semicolons in a cell", `${HEAD},description\n${ROW},a; b; c; d; e\n`],
    ["a comma behind the last column", `${HEAD},\n${ROW},\n`],
    ["lines that end with CR", FILE.replaceAll("\n", "\r")],
    ["empty lines before the header", `\n\n${FILE}`],
    ["no line end at the end", FILE.trimEnd()],
  ])("%s", async (_, file) => {
    const report = await read(file);
    expect(errors(report)).toEqual([]);
    expect(report.tokens).toMatchObject([
      { tokenId: "1", token: { name: "One" }, media: [{ source: { url: "https://example.com/1.png" } }] },
    ]);
  });

  test("one known column needs none", async () => {
    const report = await read("name\nOne\nTwo\n", {
      template: { image: "https://example.com/{line}.png" },
      tokenIds: "sequential",
    });
    expect(report.tokens.map(({ tokenId, token }) => [tokenId, token.name])).toEqual([
      ["0", "One"],
      ["1", "Two"],
    ]);
  });
});
