/**
 * Objects of JSON Lines or of a JSON list as they were submitted, with the added members at their end. A result
 * of JSON is JSON and no CSV: only so can the failed rows be sent again as they are. What is no object is left
 * as it is, because there is nowhere to add to it. Pure.
 */
import type { JsonDialect } from "../../../shared/intake/records.ts";
import { encode, lastCode, widthOf } from "./encode.ts";
import { ADDED, type Added } from "./standing.ts";
import type { SourceRow, Writer } from "./writer.ts";

export function jsonWriter(dialect: JsonDialect, mark: Uint8Array): Writer {
  const { encoding } = dialect;
  const text = (plain: string): Uint8Array => encode(plain, encoding);
  const charset = `; charset=${encoding}`;
  const common = { mustComeLast: () => false };
  if (dialect.syntax === "json-lines") {
    return {
      ...common,
      extension: "jsonl",
      contentType: `application/x-ndjson${charset}`,
      head: [mark],
      row: (row, added) => [...withMembers(row, added, dialect), text("\n")],
      tail: [],
    };
  }
  return {
    ...common,
    extension: "json",
    contentType: `application/json${charset}`,
    head: [mark, text("[")],
    row: (row, added, isFirst) => [text(isFirst ? "\n" : ",\n"), ...withMembers(row, added, dialect)],
    tail: [text("\n]\n")],
  };
}

const CLOSE = 0x7d;
const SPACES: readonly (number | null)[] = [0x20, 0x09, 0x0a, 0x0d];

function withMembers({ record, bytes }: SourceRow, added: Added, { encoding }: JsonDialect): Uint8Array[] {
  const width = widthOf(encoding);
  let end = bytes.length;
  while (SPACES.includes(lastCode(bytes, end, encoding))) end -= width;
  if (record.kind !== "object" || lastCode(bytes, end, encoding) !== CLOSE) return [bytes.subarray(0, end)];
  const members = ADDED.map((name) => `,${JSON.stringify(name)}:${ascii(JSON.stringify(added[name]))}`);
  return [bytes.subarray(0, end - width), encode(`${members.join("")}}`, encoding)];
}

/** Whatever the file's encoding has no place for can be said in JSON all the same. */
const ascii = (json: string): string =>
  json.replace(/[\u0080-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
