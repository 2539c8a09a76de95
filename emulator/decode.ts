/**
 * decode.ts: JSON bodies read as Go's encoding/json reads them into structs: keys matched without regard to
 * case, unknown fields ignored, null leaves the zero value, and the first value of a wrong type is reported
 * after all have been read.
 */

/** Collects the first mismatch of one body. */
export interface Report {
  readonly request: string;
  problem: string | null;
}

/** Reads a value of any JSON type; `undefined` and `null` give the zero value. */
export type Decoder<T> = (value: unknown, at: string, report: Report) => T;

export type Decoded<D> = D extends Decoder<infer T> ? T : never;

export type JsonMap = { [key: string]: unknown };

export const text: Decoder<string> = (value, at, report) =>
  typeof value === "string" ? value : zero("", value, "string", at, report);

export const bool: Decoder<boolean> = (value, at, report) =>
  typeof value === "boolean" ? value : zero(false, value, "bool", at, report);

export const uint64 = unsigned("uint64", 2 ** 64);
export const uint32 = unsigned("uint32", 2 ** 32);

function unsigned(type: string, end: number): Decoder<number> {
  return (value, at, report) =>
    typeof value === "number" && Number.isInteger(value) && value >= 0 && value < end
      ? value
      : zero(0, value, type, at, report);
}

/** A big integer as the Go client libraries read it: `"123"` or bare `123`, base 10, a sign allowed. */
export const bigInteger: Decoder<string> = (value, at, report) => {
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "string" && /^[+-]?\d+$/.test(value)) return BigInt(value.replace("+", "")).toString();
  if (typeof value === "string" || typeof value === "number") {
    report.problem ??= `BigInt.UnmarshalText: failed to parse ${JSON.stringify(value)} (${at})`;
    return "";
  }
  return zero("", value, "prototyp.BigInt", at, report);
};

/** An address or hash: 0x hex, made lower-case. */
export const hexHash: Decoder<string> = (value, at, report) => {
  const hash = text(value, at, report);
  if (hash !== "" && !/^0x[0-9a-f]*$/i.test(hash)) report.problem ??= `Hash.UnmarshalText: no 0x hex (${at})`;
  return hash.toLowerCase();
};

export const anything: Decoder<unknown> = (value) => sorted(value);

/** `map[string]interface{}`: null where absent; keys come back sorted, as Go writes maps. */
export const map: Decoder<JsonMap | null> = (value, at, report) =>
  isMap(value) ? sortedMap(value) : zero(null, value, "map[string]interface {}", at, report);

/** A Go pointer: null where absent, so that absent and zero differ. */
export function pointer<T>(decode: Decoder<T>): Decoder<T | null> {
  return (value, at, report) => (value === undefined || value === null ? null : decode(value, at, report));
}

/** A Go slice: null where absent. */
export function slice<T>(decode: Decoder<T>): Decoder<T[] | null> {
  return (value, at, report) =>
    Array.isArray(value)
      ? value.map((item) => decode(item, at, report))
      : zero(null, value, "[]", at, report);
}

/** A Go struct. Every field is there afterwards; `nil` in place of a struct is one full of zero values. */
export function struct<S extends Record<string, Decoder<unknown>>>(
  fields: S,
): Decoder<{ [K in keyof S]: Decoded<S[K]> }> {
  const names = new Map(Object.keys(fields).map((name) => [name.toLowerCase(), name]));
  return (value, at, report) => {
    const given = new Map<string, unknown>();
    if (isMap(value)) {
      for (const key of Object.keys(value)) given.set(names.get(key.toLowerCase()) ?? "", value[key]);
    } else zero(null, value, "struct", at, report);
    const read = Object.entries(fields).map(([name, decode]) => {
      return [name, decode(given.get(name), at === "" ? name : `${at}.${name}`, report)];
    });
    // The entries are exactly the keys of S with what their own decoders returned.
    return Object.fromEntries(read) as { [K in keyof S]: Decoded<S[K]> };
  };
}

export type Body<T> = { ok: true; value: T } | { ok: false; cause: string };

/** Reads a request body; `request` is the name of the Go struct that an error speaks of. */
export function decodeBody<T>(request: string, body: unknown, decode: Decoder<T>): Body<T> {
  const report: Report = { request, problem: null };
  const value = decode(body, "", report);
  return report.problem === null ? { ok: true, value } : { ok: false, cause: unreadable(report.problem) };
}

/** Parses JSON; a bare number in `tokenId` keeps all its digits as a bigint, as Go reads its text. */
export function parseBody(body: string): Body<unknown> {
  try {
    const bare = /"tokenid"\s*:\s*-?\d/i.test(body);
    return { ok: true, value: bare ? JSON.parse(body, keepDigits) : JSON.parse(body) };
  } catch (error) {
    return { ok: false, cause: unreadable(error instanceof Error ? error.message : "invalid JSON") };
  }
}

function keepDigits(key: string, value: unknown, context?: { source?: string }): unknown {
  const whole =
    typeof value === "number" && key.toLowerCase() === "tokenid" && /^-?\d+$/.test(context?.source ?? "");
  return whole ? BigInt(context?.source ?? "0") : value;
}

function unreadable(problem: string): string {
  return `failed to unmarshal request data: ${problem}`;
}

/** The zero value; anything but absent or null in its place is a mismatch. */
function zero<T>(value: T, got: unknown, type: string, at: string, report: Report): T {
  if (got === undefined || got === null) return value;
  const where =
    at === ""
      ? `Go value of type ${report.request}`
      : `Go struct field ${report.request}.${at} of type ${type}`;
  report.problem ??= `json: cannot unmarshal ${nameOf(got)} into ${where}`;
  return value;
}

function nameOf(value: unknown): string {
  if (Array.isArray(value)) return "array";
  if (typeof value === "number" || typeof value === "bigint") return `number ${value}`;
  return typeof value === "boolean" ? "bool" : typeof value;
}

export function isMap(value: unknown): value is JsonMap {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function sorted(value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  if (Array.isArray(value)) return value.map(sorted);
  return isMap(value) ? sortedMap(value) : value;
}

function sortedMap(value: JsonMap): JsonMap {
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sorted(value[key])]),
  );
}
