/**
 * What the objects of a JSON file have in common: the keys of all of them, which are its columns, and what stands
 * under each. Gathered record by record in plain values, so that it can be kept between two slices. Pure.
 */
import * as z from "zod";
import { parseTokenId } from "../job/token-id.ts";
import { LIMITS } from "../limits.ts";
import type { Header, JsonHeader, Settled } from "./column-options.ts";
import type { Entry, JsonRow } from "./json-record.ts";
import { type FileRecord, isBlank } from "./records.ts";

const Key = z.object({
  key: z.string(),
  /** Records in which it holds something, an id, a list. */
  filled: z.number(),
  ids: z.number(),
  lists: z.number(),
  structured: z.boolean(),
});
type Key = z.infer<typeof Key>;

export const Shape = z.object({
  list: z.string().nullable(),
  total: z.number(),
  nested: z.boolean(),
  keys: z.array(Key),
  leftOut: z.array(z.string()),
  tooManyKeys: z.boolean(),
});
export type Shape = z.infer<typeof Shape>;

/** @param list the key under which the list stands, null where it stands alone. */
export const newShape = (list: string | null = null): Shape => ({
  list,
  total: 0,
  nested: false,
  keys: [],
  leftOut: [],
  tooManyKeys: false,
});

/** Enough to name in a warning. */
const LEFT_OUT_MAX = 20;

/** The shape with these records looked at too. */
export function addToShape(shape: Shape, records: readonly FileRecord[]): Shape {
  const keys = new Map(shape.keys.map((key) => [key.key, { ...key }]));
  const leftOut = new Set(shape.leftOut);
  let { total, nested, tooManyKeys } = shape;
  for (const record of records) {
    if (record.kind !== "object" || isBlank(record)) continue;
    total += 1;
    nested ||= record.row.nested;
    for (const key of record.row.ignored) if (leftOut.size < LEFT_OUT_MAX) leftOut.add(key);
    tooManyKeys ||= !addKeys(keys, record.row);
  }
  return { list: shape.list, total, nested, keys: [...keys.values()], leftOut: [...leftOut], tooManyKeys };
}

/** @returns false where there are more keys than a table has columns. */
function addKeys(keys: Map<string, Key>, { entries }: JsonRow): boolean {
  for (const [key, entry] of entries) {
    const known = keys.get(key);
    if (known) count(known, entry);
    else if (keys.size >= LIMITS.jsonKeys) return false;
    else keys.set(key, count({ key, filled: 0, ids: 0, lists: 0, structured: false }, entry));
  }
  return true;
}

function count(key: Key, { text, scalar }: Entry): Key {
  // Only while all of them are: nobody asks about any other key.
  if (key.ids === key.filled && scalar !== null && parseTokenId(text).ok) key.ids += 1;
  if (scalar === null && text.startsWith("[")) key.lists += 1;
  key.filled += 1;
  key.structured ||= scalar === null;
  return key;
}

const indexesWhere = (keys: readonly Key[], is: (key: Key) => boolean): number[] =>
  keys.flatMap((key, index) => (is(key) ? [index] : []));

export function headerOf(
  { keys, list, nested, leftOut, tooManyKeys }: Shape,
  syntax: JsonHeader["syntax"],
): Header {
  const structured = indexesWhere(keys, (key) => key.structured);
  const json: JsonHeader = { syntax, list, nested, structured, leftOut, tooManyKeys };
  return { cells: keys.map(({ key }) => key), line: 1, json };
}

export const settledOf = ({ keys, total }: Shape): Settled => ({
  ids: indexesWhere(keys, (key) => key.ids === total),
  json: indexesWhere(keys, (key) => key.lists === key.filled),
});
