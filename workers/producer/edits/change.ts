/** A record with other cells, and what is left of a job's outputs when its row has changed. Pure. */
import * as z from "zod";
import type { ColumnPlan } from "../../../shared/intake/columns.ts";
import { fieldNamed } from "../../../shared/intake/fields.ts";
import type { JsonValue } from "../../../shared/intake/json.ts";
import { entryOf } from "../../../shared/intake/json-record.ts";
import type { JobArgs, JobOutputs } from "../../../shared/job/job.ts";
import { foldHeader } from "../../../shared/job/token-id.ts";
import type { CellChanges } from "../../../shared/store/edits.ts";
import { cellAt, type Record } from "./batch-file.ts";

/** Cells by the index of their column. */
export type Cells = ReadonlyMap<number, JsonValue>;

/** The column that a person means: by its header, by a spelling of it, or by the field that it fills. */
export function columnNamed(plan: ColumnPlan, name: string): number | null {
  const { headers, fields } = plan;
  const trimmed = name.trim();
  const exact = headers.indexOf(trimmed);
  if (exact >= 0) return exact;
  const folded = foldHeader(trimmed);
  const spelled = headers.findIndex((header) => header !== "" && foldHeader(header) === folded);
  if (spelled >= 0) return spelled;
  const field = fieldNamed(trimmed);
  return field === null ? null : (fields[field] ?? null);
}

/** What a cell of a CSV holds: text as it is, everything else as JSON writes it; null is an empty cell. */
const textOf = (value: JsonValue): string =>
  value === null ? "" : typeof value === "string" ? value : JSON.stringify(value);

export function changeCells(record: Record, headers: readonly string[], cells: Cells): Record {
  if (record.kind === "cells") {
    const changed = Array.from({ length: Math.max(record.cells.length, headers.length) }, (_, index) => {
      const value = cells.get(index);
      return value === undefined ? (record.cells[index] ?? "") : textOf(value).trim();
    });
    return { ...record, cells: changed };
  }
  const entries = new Map(record.row.entries);
  for (const [index, value] of cells) {
    const key = headers[index] ?? "";
    if (value === null || value === "") entries.delete(key);
    else entries.set(key, entryOf(value));
  }
  return { ...record, row: { ...record.row, entries } };
}

/** What the change is, cell by cell; empty where nothing differs. */
export const changesBetween = (before: Record, after: Record, headers: readonly string[]): CellChanges =>
  Object.fromEntries(
    headers.flatMap((header, index) => {
      const [from, to] = [cellAt(before, header, index), cellAt(after, header, index)];
      return from === to ? [] : [[header, { from, to, ...valueAt(after, header) }] as const];
    }),
  );

/** Of JSON: what the text was, so that a text of digits does not come back as a number. */
function valueAt(record: Record, header: string): { value?: JsonValue } {
  const entry = record.kind === "object" ? record.row.entries.get(header) : undefined;
  return entry === undefined ? {} : { value: entry.scalar ?? z.json().parse(JSON.parse(entry.text)) };
}

/** Edits of before, as cells. */
export function cellsEdited(edits: readonly CellChanges[], plan: ColumnPlan): Map<number, JsonValue> {
  const cells = new Map<number, JsonValue>();
  for (const edit of edits) {
    for (const [header, { to, value }] of Object.entries(edit)) {
      const index = plan.headers.indexOf(header);
      if (index >= 0) cells.set(index, value ?? to);
    }
  }
  return cells;
}

/**
 * A row whose id is not in a cell keeps the one it was given: derived anew from other cells it would be another
 * token. So the id is handed to the rules in the column that is made for it.
 */
export function withOwnId(
  record: Record,
  plan: ColumnPlan,
  tokenId: string,
): { record: Record; plan: ColumnPlan } {
  const own = plan.ownIdIndex;
  const hasOwn = own !== null && cellAt(record, plan.headers[own] ?? "", own).trim() !== "";
  if (plan.idSource === "file" || (plan.idSource === "own" && hasOwn)) return { record, plan };
  const index = own ?? plan.headers.length;
  const headers = own === null ? [...plan.headers, OWN_ID] : plan.headers;
  return {
    record: changeCells(record, headers, new Map([[index, tokenId]])),
    plan: { ...plan, headers, idSource: "own", ownIdIndex: index },
  };
}
const OWN_ID = "_token_id";

/**
 * Steps that used a changed cell are done again. An asset stays known where its media changed, without its bytes: to
 * upload to it replaces, while a second asset would be one too many. All metadata is sent with the last step anyway.
 */
export function outputsAfter(outputs: JobOutputs | null, before: JobArgs, after: JobArgs): JobOutputs | null {
  if (outputs === null) return null;
  const sourceOf = (args: JobArgs, field: string): string =>
    JSON.stringify(args.media.find((media) => media.field === field)?.source ?? null);
  return {
    ...outputs,
    published: false,
    assets: outputs.assets.map((asset) =>
      sourceOf(before, asset.field) === sourceOf(after, asset.field)
        ? asset
        : { field: asset.field, id: asset.id, url: null, sha256: null, bytes: null, contentType: null },
    ),
  };
}
