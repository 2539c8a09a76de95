import { describe, expect, test } from "vitest";
import {
  deriveTokenId,
  parseTokenId,
  repeatTokenId,
  type TokenIdFault,
} from "../../../shared/job/token-id.ts";

const MAX = "115792089237316195423570985008687907853269984665640564039457584007913129639935";

describe("a token id is a whole number below 2^256, in any of its spellings", () => {
  test.each<[string, string]>([
    ["0", "0"],
    ["7", "7"],
    ["007", "7"],
    ["0000", "0"],
    [" 42 ", "42"],
    ["0x1A5E", "6750"],
    ["0X00ff", "255"],
    [MAX, MAX],
    [`0${MAX}`, MAX],
    [`0x${"f".repeat(64)}`, MAX],
    ["9".repeat(77), "9".repeat(77)],
  ])("%s", (text, id) => {
    expect(parseTokenId(text)).toEqual({ ok: true, value: id });
  });

  test.each<[string, TokenIdFault]>([
    ["", "empty"],
    ["  ", "empty"],
    ["-1", "negative"],
    ["−1", "negative"],
    ["-1.5", "negative"],
    ["1.5", "fractional"],
    ["1,5", "fractional"],
    ["7.0", "fractional"],
    [".5", "fractional"],
    ["1.23457E+17", "scientific"],
    ["1,23457E+17", "scientific"],
    ["1e21", "scientific"],
    ["1,000", "thousands"],
    ["1,234,567", "thousands"],
    ["1.234.567", "thousands"],
    ["1 000", "thousands"],
    ["1’000", "thousands"],
    [`${MAX.slice(0, -1)}6`, "too_large"],
    [`0x1${"0".repeat(64)}`, "too_large"],
    ["9".repeat(78), "too_large"],
    ["0x", "not_a_number"],
    ["0xZZ", "not_a_number"],
    ["+5", "not_a_number"],
    ["#5", "not_a_number"],
    ["five", "not_a_number"],
    ["1 2", "not_a_number"],
    ["٣", "not_a_number"],
  ])("%j is refused as %s", (text, fault) => {
    expect(parseTokenId(text)).toEqual({ ok: false, error: fault });
  });
});

describe("a derived id", () => {
  const own = { collectionId: 900, ordinal: 0 };
  const id = deriveTokenId({
    ...own,
    cells: [
      ["name", "A"],
      ["Hair Color", "red"],
    ],
  });

  test("is the same in every release", () => {
    expect(id).toBe("434807778227029748258111407571773425750318085926");
    expect(repeatTokenId(id, 1)).toBe("1458488532277777494368126968138501563172307806659");
  });

  test("is a number of 160 bits", () => {
    expect(BigInt(id)).toBeLessThan(2n ** 160n);
    expect(parseTokenId(id)).toEqual({ ok: true, value: id });
  });

  test.each<[string, (readonly [string, string])[]]>([
    [
      "the order of the columns",
      [
        ["Hair Color", "red"],
        ["name", "A"],
      ],
    ],
    [
      "an empty column more",
      [
        ["name", "A"],
        ["Hair Color", "red"],
        ["Eyes", ""],
      ],
    ],
    [
      "the spelling of a header",
      [
        ["NAME", "A"],
        ["hair_color", "red"],
      ],
    ],
  ])("does not depend on %s", (_, cells) => {
    expect(deriveTokenId({ ...own, cells })).toBe(id);
  });

  test.each<[string, Parameters<typeof deriveTokenId>[0]]>([
    [
      "a cell",
      {
        ...own,
        cells: [
          ["name", "A"],
          ["Hair Color", "Red"],
        ],
      },
    ],
    [
      "the column of a cell",
      {
        ...own,
        cells: [
          ["name", "A"],
          ["Eyes", "red"],
        ],
      },
    ],
    [
      "where a cell ends",
      {
        ...own,
        cells: [
          ["name", "Ar"],
          ["Hair Color", "ed"],
        ],
      },
    ],
    [
      "the collection",
      {
        ...own,
        collectionId: 901,
        cells: [
          ["name", "A"],
          ["Hair Color", "red"],
        ],
      },
    ],
    [
      "how many identical rows came before",
      {
        ...own,
        ordinal: 1,
        cells: [
          ["name", "A"],
          ["Hair Color", "red"],
        ],
      },
    ],
  ])("depends on %s", (_, given) => {
    expect(deriveTokenId(given)).not.toBe(id);
  });

  test("of a repeated row follows from the first one's", () => {
    const cells: [string, string][] = [
      ["name", "A"],
      ["Hair Color", "red"],
    ];
    expect(deriveTokenId({ ...own, ordinal: 3, cells })).toBe(repeatTokenId(id, 3));
    expect(repeatTokenId(id, 0)).toBe(id);
  });
});
