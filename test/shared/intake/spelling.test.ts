import { describe, expect, test } from "vitest";
import { rarity } from "../../../shared/intake/rarity.ts";
import type { CheckedRow } from "../../../shared/intake/row.ts";
import { Spellings, spellingCheck } from "../../../shared/intake/spelling.ts";
import type { JobArgs } from "../../../shared/job/job.ts";
import { LIMITS } from "../../../shared/limits.ts";

const argsOf = (traits: Record<string, string | number>): JobArgs => ({
  tokenId: "1",
  token: {
    name: "N",
    description: "",
    decimals: 0,
    properties: null,
    attributes: Object.entries(traits).map(([trait_type, value]) => ({ trait_type, value })),
  },
  media: [],
});
const row = (line: number, traits: Record<string, string | number>): CheckedRow & { kind: "valid" } => ({
  kind: "valid",
  line,
  problems: [],
  args: argsOf(traits),
  text: "",
  inline: [],
});
type Check = ReturnType<typeof spellingCheck>;
const told = (check: Check, line: number, traits: Record<string, string | number>): string[] =>
  check.check(row(line, traits)).map(({ column, code, value }) => `${column} ${code} ${value}`);

describe("near-duplicates", () => {
  test.each([
    ["Blue", "blue"],
    ["Blue", " Blue"],
    ["Light Blue", "Light  blue "],
    ["Café", "Cafe\u0301"],
    ["Blue", "Ｂｌｕｅ"],
  ])("%j and %j are nearly alike", (one, other) => {
    const check = spellingCheck();
    expect(told(check, 2, { Hat: one })).toEqual([]);
    expect(told(check, 3, { Hat: other })).toEqual([`attributes[Hat] row.trait_spelling ${other}`]);
    expect(told(check, 4, { Hat: other })).toEqual([]);
  });

  test.each([
    ["Blue", "Blues"],
    ["5", "05"],
    ["A+B", "A B"],
  ])("%j and %j are not", (one, other) => {
    const check = spellingCheck();
    told(check, 2, { Hat: one });
    expect(told(check, 3, { Hat: other })).toEqual([]);
  });

  test("of other traits, and numbers, are none", () => {
    const check = spellingCheck();
    told(check, 2, { Hat: "Blue", Level: 5 });
    expect(told(check, 3, { Eyes: "blue", Level: "5" })).toEqual([]);
  });

  test("are found by two readers of half a file as by one of the whole", () => {
    const rows = Array.from({ length: 300 }, (_, n) =>
      row(n + 2, { [n % 7 ? "Hat" : "hat"]: `V${n % 90}${n > 200 ? " " : ""}` }),
    );
    const whole = spellingCheck();
    const expected = rows.flatMap((one) => whole.check(one));
    expect(expected.length).toBeGreaterThan(50);
    const first = spellingCheck();
    const before = rows.slice(0, 150).flatMap((one) => first.check(one));
    const second = spellingCheck(Spellings.parse(JSON.parse(JSON.stringify(first.spellings()))));
    expect([...before, ...rows.slice(150).flatMap((one) => second.check(one))]).toEqual(expected);
  });
});

describe("memory does not grow with the file", () => {
  test("a trait with more values than a list of choices is forgotten", () => {
    const check = spellingCheck();
    for (let n = 0; n < 10_000; n += 1) told(check, n, { Serial: `S${n}`, Hat: n % 2 ? "Red" : "Blue" });
    expect(check.spellings().Serial).toBeNull();
    expect(told(check, 9, { Serial: "s1", Hat: "red" })).toEqual(["attributes[Hat] row.trait_spelling red"]);
  });

  test("whatever comes, the state that a slice hands on stays small", () => {
    const check = spellingCheck();
    for (let n = 0; n < 20_000; n += 1) told(check, n, { [`T${n % 500}`]: `${"x".repeat(50)}${n}` });
    const spellings = Object.values(check.spellings()).flatMap((spelt) => spelt ?? []);
    expect(spellings.length).toBeLessThanOrEqual(LIMITS.spellingsOfFile);
    expect(JSON.stringify(check.spellings()).length).toBeLessThan(200_000);
    expect(told(check, 1, { Long: "y".repeat(100) })).toEqual([]);
  });
});

describe("rarity", () => {
  test("counts values, the frequent first, and the ends of numbers", () => {
    const counted = rarity();
    for (let n = 0; n < 100; n += 1)
      counted.add(argsOf({ Hat: n < 60 ? "Red" : n < 99 ? "Blue" : "Gold", Level: n }));
    const [hat, level] = counted.summary();
    expect(hat).toMatchObject({ trait: "Hat", tokens: 100, values: 3, range: null, more: false });
    expect(hat?.common).toEqual([
      { value: "Red", tokens: 60 },
      { value: "Blue", tokens: 39 },
      { value: "Gold", tokens: 1 },
    ]);
    expect(level).toMatchObject({ values: 100, range: { min: 0, max: 99 } });
    expect(level?.common).toHaveLength(5);
    expect(level?.rare).toHaveLength(3);
  });

  test("stops counting where there are too many, and says so", () => {
    const counted = rarity();
    for (let n = 0; n < 5_000; n += 1) counted.add(argsOf({ Serial: `S${n}`, [`T${n}`]: 1 }));
    expect(counted.summary()).toHaveLength(LIMITS.rarityTraits);
    expect(counted.summary()[0]).toMatchObject({ tokens: 5_000, values: LIMITS.rarityValues, more: true });
  });
});
