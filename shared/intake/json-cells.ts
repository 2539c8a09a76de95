/** JSON in a cell: `properties` and `attributes`. Pure. */

import { LIMITS } from "../limits.ts";
import { fail, ok, type Result } from "../result.ts";
import { type JsonObject, type JsonValue, sortKeys } from "./json.ts";
import { HALF_LETTER, hasHalfLetter, isTooDeep } from "./json-record.ts";
import { type ProblemText, quote, shorten } from "./problem.ts";

/** Parsed, with the keys of every object sorted: a sheet that orders them differently says the same. */
export function readProperties(cell: string): Result<JsonObject, ProblemText> {
  const parsed = parseJson("properties", cell);
  if (!parsed.ok) return parsed;
  if (isObject(parsed.value)) return ok(parsed.value);
  return fail({
    code: "row.properties_not_object",
    message: `Expected a JSON object in properties, got ${kindOf(parsed.value)}: ${quote(cell)}.`,
    next: 'Write it as {"key": "value"}, or rename the column if it is meant as a trait.',
  });
}

/** The array of objects that Sequence keeps; pairs such as `["Dog","Male"]` are taken as trait and value. */
export function readAttributes(cell: string): Result<JsonObject[], ProblemText> {
  const parsed = parseJson("attributes", cell);
  if (!parsed.ok) return parsed;
  if (!Array.isArray(parsed.value)) {
    return fail({
      code: "row.attributes_not_array",
      message: `Expected a JSON array in attributes, got ${kindOf(parsed.value)}: ${quote(cell)}.`,
      next: 'Write it as [{"trait_type": "Hat", "value": "Red"}].',
    });
  }
  const attributes: JsonObject[] = [];
  for (const [index, entry] of parsed.value.entries()) {
    const attribute = readAttribute(entry, index + 1);
    if (!attribute.ok) return attribute;
    if (!isEmpty(attribute.value)) attributes.push(withoutNulls(attribute.value));
  }
  return ok(attributes);
}

/** A trait that is said to be nothing is one that the token lacks, as an empty cell is. */
const isEmpty = ({ value }: JsonObject): boolean => value === "" || value === null;

/** Some write every key of the standard and null where they mean none. */
const withoutNulls = (attribute: JsonObject): JsonObject =>
  Object.values(attribute).includes(null)
    ? Object.fromEntries(Object.entries(attribute).filter(([, value]) => value !== null))
    : attribute;

export function readAttribute(entry: JsonValue, number: number): Result<JsonObject, ProblemText> {
  const pair = asPair(entry);
  if (pair) return ok(pair);
  if (!isObject(entry)) {
    return fail({
      code: "row.attribute_not_object",
      message: `Expected an object as attribute ${number}, got ${kindOf(entry)}: ${quote(JSON.stringify(entry))}.`,
      next: 'Write each attribute as {"trait_type": "Hat", "value": "Red"}.',
    });
  }
  const { display_type: type, value = null } = entry;
  if (type === "date" && !Number.isInteger(value)) {
    return fail({
      code: "row.attribute_date",
      message: `Expected whole seconds since 1970 as the date in attribute ${number}, got ${shorten(JSON.stringify(value), 60)}.`,
      next: "Write the date as a Unix time in seconds, for instance 1546360800, without quotes.",
    });
  }
  return ok(entry);
}

function asPair(entry: JsonValue): JsonObject | null {
  if (!Array.isArray(entry) || entry.length !== 2) return null;
  const [trait, value] = entry;
  if (typeof trait !== "string" || value === undefined || (typeof value === "object" && value !== null))
    return null;
  return { trait_type: trait, value };
}

/** Parsed, with the keys of every object sorted. */
export function parseJson(column: string, cell: string): Result<JsonValue, ProblemText> {
  let long: string | null = null;
  try {
    const value: JsonValue = JSON.parse(cell, /\d{16}/.test(cell) ? noteLong : undefined);
    if (isTooDeep(value)) return fail(tooDeep(column));
    if (hasHalfLetter(cell, value)) throw new SyntaxError(HALF_LETTER);
    if (long === null) return ok(sortKeys(value));
  } catch (error) {
    return fail({
      code: "row.invalid_json",
      message: `Expected JSON in ${column}, got text that is none (${error instanceof Error ? error.message : "unreadable"}).`,
      next: "Check quotes, commas and brackets; in CSV the cell is quoted and each quote inside it doubled.",
    });
  }
  return fail({
    code: "row.json_number_too_long",
    message: `Expected numbers of at most 15 digits in ${column}, got ${long}, which JSON readers round.`,
    next: `Write it as text: "${long}".`,
  });

  /** A number that would silently become another one. */
  function noteLong(_key: string, value: unknown, context?: { source?: string }): unknown {
    const source = context?.source ?? "";
    if (typeof value === "number" && !Number.isSafeInteger(value) && /\d{16}/.test(source)) long ??= source;
    return value;
  }
}

const tooDeep = (column: string): ProblemText => ({
  code: "row.json_too_deep",
  message: `Expected at most ${LIMITS.jsonDepth} brackets within each other in ${column}, got more.`,
  next: "Make it flatter; what is so deep no marketplace reads.",
});

/** https://docs.opensea.io/docs/metadata-standards */
const DISPLAY_TYPES = ["number", "boost_number", "boost_percentage", "date"];

/** What marketplaces would show otherwise than it was meant; it is passed on as it is. */
export function displayDoubt({
  display_type: type,
  trait_type: trait,
  value,
}: JsonObject): ProblemText | null {
  if (type === undefined || type === null || type === "") return null;
  const known = typeof type === "string" && DISPLAY_TYPES.includes(type);
  if (known && (type === "date" || typeof value === "number")) return null;
  return {
    code: "row.display_type",
    message: known
      ? `Expected a number for display_type ${quote(type)} of ${quote(String(trait ?? ""))}, got ${shorten(JSON.stringify(value ?? null), 60)}.`
      : `Expected a display_type of ${DISPLAY_TYPES.join(", ")}, got ${shorten(JSON.stringify(type), 60)}.`,
    next: known
      ? "Write the value as a number without quotes, or leave display_type out."
      : "Use one of these, or leave display_type out; it is passed on as it is.",
  };
}

const isObject = (value: JsonValue): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const kindOf = (value: JsonValue): string => {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
};
