/** A row's `attributes` and `properties`: from JSON cells, trait columns, pairs and single properties. Pure. */
import { traitValue } from "./cells.ts";
import { type JsonObject, type JsonValue, sortedObject } from "./json.ts";
import { readAttributes, readProperties } from "./json-cells.ts";
import { type Row, readField } from "./reading.ts";

/** JSON first, then the columns in the header's order; an empty cell means that the token lacks the trait. */
export function readTraits(row: Row): JsonObject[] | null {
  const { traits, pairs } = row.context.plan;
  const attributes: JsonObject[] = readField(row, "attributes", readAttributes) ?? [];
  for (const { trait, index } of traits) {
    const cell = row.cells[index] ?? "";
    if (cell !== "") attributes.push({ trait_type: trait, value: traitValue(cell) });
  }
  for (const { typeIndex, valueIndex } of pairs) {
    const trait = row.cells[typeIndex] ?? "";
    const cell = row.cells[valueIndex] ?? "";
    if (cell === "") continue;
    attributes.push(
      trait === "" ? { value: traitValue(cell) } : { trait_type: trait, value: traitValue(cell) },
    );
  }
  return attributes.length > 0 ? attributes : null;
}

/** A column of its own beats the same key in the JSON cell: it is the more deliberate of the two. */
export function readTokenProperties(row: Row): JsonObject | null {
  const json = readField(row, "properties", readProperties);
  const { properties } = row.context.plan;
  const own: [string, JsonValue][] = [];
  for (const { key, index } of properties) {
    const cell = row.cells[index] ?? "";
    if (cell !== "") own.push([key, traitValue(cell)]);
  }
  const supply = row.text("supply");
  if (supply !== "") own.push(["supply", traitValue(supply)]);
  const youtube = row.text("youtube_url");
  if (youtube !== "") own.push(["youtube_url", youtube]);
  if (own.length === 0) return json;
  return sortedObject([...new Map([...Object.entries(json ?? {}), ...own])]);
}
