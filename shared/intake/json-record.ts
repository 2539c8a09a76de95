/**
 * One object of a JSON file as a row: its keys are the columns. Where it wraps what belongs on the token in
 * `metadata` (Immutable, Crossmint), that is taken, and of the rest only what names a field. Pure.
 */
import { LIMITS } from "../limits.ts";
import { fail, ok, type Result } from "../result.ts";
import { isRecordId, matchName } from "./fields.ts";
import { sortKeys } from "./json.ts";

/** `text` is what a cell of a CSV would hold; `scalar` the value itself, null where it is a list or an object. */
export type Entry = { readonly text: string; readonly scalar: string | number | boolean | null };

export type JsonRow = {
  /** By key, in the object's order; without what is null or an empty text. */
  readonly entries: ReadonlyMap<string, Entry>;
  readonly nested: boolean;
  /** Keys beside `metadata` that were left out. */
  readonly ignored: readonly string[];
};

/** `detail`: the parser's words. */
export type JsonFault = { readonly fault: "not_json" | "not_object" | "too_deep"; readonly detail: string };

export function readJsonRow(text: string): Result<JsonRow, JsonFault> {
  let value: unknown;
  try {
    value = parseExactly(text);
  } catch (error) {
    return fail({ fault: "not_json", detail: wordsOf(error) });
  }
  if (!isPlainObject(value)) return fail({ fault: "not_object", detail: kindOf(value) });
  if (isTooDeep(value)) return fail({ fault: "too_deep", detail: "" });
  if (hasHalfLetter(text, value)) return fail({ fault: "not_json", detail: HALF_LETTER });
  return ok(rowOf(value));
}

/** The parser's words without its positions, which count from somewhere else than a file's lines. */
export const wordsOf = (error: unknown): string =>
  (error instanceof Error ? error.message : "unreadable text")
    .replace(/ in JSON at position .*$/s, "")
    .replace(/\s+/g, " ");

function rowOf(value: Record<string, unknown>): JsonRow {
  const { metadata } = value;
  const inner = isPlainObject(metadata) ? metadata : null;
  const entries = new Map<string, Entry>();
  const ignored: string[] = [];
  for (const [key, one] of Object.entries(value)) {
    if (inner && (key === "metadata" || Object.hasOwn(inner, key))) continue;
    if (inner && !matchName(key) && !isRecordId(key) && !key.startsWith("_")) ignored.push(key);
    else put(entries, key, one);
  }
  for (const [key, one] of Object.entries(inner ?? {})) put(entries, key, one);
  return { entries, nested: inner !== null, ignored };
}

function put(entries: Map<string, Entry>, key: string, value: unknown): void {
  if (value === null || value === undefined || value === "") return;
  entries.set(key, entryOf(value));
}

export function entryOf(value: unknown): Entry {
  if (typeof value === "string") return { text: value, scalar: value };
  if (typeof value === "number" || typeof value === "boolean") return { text: String(value), scalar: value };
  // A number that no reader of JSON keeps exactly: its digits are an id, or text.
  if (JSON.isRawJSON(value)) return { text: value.rawJSON, scalar: value.rawJSON };
  return { text: JSON.stringify(sortKeys(value)), scalar: null };
}

/** Digits that a number may have before JavaScript rounds it. */
const LONG = /\d{16}/;

/** `JSON.parse`, but a number that would become another one stays as it was written. Throws like it. */
function parseExactly(text: string): unknown {
  return JSON.parse(text, LONG.test(text) ? keepLong : undefined);
}

function keepLong(_key: string, value: unknown, context?: { source?: string }): unknown {
  const source = context?.source ?? "";
  return typeof value === "number" && !Number.isSafeInteger(value) && LONG.test(source)
    ? JSON.rawJSON(source)
    : value;
}

const isPlainObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !JSON.isRawJSON(value);

/** Whoever writes it out again recurses, and so does SQLite: neither has room for a bracket that opens 100,000 times. */
export function isTooDeep(value: unknown, left: number = LIMITS.jsonDepth): boolean {
  if (typeof value !== "object" || value === null) return false;
  return left === 0 || Object.values(value).some((inner) => isTooDeep(inner, left - 1));
}

export const HALF_LETTER = "half of a letter, such as \\ud83d without its other half";

/**
 * A surrogate alone, which JSON can say and UTF-8 cannot: stored, it would become another letter.
 * @param text the JSON of the value, in which it can only stand escaped. `value` is not too deep.
 */
export const hasHalfLetter = (text: string, value: unknown): boolean =>
  /\\ud[89a-f]/i.test(text) && /(?<!\\)(?:\\\\)*\\ud[89a-f]/.test(JSON.stringify(value));

const kindOf = (value: unknown): string => {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  return `a ${typeof value}`;
};
