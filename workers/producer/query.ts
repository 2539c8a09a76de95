/**
 * Query parameters, read strictly: an unknown name is refused with the nearest known one, a bad value with
 * what was expected. In the schemas here a zod message is the end of "expected …". Pure.
 */
import * as z from "zod";
import type { Problem } from "../../shared/api/contract.ts";
import { suggest } from "../../shared/api/nearest.ts";
import { problem } from "../../shared/api/problems.ts";
import { fail, ok, type Result } from "../../shared/result.ts";

/** @param url of the request. */
export function readQuery<T extends z.ZodObject>(url: string, schema: T): Result<z.output<T>, Problem> {
  return readParams(new URL(url).searchParams, schema);
}

/** @param alsoKnown names that are read elsewhere, for the suggestion. */
export function readParams<T extends z.ZodObject>(
  params: URLSearchParams,
  schema: T,
  alsoKnown: readonly string[] = [],
): Result<z.output<T>, Problem> {
  const known = Object.keys(schema.shape);
  const given: Record<string, string> = {};
  for (const [name, value] of params) {
    if (!known.includes(name)) return fail(unknownParameter(name, [...known, ...alsoKnown]));
    if (name in given) return fail(invalidParameter(name, "to be given once", "it twice"));
    given[name] = value;
  }
  const parsed = schema.safeParse(given);
  if (parsed.success) return ok(parsed.data);
  const issue = parsed.error.issues[0];
  const name = String(issue?.path[0] ?? "");
  return fail(
    invalidParameter(name, issue?.message ?? "something else", JSON.stringify(given[name] ?? "nothing")),
  );
}

export const unknownParameter = (name: string, known: readonly string[]): Problem =>
  problem(
    "query.unknown",
    `Unknown query parameter "${name}". ${known.length > 0 ? suggest(name, known) : "This address takes none."}`,
    `Remove "${name}" from the query, or spell it as it is known.`,
    { parameter: name, known },
  );

export const invalidParameter = (name: string, expected: string, got: string): Problem =>
  problem("query.invalid", `${name}: expected ${expected}, got ${got}.`, `Correct "${name}" in the query.`, {
    parameter: name,
    expected,
  });

export const NoQuery = z.object({});

export function whole(min: number, max: number) {
  const expected = `a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d{1,16}$/, expected)
    .transform(Number)
    .refine((value) => value >= min && value <= max, expected);
}

export const yesOrNo = z.enum(["true", "false"], "true or false").transform((text) => text === "true");

export const oneOf = <const T extends readonly [string, ...string[]]>(values: T) =>
  z.enum(values, `one of ${values.join(", ")}`);

export const textUpTo = (maxLength: number) =>
  z.string().min(1, `1 to ${maxLength} characters`).max(maxLength, `1 to ${maxLength} characters`);

/** To epoch ms. */
export const time = z.iso
  .datetime({ offset: true, error: "a time such as 2026-01-31T12:00:00Z" })
  .transform((text) => Date.parse(text));
