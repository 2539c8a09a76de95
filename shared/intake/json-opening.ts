/** The beginning of a JSON file. JSON Lines is only begun; any other JSON is checked whole, and its list found. */
import { LIMITS } from "../limits.ts";
import { fail, ok, type Result } from "../result.ts";
import { empty, jsonTooLarge } from "./file-problems.ts";
import { findList } from "./json-document.ts";
import { readJsonList } from "./json-list.ts";
import { addToShape, newShape } from "./json-shape.ts";
import { linesIn } from "./lines.ts";
import type { Opened, Opening } from "./opening.ts";
import type { RowProblem } from "./problem.ts";
import type { JsonDialect, Position } from "./records.ts";
import type { ByteSource } from "./source.ts";
import { settle } from "./survey.ts";
import { decode } from "./transcode.ts";

export async function openJson(
  source: ByteSource,
  dialect: JsonDialect,
  markBytes: number,
): Promise<Result<Opened, readonly RowProblem[]>> {
  if (dialect.syntax === "json") return openDocument(source, dialect, markBytes);
  const opening = openingAt(source, dialect, { offset: markBytes, line: 1 });
  return ok({ opening, survey: { kind: "objects", shape: newShape() }, warnings: [] });
}

async function openDocument(
  source: ByteSource,
  dialect: JsonDialect,
  markBytes: number,
): Promise<Result<Opened, readonly RowProblem[]>> {
  if (source.size > LIMITS.jsonFileBytes) return fail([jsonTooLarge(source.size)]);
  const bytes = await source.read(markBytes, source.size - markBytes);
  const { text, bytesOf } = decode(bytes, dialect.encoding);
  if (text.trim() === "") return fail([empty()]);
  const list = findList(text);
  if (!list.ok) return fail([list.error]);
  const skipped = bytesOf(0, list.value.start);
  const rows = { offset: markBytes + skipped, line: 1 + linesIn(text, 0, list.value.start) };
  const opening = openingAt(source, dialect, rows);
  let shape = newShape(list.value.key);
  const limits = { maxChars: LIMITS.recordChars, pieceChars: LIMITS.recordChars };
  for (const piece of readJsonList(bytes.subarray(skipped), rows, dialect, limits))
    shape = addToShape(shape, piece.records);
  return ok({ opening: settle(opening, { kind: "objects", shape }), survey: null, warnings: [] });
}

/** The keys are not known yet. */
const openingAt = (source: ByteSource, dialect: JsonDialect, rows: Position): Opening => ({
  dialect,
  header: { cells: [], line: 1 },
  head: { start: rows.offset, end: rows.offset },
  rows,
  end: source.size,
  tailLines: 0,
  settled: null,
});
