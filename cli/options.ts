/** How option values are read. A value that cannot be right is wrong use: commander says so and exits 2. */
import { readFile } from "node:fs/promises";
import { InvalidArgumentError } from "commander";
import type { z } from "zod";
import { fail, ok, type Result } from "../shared/result.ts";
import { type Fault, usageFault } from "./failure.ts";

/** A whole number from `least` on, small enough to be exact. */
export const wholeNumber =
  (least: number) =>
  (text: string): number => {
    const value = Number(text);
    if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value;
    throw new InvalidArgumentError(`Expected a whole number from ${least}, got "${text}".`);
  };

/** A token id stays text: it may have 78 digits. */
export function tokenId(text: string): string {
  if (/^(\d+|0x[0-9a-fA-F]+)$/.test(text)) return BigInt(text).toString();
  throw new InvalidArgumentError(`Expected a token id, decimal or 0x hex, got "${text}".`);
}

export function text(value: string): string {
  if (value.trim() !== "") return value;
  throw new InvalidArgumentError("Expected some text, got nothing.");
}

/** `--template name=CryptoPunk #{id}`, which may be given many times. */
export function pair(value: string, soFar: Record<string, string> = {}): Record<string, string> {
  const at = value.indexOf("=");
  if (at > 0) return { ...soFar, [value.slice(0, at).trim()]: value.slice(at + 1) };
  throw new InvalidArgumentError(`Expected FIELD=VALUE, got "${value}".`);
}

export const oneOf =
  <const T extends string>(known: readonly T[]) =>
  (value: string): T => {
    const found = known.find((one) => one === value);
    if (found !== undefined) return found;
    throw new InvalidArgumentError(`Expected one of ${known.join(", ")}, got "${value}".`);
  };

/** A number within bounds, whole or not. */
export const numberFrom =
  (least: number, most: number) =>
  (value: string): number => {
    const number = Number(value);
    if (value.trim() !== "" && number >= least && number <= most) return number;
    throw new InvalidArgumentError(`Expected a number from ${least} to ${most}, got "${value}".`);
  };

export const repeated = (value: string, soFar: string[] = []): string[] => [...soFar, text(value)];

/** A time as people type it: an ISO date or date and time; sent in UTC. */
export function isoTime(value: string): string {
  const time = new Date(value);
  if (/^\d{4}-\d{2}-\d{2}/.test(value) && !Number.isNaN(time.getTime())) return time.toISOString();
  throw new InvalidArgumentError(
    `Expected a time such as 2026-11-23 or 2026-11-23T10:00:00Z, got "${value}".`,
  );
}

/** The value of an option that is JSON itself or `@file`. */
export async function jsonValue<T extends z.ZodType>(
  option: string,
  value: string,
  schema: T,
  expected: string,
): Promise<Result<z.output<T>, Fault>> {
  const wrong = (got: string) =>
    fail(
      usageFault(
        "cli.bad_json",
        `${option}: expected ${expected}, got ${got}.`,
        `Quote the JSON for your shell, or put it into a file and give ${option} @file.json.`,
      ),
    );
  let source = value;
  if (value.startsWith("@")) {
    try {
      source = await readFile(value.slice(1), "utf8");
    } catch {
      return wrong(`a file that cannot be read: ${value.slice(1)}`);
    }
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(source);
  } catch {
    return wrong(`text that is not JSON: ${source.slice(0, 60)}`);
  }
  const checked = schema.safeParse(parsed);
  return checked.success ? ok(checked.data) : wrong(`JSON of another shape: ${source.slice(0, 60)}`);
}
