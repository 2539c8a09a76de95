/** JSON values and their one form. Pure. */
import type { z } from "zod";
import type { JobArgs } from "../job/job.ts";

export type JsonObject = NonNullable<JobArgs["token"]["properties"]>;
export type JsonValue = z.infer<ReturnType<typeof z.json>>;

/** The same value with the keys of every object in code-unit order. */
export function sortKeys<T>(value: T): T;
export function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== "object" || value === null || JSON.isRawJSON(value)) return value;
  // Most objects are flat, and theirs is the order already: `trait_type`, `value`.
  if (isSortedAndFlat(value)) return value;
  return sortedObject(Object.entries(value).map(([key, inner]) => [key, sortKeys(inner)]));
}

function isSortedAndFlat(value: object): boolean {
  let before = "";
  for (const [key, inner] of Object.entries(value)) {
    if (key < before || (typeof inner === "object" && inner !== null)) return false;
    before = key;
  }
  return true;
}

/** `fromEntries`, because `{}[key] = …` would treat `__proto__` as something else than a key. */
export const sortedObject = <T>(entries: [string, T][]): Record<string, T> =>
  Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));

/** A number as it stood in the file, where JavaScript would have rounded it. */
type RawJson = { readonly rawJSON: string };
declare global {
  /** ES2026, which workerd and Node have and the compiler's library does not know yet. */
  interface JSON {
    rawJSON(text: string): RawJson;
    isRawJSON(value: unknown): value is RawJson;
  }
}

/**
 * A job's args as they are stored. Equal args have equal text: `row.ts` always writes its own keys in one order, the
 * token id first, and the keys of people's objects are sorted. So whether a row has changed is asked of the text behind
 * the token id, which is the key that it is looked up by and may itself still change (see `repeatTokenId`).
 */
export const writeArgs = (args: JobArgs): string => JSON.stringify(args);
