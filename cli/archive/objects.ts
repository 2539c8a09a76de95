/** One `N.json` a token (Metaplex, and HashLips beside its list) → JSON Lines with the number as the token's id. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { matchName } from "../../shared/intake/fields.ts";
import { fail, ok, type Result } from "../../shared/result.ts";
import { type Fault, usageFault } from "../failure.ts";
import { base } from "./layout.ts";

/** Named at once, so that they are mended in one go. */
const NAMED = 10;

/** @param files in the order of the lines. @returns the lines, each with its end. */
export async function joinObjects(
  folder: string,
  files: readonly string[],
): Promise<Result<string[], Fault>> {
  const lines: string[] = [];
  const bad: string[] = [];
  for (const file of files) {
    const line = lineOf(await readFile(join(folder, file)), base(file).replace(/\.json$/i, ""));
    if (line === null) bad.push(file);
    else lines.push(line);
  }
  return bad.length === 0 ? ok(lines) : fail(notObjects(bad));
}

/** null where it is no object. The text is kept as it is but for its line ends, which JSON has only between values. */
function lineOf(bytes: Buffer, number: string): string | null {
  const text = bytes.toString("utf8").replace(/^\ufeff/, "");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
  const line = text.trim().replace(/[\r\n\t]+/g, " ");
  const hasId = Object.keys(value).some((key) => {
    const name = matchName(key);
    return name?.field === "tokenId" && name.strength === "exact";
  });
  if (hasId) return `${line}\n`;
  const rest = line.slice(1).trimStart();
  return `{"tokenId":"${number}"${rest.startsWith("}") ? "" : ","}${rest}\n`;
}

const notObjects = (files: readonly string[]): Fault =>
  usageFault(
    "archive.bad_json",
    `Expected one JSON object in each N.json, got none in ${files.slice(0, NAMED).join(", ")}${files.length > NAMED ? ` and ${files.length - NAMED} more` : ""}.`,
    'Mend these files; each holds one token as {"name": "…", "image": "N.png", …}.',
  );
