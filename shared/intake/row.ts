/**
 * One record → the args of one job, or everything that is wrong with it. The rules of contract §4, in the order
 * in which people read a row. Pure.
 */

import { type JobArgs, MEDIA_FIELDS, type MediaField } from "../job/job.ts";
import { LIMITS } from "../limits.ts";
import { readTokenProperties, readTraits } from "./attributes.ts";
import { isSpreadsheetError, lengthDoubt, linkDoubt, readColour, readDecimals } from "./cells.ts";
import type { ColumnPlan } from "./columns.ts";
import type { InlineMedia } from "./data-url.ts";
import { readTokenId } from "./ids.ts";
import { writeArgs } from "./json.ts";
import { readMedia } from "./media-cells.ts";
import { errorAt, isError, type RowProblem, warningAt } from "./problem.ts";
import { openRow, type Row, type RowContext, readField } from "./reading.ts";
import { type FileRecord, isBlank } from "./records.ts";
import {
  MISSING_NAME,
  refused,
  spreadsheetError,
  tooFewCells,
  tooLarge,
  tooManyCells,
} from "./row-problems.ts";

export type { RowContext } from "./reading.ts";

export type CheckedRow = { readonly line: number; readonly problems: readonly RowProblem[] } & (
  | { readonly kind: "invalid" }
  | {
      readonly kind: "valid";
      readonly args: JobArgs;
      /** The args as they are stored, and their SHA-256. */
      readonly text: string;
      readonly hash: string;
      readonly inline: readonly InlineMedia[];
    }
);

/** @param index how many rows came before it in the file. @returns null for a record of empty cells. */
export function checkRow(record: FileRecord, index: number, context: RowContext): CheckedRow | null {
  if (record.kind === "refused") return { kind: "invalid", line: record.line, problems: [refused(record)] };
  if (isBlank(record)) return null;
  const row = openRow(record, context);
  checkShape(row);
  const tokenId = readTokenId(row, index);
  const name = row.text("name");
  if (name === "") row.error("name", MISSING_NAME);
  const token: JobArgs["token"] = {
    name,
    description: row.text("description"),
    decimals: readField(row, "decimals", readDecimals) ?? 0,
    ...readLinks(row),
    properties: readTokenProperties(row),
    attributes: readTraits(row),
  };
  for (const field of ["name", "description"] as const) row.warn(field, lengthDoubt(field, token[field]));
  const media = readMedia(
    { texts: mediaTexts(row), columns: mediaColumns(context.plan), tokenId },
    context.media,
  );
  for (const { field, text } of media.problems) row.error(field, text);
  return close(row, { tokenId, token, media: [...media.media] }, media.inline);
}

/** As many cells as the header has, and none that is a formula's failure. */
function checkShape(row: Row): void {
  const { headers } = row.context.plan;
  const extra = row.cells.slice(headers.length).find((cell) => cell !== "");
  if (extra !== undefined) {
    const place = { line: row.line, column: `(column ${headers.length + 1})`, value: extra };
    row.problems.push(errorAt(place, tooManyCells(headers.length, row.cells.length)));
  }
  if (headers.slice(row.cells.length).some((header) => header !== "")) {
    const place = { line: row.line, column: headers[row.cells.length] ?? "", value: null };
    row.problems.push(warningAt(place, tooFewCells(headers.length, row.cells.length)));
  }
  for (const [index, cell] of row.cells.entries()) {
    const header = headers[index] ?? "";
    if (!isSpreadsheetError(cell) || header === "" || header.startsWith("_")) continue;
    row.problems.push(errorAt({ line: row.line, column: header, value: cell }, spreadsheetError(cell)));
  }
}

function readLinks(row: Row): { external_url?: string; background_color?: string } {
  const link = row.text("external_url");
  const colour = readField(row, "background_color", readColour);
  if (link !== "") row.warn("external_url", linkDoubt(link));
  if (colour) row.warn("background_color", colour.doubt);
  return {
    ...(link === "" ? {} : { external_url: link }),
    ...(colour ? { background_color: colour.colour } : {}),
  };
}

function mediaTexts(row: Row): Partial<Record<MediaField, string>> {
  const texts: Partial<Record<MediaField, string>> = {};
  for (const field of MEDIA_FIELDS) {
    const text = row.text(field);
    if (text !== "") texts[field] = text;
  }
  return texts;
}

const mediaColumns = (plan: ColumnPlan): ReadonlySet<MediaField> =>
  new Set(MEDIA_FIELDS.filter((field) => plan.fields[field] !== undefined));

function close(row: Row, args: JobArgs, inline: readonly InlineMedia[]): CheckedRow {
  const { line, problems } = row;
  if (problems.some(isError)) return { kind: "invalid", line, problems };
  const { text, hash } = writeArgs(args);
  if (Buffer.byteLength(text) <= LIMITS.jobRowBytes)
    return { kind: "valid", line, problems, args, text, hash, inline };
  const place = { line, column: "", value: null };
  return { kind: "invalid", line, problems: [...problems, errorAt(place, tooLarge(text.length))] };
}
