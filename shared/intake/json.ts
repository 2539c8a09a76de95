/** JSON values and their one form. Pure. */
import { hash } from "node:crypto";
import type { z } from "zod";
import type { JobArgs } from "../job/job.ts";

export type JsonObject = NonNullable<JobArgs["token"]["properties"]>;
export type JsonValue = z.infer<ReturnType<typeof z.json>>;

/** The same value with the keys of every object in code-unit order. */
export function sortKeys(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== "object" || value === null) return value;
  return sortedObject(Object.entries(value).map(([key, inner]) => [key, sortKeys(inner)]));
}

/** `fromEntries`, because `{}[key] = …` would treat `__proto__` as something else than a key. */
export const sortedObject = (entries: [string, JsonValue][]): JsonObject =>
  Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));

/**
 * A job's args as they are stored, and the hash of all of them but the token id, which is the key that the hash
 * is looked up by (and may still change, see `repeatTokenId`). Equal args have equal text: `row.ts` always writes
 * its own keys in one order, the token id first, and the keys of people's objects are sorted.
 * @returns `hash` SHA-256 in hex.
 */
export function writeArgs(args: JobArgs): { text: string; hash: string } {
  const text = JSON.stringify(args);
  const content = text.slice(text.indexOf(',"token":'));
  return { text, hash: hash("sha256", content) };
}
