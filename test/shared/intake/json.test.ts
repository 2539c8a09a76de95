/** JSON and JSON Lines: where a file is one of them, and where its records are. What is read of them is in the corpus. */
import { describe, expect, test } from "vitest";
import { type JsonDialect, readRecords } from "../../../shared/intake/records.ts";
import { readSlice } from "../../../shared/intake/slices.ts";
import { bytesSource } from "../../../shared/intake/source.ts";
import { syntaxOf } from "../../../shared/intake/syntax.ts";
import { errors, read } from "./support.ts";

describe("a file is", () => {
  test.each<[string, string, string | null, string]>([
    ["CSV", "tokenId,name\n1,A\n", null, "csv"],
    ["CSV although a name stands in brackets", "[id],[name]\n1,A\n", "text/csv", "csv"],
    ["CSV although a name stands in braces", "{id},{name}\n1,A\n", null, "csv"],
    ["JSON by its list", ' \n[\n {"a":1}]', null, "json"],
    ["JSON by an empty list", "[]", "text/csv", "json"],
    ["JSON by an object over lines", '{\n "rows": []\n}', null, "json"],
    ["JSON by an object alone", '{"rows":[{"a":1}]}\n', null, "json"],
    ["JSON Lines by a second line", '{"a":1}\n{"a":2}', null, "json-lines"],
    ["JSON Lines as said, however little", '{"a":1}', "application/x-ndjson", "json-lines"],
    ["JSON Lines although said to be JSON", '{"a":1}\n{"a":2}', "application/json", "json-lines"],
    ["JSON although said to be JSON Lines", '[{"a":1}]', "application/jsonl", "json"],
    [
      "JSON as said, so that its mistakes are told as such",
      "name,image",
      "application/json; charset=utf-8",
      "json",
    ],
  ])("%s", (_, text, type, expected) => {
    expect(syntaxOf(text, type, { atEnd: true })).toBe(expected);
  });

  test("refused where it is JSON of more than 20 MB", async () => {
    const list = (bytes: number): Buffer => Buffer.from(`[${" ".repeat(bytes - 2)}]`);
    expect(errors(await read(list(20_000_001)))).toEqual(["1  file.json_too_large"]);
    expect(errors(await read(list(20_000_000)))).toEqual(["1  file.no_rows"]);
  });

  test("refused where it has more keys than a table has columns", async () => {
    const keys = Array.from({ length: 1_001 }, (_, n) => `{"name":"N","key${n}":1}\n`);
    expect(errors(await read(keys.join("")))).toEqual(["1  file.too_many_keys"]);
  });
});

describe("a list", () => {
  const UTF8: JsonDialect = { syntax: "json", encoding: "utf-8" };
  const file = Buffer.from('[{"a":"}]\\"é"},\n\n  5 , {"b":[{}]}\r\n,[1],{"c":"𝄞"}\r]');
  const rows = { offset: 1, line: 1 };

  const flat = async (sliceBytes: number) => {
    const records = [];
    const source = bytesSource(file);
    for (let at = rows; at.offset < source.size; ) {
      for await (const piece of readSlice(source, at, UTF8, sliceBytes)) {
        records.push(...piece.records);
        at = piece.next;
      }
    }
    return records;
  };

  test("is cut into its elements, each with its own bytes and a line of its own", async () => {
    const records = await flat(1_000);
    expect(records.map(({ start, end }) => file.subarray(start, end).toString())).toEqual([
      '{"a":"}]\\"é"}',
      "5",
      '{"b":[{}]}',
      "[1]",
      '{"c":"𝄞"}',
    ]);
    expect(records.map(({ line }) => line)).toEqual([1, 3, 4, 5, 6]);
  });

  test("slices of every size give the records of one piece", async () => {
    const expected = await flat(1_000);
    for (let size = 1; size <= file.length; size += 1) expect(await flat(size)).toEqual(expected);
  });
});

describe("lines", () => {
  const UTF8: JsonDialect = { syntax: "json-lines", encoding: "utf-8" };
  const faults = (text: string, maxChars: number): unknown[] =>
    readRecords(Buffer.from(text), { offset: 0, line: 1 }, UTF8, true, maxChars).records.map((record) =>
      record.kind === "refused" ? record.fault : record.kind,
    );

  test("cut at every byte, the records are those of one piece", () => {
    const file = Buffer.from('{"a":"é"}\r\n\n{"b":1}\rnot 𝄞\n{"c":[]}');
    const start = { offset: 0, line: 1 };
    const expected = readRecords(file, start, UTF8, true).records;
    expect(expected.map(({ line }) => line)).toEqual([1, 2, 3, 4, 5]);
    for (let cut = 1; cut < file.length; cut += 1) {
      const first = readRecords(file.subarray(0, cut), start, UTF8, false);
      const rest = readRecords(file.subarray(first.next.offset), first.next, UTF8, true);
      expect([...first.records, ...rest.records]).toEqual(expected);
    }
  });

  test("one that has no end within a record's length ends the reading", () => {
    expect(faults(`{"a":1}\n{"b":"${"x".repeat(60)}"}\n{"c":1}\n`, 50)).toEqual(["object", "endless"]);
  });
});

describe("a record is known by what it says, not by how it is written", () => {
  const id = async (file: string): Promise<string | undefined> => (await read(file)).tokens[0]?.tokenId;

  test("its derived id is that of the same row in CSV, or with its keys in another order", async () => {
    const image = "https://example.com/1.png";
    const json = await id(`[{"name":"A","image":"${image}","size":{"b":1,"a":2},"Level":5}]`);
    expect(await id(`{"Level":5,"size":{"a":2,"b":1},"name":"A","image":"${image}","none":null}\n{}\n`)).toBe(
      json,
    );
    const flat = await id(`[{"name":"A","image":"${image}","Level":5}]`);
    expect(await id(`name,image,Level\nA,${image},5\n`)).toBe(flat);
  });

  test("a failed file of JSON keeps its tokens by _token_id, also beside metadata", async () => {
    const image = "https://example.com/1.png";
    const report = await read(
      `[{"metadata":{"name":"A","image":"${image}"},"_line":3,"_token_id":"77","_error":"x"}]`,
    );
    expect(report.tokens.map(({ tokenId }) => tokenId)).toEqual(["77"]);
    expect(report.problems).toEqual([]);
  });
});
