/**
 * A patch: a CSV whose `line` or `token_id` says which dead row is meant, and whose other columns hold its new cells.
 * An empty cell changes nothing, so that rows with different corrections fit into one table; the file of failed rows,
 * corrected in place, is a patch as it is, because its added columns name the line.
 */
import { readBeginning, wrongDelimiter } from "../../../shared/intake/delimiter.ts";
import { decideEncoding } from "../../../shared/intake/encoding.ts";
import { encodingProblem, empty as noFile } from "../../../shared/intake/file-problems.ts";
import { errorAt, type RowProblem } from "../../../shared/intake/problem.ts";
import { type FileRecord, isBlank, readRecords } from "../../../shared/intake/records.ts";
import { bytesSource } from "../../../shared/intake/source.ts";
import { foldHeader, parseTokenId } from "../../../shared/job/token-id.ts";
import { LIMITS } from "../../../shared/limits.ts";
import { fail, ok, type Result } from "../../../shared/result.ts";
import {
  patchKey,
  patchNoCells,
  patchRepeated,
  patchTooManyRows,
  patchUnknownRow,
  patchUnreadable,
} from "./problems.ts";

export type PatchRow = {
  /** Of the patch. */
  readonly place: number;
  /** A line, or a canonical token id. */
  readonly key: string;
  /** By header of the patch. Empty cells are left out. */
  readonly cells: ReadonlyMap<string, string>;
};

export type Patch = {
  readonly by: "line" | "token_id";
  readonly keyColumn: string;
  readonly headerLine: number;
  readonly columns: readonly string[];
  readonly rows: readonly PatchRow[];
};

export async function readPatch(
  bytes: Uint8Array,
  contentType: string | null,
): Promise<Result<Patch, readonly RowProblem[]>> {
  if (bytes.length === 0) return fail([noFile()]);
  const source = bytesSource(bytes);
  const decided = await decideEncoding(source, contentType);
  if (!decided.ok) return fail([await encodingProblem(source, decided.error)]);
  const { encoding, markBytes } = decided.value;
  const head = {
    bytes: bytes.subarray(markBytes),
    at: { offset: markBytes, line: 1 },
    encoding,
    atEnd: true,
  };
  const found = readBeginning(head);
  if (found === null) return fail([noFile()]);
  if ("kind" in found) return fail([errorAt(at(found.line), patchUnreadable(textOf(found)))]);
  const foreign = wrongDelimiter(found);
  if (foreign) return fail([foreign]);
  const { header, delimiter, next } = found;
  const key = keyColumn(header.cells);
  if (key === null) return fail([errorAt(at(header.line), patchKey(header.cells))]);
  const columns = header.cells.filter((name, index) => index !== key.index && isMeant(name));
  if (columns.length === 0) return fail([errorAt(at(header.line), patchNoCells())]);
  const records = readRecords(
    bytes.subarray(next.offset),
    next,
    { syntax: "csv", encoding, delimiter },
    true,
  );
  const rows = readRows(records.records, header.cells, key);
  return rows.ok
    ? ok({
        by: key.by,
        keyColumn: header.cells[key.index] ?? "",
        headerLine: header.line,
        columns,
        rows: rows.value,
      })
    : rows;
}

type Key = { readonly by: Patch["by"]; readonly index: number };

/** `line` before `token_id`: beside a line, a token id is a cell like any other. `_line` and `_token_id` are ours. */
function keyColumn(headers: readonly string[]): Key | null {
  for (const [by, names] of KEYS) {
    for (const name of names) {
      const index = headers.findIndex((header) => header.trim().toLowerCase() === name);
      if (index >= 0) return { by, index };
    }
  }
  const index = headers.findIndex((header) => foldHeader(header) === "tokenid");
  return index < 0 ? null : { by: "token_id", index };
}

const KEYS = [
  ["line", ["_line", "line"]],
  ["token_id", ["token_id", "tokenid", "_token_id"]],
] as const;

/** Columns that begin with `_` are ours, or somebody's notes. */
const isMeant = (header: string): boolean => header !== "" && !header.startsWith("_");

function readRows(
  records: readonly FileRecord[],
  headers: readonly string[],
  key: Key,
): Result<PatchRow[], readonly RowProblem[]> {
  const problems: RowProblem[] = [];
  const rows: PatchRow[] = [];
  const seen = new Map<string, number>();
  const column = headers[key.index] ?? "";
  for (const record of records) {
    if (isBlank(record)) continue;
    if (record.kind !== "cells") {
      problems.push(errorAt(at(record.line), patchUnreadable(textOf(record))));
      continue;
    }
    if (rows.length >= LIMITS.patchRows)
      return fail([...problems, errorAt(at(record.line), patchTooManyRows())]);
    const text = (record.cells[key.index] ?? "").trim();
    const value = keyOf(key.by, text);
    const place = { line: record.line, column, value: text === "" ? null : text };
    const before = value === null ? undefined : seen.get(value);
    if (value === null) problems.push(errorAt(place, patchUnknownRow(key.by, text)));
    else if (before !== undefined) problems.push(errorAt(place, patchRepeated(key.by, text, before)));
    else {
      seen.set(value, record.line);
      rows.push({ place: record.line, key: value, cells: cellsOf(record.cells, headers, key) });
    }
  }
  return problems.length > 0 ? fail(problems) : ok(rows);
}

const cellsOf = (cells: readonly string[], headers: readonly string[], key: Key): Map<string, string> =>
  new Map(
    headers.flatMap((header, index): [string, string][] => {
      const cell = cells[index] ?? "";
      return index === key.index || !isMeant(header) || cell.trim() === "" ? [] : [[header, cell]];
    }),
  );

function keyOf(by: Patch["by"], text: string): string | null {
  if (by === "line") return /^[1-9]\d{0,8}$/.test(text) ? text : null;
  const id = parseTokenId(text);
  return id.ok ? id.value : null;
}

const at = (line: number) => ({ line, column: "", value: null });
const textOf = (record: FileRecord): string => (record.kind === "refused" ? record.text : "");
