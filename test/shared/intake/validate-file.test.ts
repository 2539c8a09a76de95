import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { validateFile } from "../../../shared/intake/validate-file.ts";
import { errors, OPTIONS, read, told } from "./support.ts";

const at = (path: string): URL => new URL(`../../../${path}`, import.meta.url);

describe("real files", () => {
  test("10,000 CryptoPunks with two templates", { timeout: 60_000 }, async () => {
    const report = await read(readFileSync(at("test/fixtures/cryptopunks.csv")), {
      template: { name: "CryptoPunk #{id}", image: "http://127.0.0.1:9000/punks/{id}.png" },
      privateHosts: ["127.0.0.1:9000"],
    });
    expect(report.rows).toEqual({ total: 10_000, valid: 10_000, invalid: 0 });
    expect(told(report)).toEqual([]);
    expect(report.mapping).toMatchObject({ tokenId: "id", "attributes[skin tone]": "skin tone" });
    expect(report.tokens.map(({ tokenId }) => tokenId)).toEqual(
      Array.from({ length: 10_000 }, (_, id) => `${id}`),
    );
    expect(report.tokens[2]).toEqual({
      tokenId: "2",
      token: {
        name: "CryptoPunk #2",
        description: "",
        decimals: 0,
        properties: null,
        attributes: [
          { trait_type: "type", value: "Human" },
          { trait_type: "gender", value: "Female" },
          { trait_type: "skin tone", value: "Light" },
          { trait_type: "count", value: 1 },
          { trait_type: "accessories", value: "Wild Hair" },
        ],
      },
      media: [{ field: "image", source: { kind: "url", url: "http://127.0.0.1:9000/punks/2.png" } }],
    });
  });

  test("the relics of the demo, every row and every file", async () => {
    const files = readdirSync(at("examples/art"), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name, parentPath }) => ({ fileName: `${parentPath}/${name}`.split("/art/")[1] ?? name }));
    const report = await read(readFileSync(at("examples/relics.csv")), { files });
    expect(errors(report)).toEqual([]);
    expect(report.rows.valid).toBe(28);
    expect(files.filter(({ fileName }) => !report.usedFiles.has(fileName))).toEqual([
      { fileName: "cover.png" },
    ]);
    const ids = report.tokens.map(({ tokenId }) => tokenId);
    expect(ids.slice(7, 8)).toEqual(["7"]);
    expect(ids.slice(-2)).toEqual(["6750", (2n ** 256n - 1n).toString()]);
  });

  test("the thirdweb example without media: traits of every other column", async () => {
    const report = await read(readFileSync(at("test/fixtures/thirdweb-example.csv")), {
      template: { image: "https://example.com/{line}.png" },
      tokenIds: "sequential",
    });
    expect(report.format).toBe("thirdweb");
    expect(report.mapping).toMatchObject({
      "attributes[can be]": "can be",
      "attributes[additional]": "additional",
    });
  });
});

describe("token ids that come twice", () => {
  const file = (...ids: string[]): string =>
    `tokenId,name,image\n${ids.map((id) => `${id},N,https://example.com/1.png\n`).join("")}`;

  test("the first row keeps the id, each later one names both lines", async () => {
    const report = await read(file("1", "2", "0x1", "3", "01"));
    expect(errors(report)).toEqual(["4 tokenId row.duplicate_token_id", "6 tokenId row.duplicate_token_id"]);
    expect(report.problems.map(({ message }) => message)).toEqual([
      "Expected each token id once, got 1 on line 2 and again on line 4.",
      "Expected each token id once, got 1 on line 2 and again on line 6.",
    ]);
    expect(report.rows).toEqual({ total: 5, valid: 3, invalid: 2 });
  });

  test("identical rows without ids are as many tokens, the same ones every time", async () => {
    const rows =
      "name,image\nA,https://example.com/a\nB,https://example.com/b\nA,https://example.com/a\nA,https://example.com/a\n";
    const first = await read(rows);
    const ids = first.tokens.map(({ tokenId }) => tokenId);
    expect(new Set(ids).size).toBe(4);
    expect(errors(first)).toEqual([]);
    const again = await read(rows);
    expect(again.tokens.map(({ tokenId }) => tokenId)).toEqual(ids);
    const other = await read("image,name,_error\nhttps://example.com/b,B,x\n");
    expect(other.tokens[0]?.tokenId).toBe(ids[1]);
    const elsewhere = await read(rows, { collectionId: 901 });
    expect(elsewhere.tokens.some(({ tokenId }) => ids.includes(tokenId))).toBe(false);
    const failed = await read(
      rows.replace("name,", "_token_id,name,").replaceAll("\nA", "\n,A").replace("\nB", "\n7,B"),
    );
    expect(failed.tokens.map(({ tokenId }) => tokenId)).toEqual([ids[0], "7", ids[2], ids[3]]);
  });

  test("a row that was refused for its id comes back: not with that id, unless its mark is taken off", async () => {
    const row = (tokenId: string, code = "row.duplicate_token_id"): string =>
      `tokenId,name,image,_line,_state,_token_id,_code\n${tokenId},N,https://example.com/1.png,3,invalid,1,${code}\n`;
    for (const id of ["1", "0x01"]) {
      const report = await read(row(id));
      expect(errors(report)).toEqual(["2 tokenId row.duplicate_token_id"]);
      expect(report.problems[0]?.message).toMatch(
        /^Expected each token id once, got 1, which another row has/,
      );
    }
    for (const mended of [row("2"), row("1", ""), row("1", "row.missing_name")]) {
      expect((await read(mended)).rows).toEqual({ total: 1, valid: 1, invalid: 0 });
    }
  });
});

describe("many problems", () => {
  test("10,000 of each severity are listed, all are counted", { timeout: 60_000 }, async () => {
    const rows = Array.from(
      { length: 12_000 },
      (_, n) => `${n},N,https://example.com/1.png,#ffffff,${n % 2 ? "x" : ""}`,
    );
    const report = await read(`tokenId,name,image,background_color,decimals\n${rows.join("\n")}\n`);
    expect(report.rows).toEqual({ total: 12_000, valid: 6_000, invalid: 6_000 });
    expect(report.warnings).toBe(12_000);
    expect(errors(report)).toHaveLength(6_000);
    expect(report.problems).toHaveLength(16_000);
  });
});

test("a file is read slice by slice, whatever its size", { timeout: 60_000 }, async () => {
  const row = (n: number): string => `${n},${"Name ".repeat(100)},https://example.com/${n}.png\n`;
  const file = Buffer.from(
    `tokenId,name,image\n${Array.from({ length: 16_000 }, (_, n) => row(n)).join("")}`,
  );
  expect(file.length).toBeGreaterThan(8_000_000);
  let largest = 0;
  const source = {
    size: file.length,
    read: (offset: number, length: number) => {
      largest = Math.max(largest, Math.min(length, file.length - offset));
      return Promise.resolve(file.subarray(offset, offset + length));
    },
  };
  const report = await validateFile(source, OPTIONS, { set: null, privateHosts: [] });
  expect(report.rows.valid).toBe(16_000);
  expect(largest).toBeLessThanOrEqual(4_000_000);
  expect(report.samples).toHaveLength(5);
});
