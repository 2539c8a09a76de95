/** A batch's submitted file, opened again as intake understood it, and single rows of it. */
import { type ColumnPlan, planColumns } from "../../../shared/intake/columns.ts";
import type { Opening } from "../../../shared/intake/opening.ts";
import type { FileRecord } from "../../../shared/intake/records.ts";
import { readSlice } from "../../../shared/intake/slices.ts";
import { type ByteSource, clipped } from "../../../shared/intake/source.ts";
import { decode } from "../../../shared/intake/transcode.ts";
import type { FollowUpKind } from "../../../shared/job/batch.ts";
import { MB } from "../../../shared/limits.ts";
import { fail, ok, type Result } from "../../../shared/result.ts";
import { type ResultBatch, readResultBatch } from "../../../shared/store/results.ts";
import { listMarks, type SourceMark } from "../../../shared/store/source-marks.ts";
import type { ProducerContext } from "../context.ts";
import { openR2 } from "../intake/r2-source.ts";
import { readOpening } from "../intake/state.ts";

export type BatchFile = {
  readonly batch: ResultBatch;
  readonly source: ByteSource;
  readonly opening: Opening;
  readonly plan: ColumnPlan;
  readonly marks: readonly SourceMark[];
};

/** `gone`: so is the batch, perhaps, or intake never understood it. */
export type NoFile =
  | { readonly why: "gone" }
  /** A follow-up has no file; its rows are those of `sourceId`, on the same lines. */
  | { readonly why: "follow_up"; readonly kind: FollowUpKind; readonly sourceId: string };

export async function openBatchFile(
  { db, bucket, config }: Pick<ProducerContext, "db" | "bucket" | "config">,
  batchId: string,
): Promise<Result<BatchFile, NoFile>> {
  const batch = await readResultBatch(db, config.target, batchId);
  if (batch && batch.kind !== "submit" && batch.source_batch !== null)
    return fail({ why: "follow_up", kind: batch.kind, sourceId: batch.source_batch });
  const opening = batch && readOpening(batch.intake_state);
  const source = batch && (await openR2(bucket, batch.source_key));
  if (!batch || !opening || !source) return fail({ why: "gone" });
  const { plan } = planColumns(opening.header, batch.options, opening.settled);
  return ok({ batch, source, opening, plan, marks: await listMarks(db, batchId) });
}

export type Record = Exclude<FileRecord, { kind: "refused" }>;

/** Less than a slice of intake: a row alone lies on average half a slice behind its mark. */
const READ_BYTES = 1 * MB;

/** The records that begin on these lines, each at most once, in the order of the file. @param lines ascending */
export async function* recordsOn(file: BatchFile, lines: readonly number[]): AsyncGenerator<Record> {
  const { opening, marks } = file;
  const rows = clipped(file.source, opening.end);
  let next = 0;
  while (next < lines.length) {
    const wanted = lines[next] ?? 0;
    let at = marks.findLast(({ line }) => line <= wanted) ?? opening.rows;
    const from = next;
    while (at.offset < rows.size && next < lines.length && !hasNearerMark(marks, at.line, lines[next] ?? 0)) {
      for await (const piece of readSlice(rows, at, opening.dialect, READ_BYTES)) {
        at = piece.next;
        for (const record of piece.records) {
          while ((lines[next] ?? Infinity) < record.line) next += 1;
          if (lines[next] !== record.line) continue;
          next += 1;
          if (record.kind !== "refused") yield record;
        }
        if (next >= lines.length) return;
      }
    }
    // No record begins there: the line is none of the file's.
    if (next === from) next += 1;
  }
}

/** Whether the next line wanted is better looked for from a mark further on. */
const hasNearerMark = (marks: readonly SourceMark[], at: number, wanted: number): boolean =>
  marks.some(({ line }) => line > at && line <= wanted);

/** The record as text, without its line end. */
export async function textOf({ source, opening }: BatchFile, record: Record): Promise<string> {
  const bytes = await source.read(record.start, record.end - record.start);
  return decode(bytes, opening.dialect.encoding).text.replace(/[\r\n]+$/, "");
}

/** Cells as text, by header. Of two columns with one name the last is shown. */
export const cellsOf = (record: Record, headers: readonly string[]): { [header: string]: string } =>
  Object.fromEntries(
    headers
      .map((header, index): [string, string] => [header, cellAt(record, header, index)])
      .filter(([header]) => header !== ""),
  );

export const cellAt = (record: Record, header: string, index: number): string =>
  record.kind === "cells" ? (record.cells[index] ?? "") : (record.row.entries.get(header)?.text ?? "");
