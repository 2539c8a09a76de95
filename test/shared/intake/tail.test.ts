/** Where the rows end in a sheet whose checkboxes go on. */
import { describe, expect, test } from "vitest";
import { bytesSource } from "../../../shared/intake/source.ts";
import { findTail } from "../../../shared/intake/tail.ts";
import type { Encoding } from "../../../shared/intake/transcode.ts";
import { read, told } from "./support.ts";

const HEAD = "tokenId,name,image,Shiny,Rare\n";
const ROW = "1,One é,https://example.com/1.png,TRUE,FALSE\n";

const encoded = (text: string, encoding: Encoding): Buffer => {
  if (encoding === "utf-8") return Buffer.from(text);
  if (encoding === "windows-1252") return Buffer.from(text, "latin1");
  const bytes = Buffer.from(text, "utf16le");
  return encoding === "utf-16be" ? bytes.swap16() : bytes;
};

const tailOf = async (before: string, after: string, encoding: Encoding = "utf-8", delimiter = ",") => {
  const [head, rows, tail] = [HEAD, before, after].map((text) =>
    encoded(text.replaceAll(",", delimiter), encoding),
  );
  const bytes = Buffer.concat([head, rows, tail].flatMap((part) => part ?? []));
  const found = await findTail(bytesSource(bytes), {
    dialect: { syntax: "csv", encoding, delimiter },
    rows: { offset: head?.length ?? 0, line: 2 },
    plan: { fields: { tokenId: 0, name: 1, image: 2 } },
  });
  return { cut: bytes.length - found.end, lines: found.tailLines, of: tail?.length };
};

describe("the tail", () => {
  test.each<[string, string, string, boolean]>([
    ["rows of FALSE", ROW, ",,,FALSE,FALSE\n,,,FALSE,\n", true],
    ["in whatever case and spaces", ROW, ", ,,false, False \n", true],
    ["without a last line end", ROW, ",,,FALSE,FALSE", true],
    ["with blank lines behind it", ROW, ",,,FALSE,\n\n,,,,\n", true],
    ["of a file that has no other rows", "", ",,,FALSE,FALSE\n", true],
    ["no rows of FALSE", ROW, "", false],
    ["blank lines alone", ROW, "\n,,,,\n", false],
    ["a FALSE under the name", ROW, ",FALSE,,FALSE,\n", false],
    ["a TRUE among them", ROW, ",,,TRUE,FALSE\n", false],
    ["quotes, which may begin before", ROW, ',,,"FALSE",FALSE\n', false],
  ])("%s", async (_, before, after, isTail) => {
    const { cut, of } = await tailOf(before, after);
    expect(cut).toBe(isTail ? of : 0);
  });

  test.each<[Encoding, string]>([
    ["utf-8", ","],
    ["windows-1252", ";"],
    ["utf-16le", "\t"],
    ["utf-16be", "|"],
  ])("of many times what is read at once, in %s, separated by %j", async (encoding, delimiter) => {
    for (const end of ["\n", "\r\n", "\r"]) {
      const hollow = `,,,FALSE,FALSE${end}`.repeat(20_000);
      const { cut, lines, of } = await tailOf(ROW.repeat(3), hollow, encoding, delimiter);
      expect([cut, lines]).toEqual([of, 20_000]);
    }
  });

  test("is not looked for behind a line that is longer than any of it", async () => {
    expect((await tailOf(`${"x".repeat(3_000_000)}\n`, ",,,FALSE,\n")).lines).toBe(1);
    expect((await tailOf("", "F".repeat(3_000_000))).cut).toBe(0);
  });

  test("is none where a row of FALSE may be a token", async () => {
    const file = "Shiny,Rare\nTRUE,FALSE\nFALSE,FALSE\n";
    const report = await read(file, {
      template: { name: "Card {line}", image: "https://example.com/{line}.png" },
      tokenIds: "sequential",
    });
    expect(report.rows.valid).toBe(2);
    expect(told(report)).toEqual([]);
  });
});
