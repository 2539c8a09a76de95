/** JSON bodies, read strictly: an unknown field is refused with the nearest known name. */
import * as z from "zod";
import type { Problem } from "../../shared/api/contract.ts";
import { suggest } from "../../shared/api/nearest.ts";
import { problem } from "../../shared/api/problems.ts";
import { KB, LIMITS, MB, PLATFORM } from "../../shared/limits.ts";
import { fail, ok, type Result } from "../../shared/result.ts";

/** Reads at most `LIMITS.jsonBodyBytes`: a body that says nothing of its length is not read to its end either. */
export async function readJson<T extends z.ZodType>(
  request: Request,
  schema: T,
): Promise<Result<z.output<T>, Problem>> {
  const type = request.headers.get("content-type");
  if (type !== null && !/^\s*application\/json\s*(;|$)/i.test(type)) return fail(unsupported(type));
  const bytes = await readUpTo(request.body, LIMITS.jsonBodyBytes);
  if (bytes === null) return fail(tooLarge(LIMITS.jsonBodyBytes));
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes));
  } catch (thrown) {
    return fail(invalid(`Expected JSON in UTF-8, got: ${thrown instanceof Error ? thrown.message : thrown}`));
  }
  const parsed = schema.safeParse(value);
  return parsed.success ? ok(parsed.data) : fail(issueProblem(schema, parsed.error));
}

/** The whole body where it has at most so many bytes, else null. */
export async function readUpTo(
  body: ReadableStream<Uint8Array> | null,
  maxBytes: number,
): Promise<Uint8Array | null> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) return null;
    chunks.push(chunk);
  }
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.byteLength;
  }
  return whole;
}

/** A length that the request states and that is over the limit of a single body, told before a byte is read. */
export const statedTooLarge = (request: Request): Problem | null =>
  Number(request.headers.get("content-length") ?? 0) > PLATFORM.requestBytes ? singleBodyTooLarge : null;

export const tooLarge = (maxBytes: number, next = `Send at most ${sizeOf(maxBytes)} at a time.`): Problem =>
  problem("body.too_large", `A single body here has at most ${sizeOf(maxBytes)}.`, next, { maxBytes });

const sizeOf = (bytes: number): string => (bytes >= MB ? `${bytes / MB} MB` : `${bytes / KB} kB`);

/** Of a file or a picture: there is another way for those. */
export const singleBodyTooLarge: Problem = tooLarge(
  PLATFORM.requestBytes,
  "Send the file in parts: POST /v1/uploads says how, and its id then stands for the body as uploadId; `npx --no mintline submit` does so by itself.",
);

const unsupported = (type: string): Problem =>
  problem(
    "body.unsupported",
    `Expected application/json, got ${type}.`,
    "Send the body as JSON with Content-Type: application/json.",
  );

const invalid = (detail: string): Problem =>
  problem("body.invalid", detail, "Correct the body and send it again.");

function issueProblem(schema: z.ZodType, error: z.ZodError): Problem {
  const issue = error.issues[0];
  if (!issue) return invalid("Expected another body than this one.");
  const where = issue.path.length > 0 ? issue.path.join(".") : "the body";
  if (issue.code !== "unrecognized_keys") return invalid(`In ${where}: ${issue.message}`);
  const name = issue.keys[0] ?? "";
  return problem(
    "body.unknown_field",
    `Unknown field "${name}" in ${where}. ${suggest(name, fieldsAt(schema, issue.path))}`,
    `Remove "${name}", or spell it as it is known.`,
    { field: [...issue.path, name].join(".") },
  );
}

/** Names of the fields that the schema knows at this place. */
function fieldsAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  let at: unknown = schema;
  for (const step of path) {
    at = unwrapped(at);
    at = at instanceof z.ZodObject ? at.shape[String(step)] : null;
  }
  at = unwrapped(at);
  return at instanceof z.ZodObject ? Object.keys(at.shape) : [];
}

function unwrapped(schema: unknown): unknown {
  return schema instanceof z.ZodOptional || schema instanceof z.ZodNullable
    ? unwrapped(schema.unwrap())
    : schema;
}
