import { describe, expect, test } from "vitest";
import { errors, read, readRow, told } from "./support.ts";

const tokenOf = async (columns: Record<string, string>) => (await readRow(columns)).tokens[0]?.token;
const trait = async (cell: string): Promise<unknown> => (await tokenOf({ Trait: cell }))?.attributes;

describe("a trait cell", () => {
  test.each<[string, string | number]>([
    ["Red", "Red"],
    ["12", 12],
    ["0", 0],
    ["-0.5", -0.5],
    ["88.50", 88.5],
    ["0.1", 0.1],
    ["123456789012345", 123456789012345],
    ["1234567890.12345", 1234567890.12345],
    ["0042", "0042"],
    ["00", "00"],
    ["-007", "-007"],
    ["-0", "-0"],
    ["+12", "+12"],
    ["1234567890123456", "1234567890123456"],
    ["1234567890.123456", "1234567890.123456"],
    ["1e5", "1e5"],
    ["1.", "1."],
    [".5", ".5"],
    ["1,5", "1,5"],
    ["0x10", "0x10"],
    ["TRUE", "TRUE"],
    ["Infinity", "Infinity"],
    ["12 cm", "12 cm"],
  ])("%s is %j", async (cell, value) => {
    expect(await trait(cell)).toEqual([{ trait_type: "Trait", value }]);
  });

  test("that is empty means that the token lacks the trait", async () => {
    expect(await trait("")).toBeNull();
    expect(await tokenOf({ A: "", B: "x" })).toMatchObject({ attributes: [{ trait_type: "B", value: "x" }] });
  });
});

describe("attributes in a cell", () => {
  test("come before the columns, their keys in one order", async () => {
    const token = await tokenOf({
      Hat: "Red",
      attributes:
        '[{"value":7,"trait_type":"Level","display_type":"number"},["Dog","Male"],{"value":"Unbroken"}]',
    });
    expect(JSON.stringify(token?.attributes)).toBe(
      '[{"display_type":"number","trait_type":"Level","value":7},{"trait_type":"Dog","value":"Male"},{"value":"Unbroken"},{"trait_type":"Hat","value":"Red"}]',
    );
  });

  test("a pair without a type is a value without one", async () => {
    const token = await tokenOf({ trait_type_1: "", value_1: "7", trait_type_2: "Eyes", value_2: "" });
    expect(token?.attributes).toEqual([{ value: 7 }]);
  });

  test.each<[string, string, string]>([
    ["text", "attributes", "not json"],
    ["cut off", "attributes", '[{"trait_type":"Hat"'],
    ["single quotes", "attributes", "[{'trait_type':'Hat'}]"],
    ["text", "properties", "{broken"],
    ["trailing comma", "properties", '{"a":1,}'],
  ])("malformed JSON (%s) in %s is an error", async (_, column, cell) => {
    const report = await readRow({ [column]: cell });
    expect(errors(report)).toEqual([`2 ${column} row.invalid_json`]);
    expect(report.problems[0]?.value).toBe(cell);
  });

  test.each<[string, string]>([
    ['{"Hat":"Red"}', "row.attributes_not_array"],
    ['"Hat"', "row.attributes_not_array"],
    ["null", "row.attributes_not_array"],
    ['["Hat","Red"]', "row.attribute_not_object"],
    ["[1]", "row.attribute_not_object"],
    ["[null]", "row.attribute_not_object"],
    ['[["Hat"]]', "row.attribute_not_object"],
    ['[["Hat",{"a":1}]]', "row.attribute_not_object"],
    ['[{"trait_type":"Born","display_type":"date","value":"2020"}]', "row.attribute_date"],
    ['[{"trait_type":"Born","display_type":"date","value":1.5}]', "row.attribute_date"],
    ['[{"trait_type":"Born","display_type":"date"}]', "row.attribute_date"],
    ['[{"trait_type":"Big","value":12345678901234567890}]', "row.json_number_too_long"],
  ])("%s is %s", async (cell, code) => {
    expect(errors(await readRow({ attributes: cell }))).toEqual([`2 attributes ${code}`]);
  });

  test("long digits in JSON text are no number", async () => {
    expect((await tokenOf({ attributes: '[["Serial","12345678901234567890"]]' }))?.attributes).toEqual([
      { trait_type: "Serial", value: "12345678901234567890" },
    ]);
  });

  test("an empty list is none", async () => {
    expect((await tokenOf({ attributes: "[]" }))?.attributes).toBeNull();
  });
});

describe("properties", () => {
  test("come from JSON, from columns of their own, from supply and youtube_url", async () => {
    const token = await tokenOf({
      properties: '{"b":{"z":1,"a":[2]},"shelf":"old","__proto__":"kept"}',
      "properties.shelf": "N-01",
      supply: "100",
      youtube_url: "https://youtu.be/x",
    });
    expect(JSON.stringify(token?.properties)).toBe(
      '{"__proto__":"kept","b":{"a":[2],"z":1},"shelf":"N-01","supply":100,"youtube_url":"https://youtu.be/x"}',
    );
  });

  test("are null where there are none", async () => {
    expect((await tokenOf({ properties: "" }))?.properties).toBeNull();
  });

  test.each(["1", '"x"', "null"])("%s is no object", async (cell) => {
    expect(errors(await readRow({ properties: cell }))).toEqual(["2 properties row.properties_not_object"]);
  });
});

describe("colours", () => {
  test.each<[string, string, string[]]>([
    ["0098EE", "0098EE", []],
    ["#0098EE", "0098EE", ["2 background_color row.colour_hash"]],
    ["#2b8", "22bb88", ["2 background_color row.colour_hash"]],
    ["2b8", "22bb88", ["2 background_color row.colour_short"]],
  ])("%s is taken as %s", async (cell, colour, doubts) => {
    const report = await readRow({ background_color: cell });
    expect(report.tokens[0]?.token.background_color).toBe(colour);
    expect(told(report)).toEqual(doubts);
    expect(report.warnings).toBe(doubts.length);
  });

  test.each(["red", "#12345", "12345678", "#", "00 98 EE"])("%s is none", async (cell) => {
    expect(errors(await readRow({ background_color: cell }))).toEqual([
      "2 background_color row.invalid_colour",
    ]);
  });
});

describe("the other fields", () => {
  test("a token has what its row says and nothing else", async () => {
    expect(await tokenOf({})).toEqual({
      name: "One",
      description: "",
      decimals: 0,
      properties: null,
      attributes: null,
    });
    expect(await tokenOf({ decimals: "18", external_url: "https://x.example/1", description: "D" })).toEqual({
      name: "One",
      description: "D",
      decimals: 18,
      external_url: "https://x.example/1",
      properties: null,
      attributes: null,
    });
  });

  test.each(["-1", "1.5", "256", "x"])("decimals cannot be %s", async (cell) => {
    expect(errors(await readRow({ decimals: cell }))).toEqual(["2 decimals row.invalid_decimals"]);
  });

  test("what others would cut or not open is passed on with a warning", async () => {
    const report = await readRow({
      name: "n".repeat(101),
      description: "d".repeat(1001),
      external_url: "see me",
    });
    expect(told(report)).toEqual([
      "2 external_url row.external_url",
      "2 name row.long_name",
      "2 description row.long_description",
    ]);
    expect(report.rows.valid).toBe(1);
  });

  test("a row needs a name", async () => {
    expect(errors(await readRow({ name: " " }))).toEqual(["2 name row.missing_name"]);
  });

  test.each<[string, string, string]>([
    ["-1", "row.invalid_token_id", "negative"],
    ["1.5", "row.invalid_token_id", "fraction"],
    ["1.23457E+17", "row.invalid_token_id", "Excel"],
    ["1,000", "row.invalid_token_id", "thousands"],
    [(2n ** 256n).toString(), "row.invalid_token_id", "2^256"],
    ["one", "row.invalid_token_id", "no number"],
    ["", "row.missing_token_id", "empty"],
  ])("the token id %s is refused", async (cell, code, word) => {
    const report = await readRow({ tokenId: cell });
    expect(errors(report)).toEqual([`2 tokenId ${code}`]);
    expect(report.problems[0]?.message).toContain(word);
    expect(report.problems[0]?.value).toBe(cell || null);
  });

  test("all defects of a row are told at once", async () => {
    const report = await readRow({ tokenId: "-1", name: "", decimals: "x", properties: "{", image: "" });
    expect(errors(report)).toEqual([
      "2 tokenId row.invalid_token_id",
      "2 name row.missing_name",
      "2 decimals row.invalid_decimals",
      "2 properties row.invalid_json",
      "2 image row.media_required",
    ]);
    expect(report.rows).toEqual({ total: 1, valid: 0, invalid: 1 });
  });
});

describe("the shape of a row", () => {
  const file = (row: string): string =>
    `tokenId,name,image,Hat\n${row}\n9,Nine,https://example.com/9.png,Red\n`;

  test("a cell too many is an error, an empty one is not", async () => {
    expect(errors(await read(file("1,One,https://example.com/1.png,Red,or blue")))).toEqual([
      "2 (column 5) row.too_many_cells",
    ]);
    expect(told(await read(file("1,One,https://example.com/1.png,Red,,")))).toEqual([]);
  });

  test("a cell too few is a warning", async () => {
    const report = await read(file("1,One,https://example.com/1.png"));
    expect(told(report)).toEqual(["2 Hat row.too_few_cells"]);
    expect(report.rows.valid).toBe(2);
  });

  test.each(["#REF!", "#N/A", "#NAME?", "#VALUE!", "#DIV/0!", "#ERROR!", "Loading..."])(
    "%s is what a spreadsheet writes instead of a value",
    async (cell) => {
      expect(errors(await read(file(`1,One,https://example.com/1.png,${cell}`)))).toEqual([
        "2 Hat row.spreadsheet_error",
      ]);
    },
  );

  test.each<[string, string]>([
    ['1,"One" two,x,y', "2  row.text_after_quote"],
    ['1,"One', "2  row.quote_not_closed"],
  ])("%j cannot be read, the rows after it can", async (row, problem) => {
    const report = await read(file(row));
    expect(errors(report)).toEqual([problem]);
    expect(report.rows).toEqual({ total: 2, valid: 1, invalid: 1 });
  });

  test("a row that D1 could not hold is an error", async () => {
    expect(errors(await readRow({ description: "x".repeat(510_000) }))).toEqual(["2  row.too_large"]);
  });
});
