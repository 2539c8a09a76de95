import { describe, expect, test } from "vitest";
import type { MediaField } from "../../../shared/job/job.ts";
import { indexMedia, type Match, matchMedia, matchTokenId } from "../../../shared/media/match.ts";

type File = { fileName: string; contentType?: string };
const files = (...names: string[]): File[] => names.map((fileName) => ({ fileName }));
const said = (match: Match<File>): string => {
  switch (match.kind) {
    case "found":
      return match.file.fileName;
    case "ambiguous":
      return `ambiguous: ${match.candidates.map(({ fileName }) => fileName).join(" ")}`;
    case "missing":
      return `missing: ${match.nearest}`;
  }
};
const NFC = "Ang\u00e9lique \u00e9t\u00e9.png";
const NFD = "Ange\u0301lique e\u0301te\u0301.png";

describe("a cell names a file", () => {
  test.each<[string, string[], string, string]>([
    ["by its path", ["a/1.png", "b/1.png"], "b/1.png", "b/1.png"],
    ["by its base name", ["a/1.png", "b/2.png"], "2.png", "b/2.png"],
    ["by a path that only ends alike", ["a/1.png"], "art/x/1.png", "a/1.png"],
    ["by a Windows path", ["a/1.png"], "C:\\Users\\me\\a\\1.png", "a/1.png"],
    ["by a relative Windows path", ["a/1.png", "b/1.png"], ".\\a\\1.png", "a/1.png"],
    ["by an absolute POSIX path", ["1.png"], "/home/me/art/1.png", "1.png"],
    ["by a path that goes up", ["1.png"], "../art/1.png", "1.png"],
    ["with ./ before it", ["a/1.png", "b/1.png"], "./a/1.png", "a/1.png"],
    ["with doubled slashes", ["a/1.png", "b/1.png"], "a//1.png", "a/1.png"],
    ["with blanks around it", ["1.png"], " 1.png ", "1.png"],
    ["in other case", ["Dragon.PNG"], "dragon.png", "Dragon.PNG"],
    [
      "in other case, by path",
      ["Set/Dragon.PNG", "x/dragon.png"],
      "set/dragon.png",
      "ambiguous: x/dragon.png Set/Dragon.PNG",
    ],
    ["in the other Unicode form", [NFD], NFC, NFD],
    ["in the other Unicode form and case", [NFC], NFD.toUpperCase(), NFC],
    ["with a sharp s in capitals", ["Straße.png"], "STRASSE.PNG", "Straße.png"],
    ["exactly, though others differ in case", ["a.png", "A.png"], "A.png", "A.png"],
    ["exactly by base name, though others differ in case", ["x/a.png", "x/A.png"], "a.png", "x/a.png"],
    ["by path, though the base name is twice there", ["1.png", "old/1.png"], "1.png", "1.png"],
    ["like a property of every object", ["constructor"], "constructor", "constructor"],
  ])("%s", (_, names, cell, expected) => {
    expect(said(matchMedia(indexMedia(files(...names)), cell))).toBe(expected);
  });

  test.each<[string, string[], string, string]>([
    ["same base name in two folders", ["a/1.png", "b/1.png"], "1.png", "ambiguous: a/1.png b/1.png"],
    ["same name but for case", ["Lion.png", "LION.png"], "lion.png", "ambiguous: Lion.png LION.png"],
    ["same name but for form", [NFC, NFD], NFC.toUpperCase(), `ambiguous: ${NFC} ${NFD}`],
  ])("two candidates are never chosen between: %s", (_, names, cell, expected) => {
    expect(said(matchMedia(indexMedia(files(...names)), cell))).toBe(expected);
  });
});

describe("a missing name comes with the nearest", () => {
  test.each<[string, string[], string, string]>([
    ["other extension", ["dragon.jpg"], "dragon.png", "dragon.jpg"],
    ["no extension", ["art/dragon.jpg"], "dragon", "art/dragon.jpg"],
    ["zeros before the number", ["0017.png"], "17.png", "0017.png"],
    ["other marks", ["cool_cat-17.png"], "Cool Cat #17.png", "cool_cat-17.png"],
    ["a letter too few", ["dragon.png"], "dragn.png", "dragon.png"],
    ["a letter too many", ["dragon.png"], "draagon.png", "dragon.png"],
    ["another letter", ["dragon.png"], "dragom.png", "dragon.png"],
    ["two letters swapped", ["dragon.png"], "dargon.png", "dragon.png"],
    ["without its accent", [NFC], "angelique ete.png", NFC],
    ["another number is another file", ["dragon18.png"], "dragon17.png", "null"],
    ["nothing near", ["dragon.png"], "castle.png", "null"],
    ["an empty set", [], "castle.png", "null"],
    ["an empty cell", ["dragon.png"], "", "null"],
    ["only marks", ["---.png"], "...png", "null"],
  ])("%s", (_, names, cell, nearest) => {
    expect(said(matchMedia(indexMedia(files(...names)), cell))).toBe(`missing: ${nearest}`);
  });
});

describe("an empty cell takes <tokenId>.*", () => {
  const set = indexMedia<File>([
    { fileName: "art/1.png" },
    { fileName: "art/1.mp4" },
    { fileName: "1.json" },
    { fileName: "1" },
    { fileName: "01.png" },
    { fileName: "2.png", contentType: "video/mp4" },
    { fileName: "3.jpg" },
    { fileName: "3.webp" },
    { fileName: "4.final.png" },
  ]);

  test.each<[string, MediaField, string]>([
    ["1", "image", "art/1.png"],
    ["1", "video", "art/1.mp4"],
    ["1", "audio", "missing: null"],
    ["1", "animation_url", "ambiguous: art/1.png art/1.mp4"],
    ["2", "image", "missing: null"],
    ["2", "video", "2.png"],
    ["3", "image", "ambiguous: 3.jpg 3.webp"],
    ["4", "image", "missing: null"],
    ["5", "image", "missing: null"],
  ])("token %s, %s: %s", (tokenId, field, expected) => {
    expect(said(matchTokenId(set, tokenId, field))).toBe(expected);
  });
});

describe("10,000 rows against 10,000 files", () => {
  const names = Array.from({ length: 10_000 }, (_, n) => `collection/set ${n % 7}/Token_${n}.png`);
  const index = indexMedia(files(...names));
  const count = (cells: string[], kind: Match<File>["kind"]): number =>
    cells.filter((cell) => matchMedia(index, cell).kind === kind).length;

  test.each<[string, (name: string) => string, Match<File>["kind"]]>([
    ["by base name", (name) => name.slice(name.lastIndexOf("/") + 1), "found"],
    ["ignoring case", (name) => name.slice(name.lastIndexOf("/") + 1).toUpperCase(), "found"],
    ["all missing", (name) => name.replace("Token_", "Tokken-").replace(".png", ".gif"), "missing"],
  ])("%s, in seconds, not minutes", { timeout: 30_000 }, (_, cellOf, kind) => {
    const before = performance.now();
    expect(count(names.map(cellOf), kind)).toBe(10_000);
    expect(performance.now() - before).toBeLessThan(5_000);
  });
});
