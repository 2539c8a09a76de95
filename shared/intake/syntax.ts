/** Whether a file is CSV, JSON or JSON Lines: by its first characters, and by what it was sent as where those say too little. Pure. */
import { lineEndAfter } from "./lines.ts";

export type Syntax = "csv" | "json" | "json-lines";

/**
 * No header begins with an object or a list of them, so what does is JSON whatever it was sent as; what was sent
 * as JSON is read as such, so that a mistake in it is told as one of JSON.
 * @param head the beginning of the file, without its mark.
 */
export function syntaxOf(head: string, contentType: string | null, { atEnd }: { atEnd: boolean }): Syntax {
  const said = saidSyntax(contentType);
  const text = head.trimStart();
  if (text.startsWith("[")) return /^\[\s*([{\]]|$)/.test(text) || said !== "csv" ? "json" : "csv";
  if (!/^\{\s*(["}]|$)/.test(text)) return said;
  if (said === "json-lines") return said;
  // An object that ends with its line, and more behind it: a document goes on until its last bracket.
  const end = lineEndAfter(text, 0, atEnd);
  if (end === null) return "json";
  return isObject(text.slice(0, end)) && text.slice(end).trim() !== "" ? "json-lines" : "json";
}

/** Chrome on Windows calls a CSV an Excel sheet, `fetch` calls any text plain, and JSON Lines has no name of its own. */
const TYPES: Readonly<Record<string, Syntax>> = {
  "text/csv": "csv",
  "text/plain": "csv",
  "application/vnd.ms-excel": "csv",
  "text/tab-separated-values": "csv",
  "application/x-ndjson": "json-lines",
  "application/ndjson": "json-lines",
  "application/jsonl": "json-lines",
  "application/x-jsonlines": "json-lines",
  "application/json": "json",
};

/** The content types in which rows may be sent; none at all is good too. */
export const ROW_TYPES: readonly string[] = Object.keys(TYPES);

const typeOf = (contentType: string): string => contentType.split(";", 1)[0]?.trim().toLowerCase() ?? "";

export const isRowType = (contentType: string | null): boolean =>
  contentType === null || Object.hasOwn(TYPES, typeOf(contentType));

const saidSyntax = (contentType: string | null): Syntax =>
  contentType === null ? "csv" : (TYPES[typeOf(contentType)] ?? "csv");

function isObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null;
  } catch {
    return false;
  }
}
