/**
 * One JSON object a line, so that Workers Logs indexes the fields and `grep` finds them. A secret that strays
 * into a field or an error's text is cut out here, at the only door there is.
 */

export type LogFields = Readonly<Record<string, unknown>>;

export type Log = {
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
  /** The same log with fields that every line carries. */
  with(fields: LogFields): Log;
};

type Level = "info" | "warn" | "error";

/** @param write takes one line without its end; @default `console`, whose level the platform records. */
export function createLog(
  base: LogFields = {},
  write: (level: Level, line: string) => void = toConsole,
): Log {
  const at =
    (level: Level) =>
    (event: string, fields: LogFields = {}) =>
      write(level, lineOf(level, event, { ...base, ...fields }));
  return {
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    with: (fields) => createLog({ ...base, ...fields }, write),
  };
}

const toConsole = (level: Level, line: string): void => console[level](line);

function lineOf(level: Level, event: string, fields: LogFields): string {
  try {
    return redact(JSON.stringify({ level, event, ...fields }, readable));
  } catch (thrown) {
    // A field that cannot be written (a cycle) must not hide the event that it belongs to.
    return JSON.stringify({ level, event, unwritable: String(thrown) });
  }
}

/** `JSON.stringify` would write an Error as `{}` and refuse a bigint. */
function readable(_name: string, value: unknown): unknown {
  if (value instanceof Error) return { name: value.name, message: value.message, stack: value.stack };
  return typeof value === "bigint" ? value.toString() : value;
}

/**
 * What looks like a secret: a JWT anywhere (the API key is one), and whatever follows the word Bearer.
 * By shape and not by value, so that a key we were never told about is cut out too.
 */
const SECRETS = [/\beyJ[\w-]{5,}\.[\w-]*(?:\.[\w-]*)?/g, /(?<=\bbearer\s+)[^\s",\\]+/gi];

/** The text with everything that looks like a secret replaced by `[redacted]`. */
export const redact = (text: string): string =>
  SECRETS.reduce((cleaned, secret) => cleaned.replace(secret, "[redacted]"), text);
