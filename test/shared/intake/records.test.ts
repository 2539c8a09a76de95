import { describe, expect, test } from "vitest";
import { type Dialect, type FileRecord, readRecords } from "../../../shared/intake/records.ts";
import { readSlice } from "../../../shared/intake/slices.ts";
import { bytesSource } from "../../../shared/intake/source.ts";

const UTF8: Dialect = { syntax: "csv", encoding: "utf-8", delimiter: "," };
const START = { offset: 0, line: 1 };

const whole = (text: string | Uint8Array, dialect = UTF8, maxBytes?: number): readonly FileRecord[] =>
  readRecords(Buffer.from(text), START, dialect, true, maxBytes).records;
const cells = (text: string, delimiter = ","): unknown[] =>
  whole(text, { syntax: "csv", encoding: "utf-8", delimiter }).map(plain);
const plain = (record: FileRecord): unknown =>
  record.kind === "cells" ? record.cells : record.kind === "refused" ? record.fault : record.row;
const lines = (text: string): number[] => whole(text).map(({ line }) => line);

describe("the grammar", () => {
  test.each<[string, string, unknown[]]>([
    ["trims unquoted cells", " a ,\tb , c\u00a0\n", [["a", "b", "c"]]],
    ["keeps spaces inside quotes", '" a "," b "\n', [[" a ", " b "]]],
    ["lets a quote after spaces open a cell", 'x,  "a, b" ,y\n', [["x", "a, b", "y"]]],
    ["reads doubled quotes", '"say ""hi""",2\n', [['say "hi"', "2"]]],
    [
      "keeps line ends in cells",
      '"a\r\nb",2\n3,4\n',
      [
        ["a\r\nb", "2"],
        ["3", "4"],
      ],
    ],
    ["takes CRLF, LF and CR in one file", "a\r\nb\nc\rd", [["a"], ["b"], ["c"], ["d"]]],
    ["takes a quote inside a cell as text", '5" pipe,b" c "d\n', [['5" pipe', 'b" c "d']]],
    ["keeps ragged rows as they are", "a,b,c\n1\n1,2,3,4\n", [["a", "b", "c"], ["1"], ["1", "2", "3", "4"]]],
    ["keeps empty lines", "a\n\nb\n", [["a"], [""], ["b"]]],
    ["reads nothing from nothing", "", []],
  ])("%s", (_, text, expected) => {
    expect(cells(text)).toEqual(expected);
  });

  test.each<[string, string, unknown[]]>([
    ["\t", "a\t\tb\n", [["a", "", "b"]]],
    [";;", "a;;b;c;;d\n", [["a", "b;c", "d"]]],
    ["|", "a|b,c\n", [["a", "b,c"]]],
    [";", 'a; "b;c"\n', [["a", "b;c"]]],
  ])("splits at %j", (delimiter, text, expected) => {
    expect(cells(text, delimiter)).toEqual(expected);
  });
});

describe("lines are physical", () => {
  test("a record is known by the line on which it begins", () => {
    expect(lines('a\n"1\n2\r\n3"\rb\r\nc\n\nd')).toEqual([1, 2, 5, 6, 7, 8]);
  });
});

describe("what cannot be read is refused, and reading goes on", () => {
  test.each<[string, string, unknown[]]>([
    ["text after a quote", 'a\n"q"x,1\nb\n', [["a"], "text_after_quote", ["b"]]],
    ["text after a quote in a later cell", 'a,"q" x\nb\n', ["text_after_quote", ["b"]]],
    ["text after a quote behind lines in quotes", 'a,"1\n2"x\nb\n', ["text_after_quote", ["b"]]],
    ["two quoted words in a cell", '"a" "b",c\nd\n', ["text_after_quote", ["d"]]],
    ["a quote that is never closed", 'a\nb,"c\nd\ne', [["a"], "quote_not_closed", ["d"], ["e"]]],
    ["a bad cell at the end", 'a\n"b"c', [["a"], "text_after_quote"]],
  ])("%s", (_, text, expected) => {
    expect(cells(text)).toEqual(expected);
  });

  const faults = (text: string): unknown[] => whole(text, UTF8, 50).map(plain);

  test("a record that is too long is cut at the next line, however much of it is in hand", () => {
    expect(faults(`a\n"${"x".repeat(40)}\ny\n"\nb\n`)).toEqual([["a"], [`${"x".repeat(40)}\ny\n`], ["b"]]);
    expect(faults(`a\n"${"x".repeat(40)}\n${"y\n".repeat(9)}"\nb\n`).slice(0, 3)).toEqual([
      ["a"],
      "too_long",
      ["y"],
    ]);
  });

  test("a line without end ends the reading", () => {
    expect(faults(`a\n${"z".repeat(60)}\nb\n`)).toEqual([["a"], "endless"]);
  });
});

const NASTY = [
  "\ufeffid, name ,description",
  '1, "A, ""B""\r\nC" ,é€𝄞\u2028x',
  '2,,\r3,"\r\r\n\n",\'',
  '"q"x,bad 𝄞\n4,  "d"  ,"e"',
  '5," 𝄞é"\u00a0,z\r\n',
  ',,\n"""",""""" ""é"""\n6,5" pipe,"unclosed é\r\n7,8',
].join("\n");

const flat = async (bytes: Uint8Array, dialect: Dialect, sliceBytes: number): Promise<FileRecord[]> => {
  const source = bytesSource(bytes);
  const records: FileRecord[] = [];
  for (let at = START; at.offset < source.size; ) {
    for await (const piece of readSlice(source, at, dialect, sliceBytes)) {
      records.push(...piece.records);
      at = piece.next;
    }
  }
  return records;
};

describe("a slice may end anywhere", () => {
  const utf16 = (bigEndian: boolean): Buffer => {
    const bytes = Buffer.from(NASTY, "utf16le");
    return bigEndian ? bytes.swap16() : bytes;
  };
  test.each<[Dialect["encoding"], Buffer]>([
    ["utf-8", Buffer.from(NASTY)],
    ["utf-16le", utf16(false)],
    ["utf-16be", utf16(true)],
    ["windows-1252", Buffer.from(NASTY.replace(/[^\n\r -\u00ff]/g, "?"), "latin1")],
  ])("%s: cut at every byte, the records are those of one piece", async (encoding, bytes) => {
    const dialect: Dialect = { syntax: "csv", encoding, delimiter: "," };
    const expected = whole(bytes, dialect);
    expect(expected.length).toBeGreaterThan(10);
    for (let cut = 1; cut < bytes.length; cut += 1) {
      const first = readRecords(bytes.subarray(0, cut), START, dialect, false);
      const rest = readRecords(bytes.subarray(first.next.offset), first.next, dialect, true);
      expect([...first.records, ...rest.records]).toEqual(expected);
    }
  });

  test("slices of every size give the records of one piece", async () => {
    const bytes = Buffer.from(NASTY);
    const expected = whole(bytes);
    for (let size = 1; size <= bytes.length; size += 1)
      expect(await flat(bytes, UTF8, size)).toEqual(expected);
  });

  test("every byte belongs to one record", () => {
    const bytes = Buffer.from(NASTY);
    let end = 0;
    for (const record of whole(bytes)) {
      expect(record.start).toBe(end);
      end = record.end;
    }
    expect(end).toBe(bytes.length);
  });

  test("random text, cut at random, reads the same and loses no byte", async () => {
    const alphabet = ['"', ",", "\n", "\r", "\r\n", " ", "a", "é", "𝄞", '""', ", ", "\u00a0"];
    let seed = 7;
    const next = (below: number): number => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return Math.floor((seed / 2_147_483_648) * below);
    };
    for (let round = 0; round < 1_500; round += 1) {
      const text = Array.from({ length: next(40) }, () => alphabet[next(alphabet.length)]).join("");
      const bytes = Buffer.from(text);
      const expected = whole(bytes);
      expect(expected.at(-1)?.end ?? 0, JSON.stringify(text)).toBe(bytes.length);
      expect(await flat(bytes, UTF8, 1 + next(12)), JSON.stringify(text)).toEqual(expected);
    }
  });
});
