/**
 * Keyset paging: a page begins after a key, so that it costs the same wherever it stands and nothing is shown
 * twice while rows are added. The cursor holds that key, opaque to clients: what it is made of may change.
 */
import { decodeBase64Url, encodeBase64Url } from "hono/utils/encode";
import * as z from "zod";
import type { Page, Problem } from "../../shared/api/contract.ts";
import { LIMITS } from "../../shared/limits.ts";
import { fail, ok, type Result } from "../../shared/result.ts";
import { invalidParameter, whole } from "./query.ts";

/** Part of the query of every list. */
export const PAGE_QUERY = {
  limit: whole(1, LIMITS.listMax).default(LIMITS.listDefault),
  cursor: z.string().optional(),
};

/** Where the page begins; `start` on the first. */
export function readCursor<T extends z.ZodType>(
  cursor: string | undefined,
  schema: T,
  start: z.output<T>,
): Result<z.output<T>, Problem> {
  if (cursor === undefined) return ok(start);
  try {
    return ok(schema.parse(JSON.parse(decode(cursor))));
  } catch {
    return fail(invalidParameter("cursor", "the nextCursor of the page before", "something else"));
  }
}

/**
 * The page, and where the next one begins.
 * @param rows one more than the limit, if there are as many: only so is the last page known for the last.
 */
export function pageOf<R, T>(
  rows: readonly R[],
  limit: number,
  view: (row: R) => T,
  keyOf: (row: R) => unknown,
): Page<T> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const more = rows.length > limit && last !== undefined;
  return { items: shown.map(view), nextCursor: more ? encode(JSON.stringify(keyOf(last))) : null };
}

const encode = (text: string): string => encodeBase64Url(new TextEncoder().encode(text).buffer);

const decode = (cursor: string): string => new TextDecoder().decode(decodeBase64Url(cursor));

/** A cursor for what is paged elsewhere. */
export const nextPage = (key: unknown): string => encode(JSON.stringify(key));
