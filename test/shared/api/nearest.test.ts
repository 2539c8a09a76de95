import { expect, test } from "vitest";
import { editDistance, nearest, suggest } from "../../../shared/api/nearest.ts";

const KNOWN = ["collectionId", "onInvalid", "onExisting", "name", "first"];

test.each([
  ["collectionid", "collectionId"],
  ["collection_id", "collectionId"],
  ["colectionId", "collectionId"],
  ["on-invalid", "onInvalid"],
  ["nmae", "name"],
  ["FIRST", "first"],
  ["zebra", null],
  ["x", null],
])("%s is nearest to %s", (given, expected) => {
  expect(nearest(given, KNOWN)).toBe(expected);
});

test("nothing is near where nothing is known", () => {
  expect(nearest("name", [])).toBeNull();
  expect(suggest("name", [])).toBe("None is known here.");
});

test("a sentence names the nearest, or all", () => {
  expect(suggest("nmae", KNOWN)).toBe('Did you mean "name"?');
  expect(suggest("zebra", ["name", "first"])).toBe("Known: name, first.");
});

test.each([
  ["", "", 0],
  ["abc", "", 3],
  ["", "abc", 3],
  ["kitten", "sitting", 3],
  ["flaw", "lawn", 2],
])("from %j to %j are %i edits, either way", (a, b, distance) => {
  expect(editDistance(a, b)).toBe(distance);
  expect(editDistance(b, a)).toBe(distance);
});
