import { describe, expect, test } from "vitest";
import { type ColumnOptions, planColumns, type Settled } from "../../../shared/intake/columns.ts";
import { errors, read, told } from "./support.ts";

const NO_OPTIONS: ColumnOptions = { template: {}, map: {}, tokenIds: "file" };
const plan = (header: string, options: Partial<ColumnOptions> = {}, settled: Settled | null = null) =>
  planColumns(
    { cells: header.split(",").map((name) => name.trim()), line: 1 },
    { ...NO_OPTIONS, ...options },
    settled,
  );
const mapping = (header: string, options: Partial<ColumnOptions> = {}) => plan(header, options).plan.mapping;
const codes = (
  header: string,
  options: Partial<ColumnOptions> = {},
  settled: Settled | null = null,
): string[] => plan(header, options, settled).problems.map(({ code, column }) => `${column} ${code}`);

describe("fields are known by many names", () => {
  test.each<[string, string, string]>([
    ["tokenId", "Token ID", "exact but for case and space"],
    ["tokenId", "token-id", "exact but for a dash"],
    ["tokenId", "id", "synonym"],
    ["tokenId", "identifier", "synonym"],
    ["name", "NFT Name", "synonym"],
    ["name", "Title", "synonym"],
    ["description", "desc", "synonym"],
    ["image", "file_name", "OpenSea"],
    ["image", "Image File Name", "synonym"],
    ["image", "imageUrl", "synonym"],
    ["image", "media", "Zora"],
    ["image", "artifactUri", "Tezos"],
    ["animation_url", "Animation URL", "exact but for case and space"],
    ["animation_url", "map_animation_url", "thirdweb"],
    ["external_url", "external_link", "synonym"],
    ["external_url", "externalUrl", "exact but for a mark"],
    ["background_color", "Background Color", "exact but for case and space"],
    ["supply", "Mint Quantity", "synonym"],
    ["youtube_url", "YouTube URL", "exact but for case and space"],
    ["decimals", "Decimals", "exact but for case"],
  ])("%s is %s (%s)", (field, header) => {
    expect(mapping(field === "name" ? header : `name,${header}`)[field]).toBe(header);
  });

  test("the field's own name beats a synonym, which becomes a trait with a warning", () => {
    const { plan: made, problems } = plan("id,tokenId,name");
    expect(made.mapping).toMatchObject({ tokenId: "tokenId", "attributes[id]": "id" });
    expect(problems).toMatchObject([{ column: "id", code: "file.synonym_as_trait", severity: "warning" }]);
  });

  test("two synonyms are ambiguous, and the problem names both and the way out", () => {
    const [problem] = plan("id,identifier,name").problems;
    expect(problem).toMatchObject({ code: "file.ambiguous_column", severity: "error" });
    expect(problem?.message).toMatch(/"id", "identifier"/);
    expect(problem?.next).toContain("map[tokenId]=id");
    expect(codes("id,identifier,name", { map: { tokenId: "identifier" } })).toEqual([]);
  });

  test("the same name twice is ambiguous", () => {
    expect(codes("tokenId,name,Token ID")).toEqual(["Token ID file.ambiguous_column"]);
  });
});

describe("traits", () => {
  test("every other column is one, named as in the header", () => {
    expect(plan("tokenId,name, Hair Color ,count").plan.traits).toEqual([
      { trait: "Hair Color", index: 2 },
      { trait: "count", index: 3 },
    ]);
  });

  test.each<[string, string]>([
    ["attributes[Background]", "Background"],
    ["Attributes [ Hat ]", "Hat"],
    ["attributes|Color", "Color"],
    ["attribute.foo", "foo"],
    ["attributes.Hair.Color", "Hair.Color"],
    ["trait:Era", "Era"],
    ["trait_mood", "mood"],
  ])("%s is the trait %s", (header, trait) => {
    expect(plan(`name,tokenId,${header}`).plan.traits).toEqual([{ trait, index: 2 }]);
  });

  test("pairs of type and value belong together by their number", () => {
    const { pairs, traits } = plan(
      "name,tokenId,trait_type_1,value_1,attributes/0/trait_type,attributes/0/value,trait_type_2,trait_value_2",
    ).plan;
    expect(pairs).toEqual([
      { typeIndex: 2, valueIndex: 3, displayIndex: null },
      { typeIndex: 4, valueIndex: 5, displayIndex: null },
      { typeIndex: 6, valueIndex: 7, displayIndex: null },
    ]);
    expect(traits).toEqual([]);
  });

  test("half a pair is a trait", () => {
    expect(plan("name,tokenId,value_1").plan.traits).toEqual([{ trait: "value_1", index: 2 }]);
  });

  test("properties.key is a property", () => {
    expect(plan("name,tokenId,properties.shelf").plan.properties).toEqual([{ key: "shelf", index: 2 }]);
  });

  test("columns that begin with _ are ignored, columns without a name are, and said", () => {
    const made = plan("name,tokenId,_notes,");
    expect(made.plan.traits).toEqual([]);
    expect(made.problems.map(({ code }) => code)).toEqual(["file.unnamed_column"]);
  });

  test("a name that is nearly a field's is a trait, with a question", () => {
    expect(codes("tokenId,name,descripton")).toEqual(["descripton file.near_miss"]);
    expect(codes("tokenId,name,description,descripton")).toEqual([]);
    expect(codes("tokenId,name,Game,Face,Video Game,Label")).toEqual([]);
  });
});

describe("map and template", () => {
  test("map gives a column to a field, whatever it is called", () => {
    expect(mapping("tokenId,Card,Name", { map: { name: "card", image: "Name" } })).toEqual({
      tokenId: "tokenId",
      name: "Card",
      image: "Name",
    });
  });

  test.each<[Partial<ColumnOptions>, string]>([
    [{ map: { nam: "tokenId" } }, "file.unknown_field"],
    [{ map: { name: "Crad" } }, "file.unknown_column"],
    [{ template: { nmae: "x" } }, "file.unknown_field"],
    [{ template: { name: "Punk #{idd}" } }, "file.unknown_placeholder"],
  ])("%j is refused, and says what was probably meant", (options, code) => {
    const problem = plan("tokenId,Card,name", options).problems.find((one) => one.code === code);
    expect(problem?.severity).toBe("error");
    expect(problem?.next).toMatch(/Did you mean|Known:/);
  });

  test("a template fills what the file lacks, from its columns and the line", async () => {
    const report = await read("id, type\n7, Ape\n\n8,\n", {
      template: { name: "{type} #{id} ({line})", image: "https://example.com/{ID}.png" },
    });
    expect(report.tokens.map(({ token }) => token.name)).toEqual(["Ape #7 (2)", "#8 (4)"]);
    expect(report.tokens[0]?.media[0]?.source).toEqual({ kind: "url", url: "https://example.com/7.png" });
  });

  test("a cell beats the template; half a URL is none", async () => {
    const report = await read("id,name,pic\n1,Own,a\n2,,\n", {
      template: { name: "Made {id}", image: "https://example.com/{pic}.png" },
    });
    expect(report.tokens.map(({ token }) => token.name)).toEqual(["Own"]);
    expect(errors(report)).toEqual(["3 image row.media_required"]);
  });
});

describe("where ids come from", () => {
  const row = (header: string, ...cells: string[]): string =>
    `${header},name,image\n${cells.map((cell, n) => `${cell},N${n},https://example.com/${n}.png\n`).join("")}`;

  test.each(["number", "#", "Edition"])("%s counts as id if all its cells are ids", async (header) => {
    expect((await read(row(header, "5", "0x10"))).tokens.map(({ tokenId }) => tokenId)).toEqual(["5", "16"]);
    const report = await read(row(header, "5", "five"));
    expect(report.tokens.every(({ tokenId }) => tokenId.length > 40)).toBe(true);
    expect(report.mapping).toMatchObject({ [`attributes[${header}]`]: header });
  });

  test("but not if another column is one", async () => {
    expect((await read(row("edition,id", "9,1"))).tokens[0]?.tokenId).toBe("1");
  });

  test("two such columns full of ids are ambiguous", async () => {
    expect(errors(await read(row("edition,number", "9,1")))).toEqual(["1 number file.ambiguous_column"]);
  });

  test("_token_id counts where the file has none, whatever tokenIds says", async () => {
    const report = await read(row("_token_id,edition", "77,1"), { tokenIds: "sequential" });
    expect(report.tokens[0]?.tokenId).toBe("77");
    expect((await read(row("_token_id,id", "77,1"))).tokens[0]?.tokenId).toBe("1");
  });

  test("sequential counts rows from the first id", async () => {
    const report = await read("name,image\nA,https://a.example/1\n\n,\nB,https://a.example/2\n", {
      tokenIds: "sequential",
      firstTokenId: "100",
    });
    expect(report.tokens.map(({ tokenId }) => tokenId)).toEqual(["100", "101"]);
  });

  test("ids of the file that were not asked for are ignored, and said", async () => {
    const report = await read(row("id", "55"), { tokenIds: "sequential" });
    expect(report.tokens[0]?.tokenId).toBe("0");
    expect(report.tokens[0]?.token.attributes).toBeNull();
    expect(told(report)).toEqual(["1 id file.ids_not_used"]);
  });

  test("derived ids come with the warning that an edited row is a new token", async () => {
    const report = await read("name,image\nA,https://a.example/1\n");
    expect(told(report)).toEqual(["1  file.derived_ids"]);
  });
});

test("the format is told by the header", () => {
  expect(plan("tokenID,name,description,file_name,external_url,attributes[Hat]").plan.format).toBe("opensea");
  expect(plan("name,description,image,background_color,youtube_url,any").plan.format).toBe("thirdweb");
  expect(plan("id,name").plan.format).toBe("csv");
});
