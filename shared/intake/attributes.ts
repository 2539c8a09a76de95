/** A row's `attributes` and `properties`: from JSON, trait columns, pairs and single properties. Pure. */
import { traitValue } from "./cells.ts";
import { type JsonObject, type JsonValue, sortedObject } from "./json.ts";
import { displayDoubt, parseJson, readAttribute, readAttributes, readProperties } from "./json-cells.ts";
import { errorAt, warningAt } from "./problem.ts";
import { type Row, readField } from "./reading.ts";

/** JSON first, then the columns in the header's order; an empty cell means that the token lacks the trait. */
export function readTraits(row: Row): JsonObject[] | null {
  const { traits, pairs } = row.context.plan;
  const attributes: JsonObject[] = readField(row, "attributes", readAttributes) ?? [];
  if (holdsList(row)) attributes.push(...(readField(row, "properties", readAttributes) ?? []));
  for (const attribute of attributes) row.warn("attributes", displayDoubt(attribute));
  for (const { trait, index } of traits) {
    const value = row.value(index);
    if (value !== null) attributes.push({ trait_type: trait, value });
  }
  for (const pair of pairs) readPair(row, pair, attributes);
  return attributes.length > 0 ? attributes : null;
}

function readPair(
  row: Row,
  { typeIndex, valueIndex, displayIndex }: Row["context"]["plan"]["pairs"][number],
  attributes: JsonObject[],
): void {
  const value = row.value(valueIndex);
  if (value === null) return;
  const trait = row.cells[typeIndex] ?? "";
  const display = displayIndex === null ? "" : (row.cells[displayIndex] ?? "");
  // The keys in one order, as in attributes that come as JSON.
  const attribute: JsonObject = {
    ...(display === "" ? {} : { display_type: display }),
    ...(trait === "" ? {} : { trait_type: trait }),
    value,
  };
  const read = readAttribute(attribute, attributes.length + 1);
  const column = row.context.plan.headers[valueIndex] ?? "";
  const place = { line: row.line, column, value: row.cells[valueIndex] ?? null };
  const doubt = displayDoubt(attribute);
  if (doubt) row.problems.push(warningAt(place, doubt));
  if (read.ok) attributes.push(read.value);
  else row.problems.push(errorAt(place, read.error));
}

/** Some tools write the attributes under `properties`, as `[["Dog", "Male"], …]`. */
const holdsList = (row: Row): boolean => row.text("properties").startsWith("[");

/** A column of its own beats the same key in the JSON: it is the more deliberate of the two. */
export function readTokenProperties(row: Row): JsonObject | null {
  const { plan } = row.context;
  const json = holdsList(row) ? null : readField(row, "properties", readProperties);
  const own: [string, JsonValue][] = [];
  for (const { key, index } of plan.properties) {
    const value = row.isStructured(index) ? readStructured(row, index) : row.value(index);
    if (value !== null) own.push([key, value]);
  }
  const supply = row.text("supply");
  if (supply !== "") own.push(["supply", traitValue(supply)]);
  const youtube = row.text("youtube_url");
  if (youtube !== "") own.push(["youtube_url", youtube]);
  if (own.length === 0) return json;
  return sortedObject([...new Map([...Object.entries(json ?? {}), ...own])]);
}

function readStructured(row: Row, index: number): JsonValue | null {
  const column = row.context.plan.headers[index] ?? "";
  const cell = row.cells[index] ?? "";
  const read = parseJson(column, cell);
  if (read.ok) return read.value;
  row.problems.push(errorAt({ line: row.line, column, value: cell }, read.error));
  return null;
}
