/**
 * One record → the args of one job, or everything that is wrong with it. The rules of contract §4, in the order
 * in which people read a row. Pure.
 */

import { type JobArgs, MEDIA_FIELDS, type MediaField } from "../job/job.ts";
import { LIMITS } from "../limits.ts";
import { readTokenProperties, readTraits } from "./attributes.ts";
import { isSpreadsheetError, lengthDoubt, linkDoubt, readColour, readDecimals } from "./cells.ts";
import type { InlineMedia } from "./data-url.ts";
import { readTokenId } from "./ids.ts";
import { writeArgs } from "./json.ts";
import { readMedia } from "./media-cells.ts";
import { errorAt, isError, type RowProblem, warningAt } from "./problem.ts";
import { Row, type RowContext, readField } from "./reading.ts";
import { type FileRecord, isBlank } from "./records.ts";
import {
  lostLetter,
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
      /** The args as they are stored. */
      readonly text: string;
      readonly inline: readonly InlineMedia[];
    }
);

/** @param index how many rows came before it in the file. @returns null for a record of empty cells. */
export function checkRow(record: FileRecord, index: number, context: RowContext): CheckedRow | null {
  if (record.kind === "refused") return { kind: "invalid", line: record.line, problems: [refused(record)] };
  if (isBlank(record)) return null;
  const row = new Row(record, context);
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
  row.warn("name", lengthDoubt("name", token.name));
  row.warn("description", lengthDoubt("description", token.description));
  const columns = context.plan.mediaColumns;
  const media = readMedia({ texts: mediaTexts(row), columns, tokenId }, context.media);
  for (const { field, text } of media.problems) row.error(field, text);
  return close(row, { tokenId, token, media: [...media.media] }, media.inline);
}

/** What some earlier program wrote where it could not read a letter; here bytes that are none are an error. */
const LOST = "\ufffd";

/** As many cells as the header has, and none that is a formula's failure. */
function checkShape(row: Row): void {
  const { line, cells } = row;
  const { headers } = row.context.plan;
  if (cells.length > headers.length) {
    const extra = cells.slice(headers.length).find((cell) => cell !== "");
    const place = { line, column: `(column ${headers.length + 1})`, value: extra ?? null };
    if (extra !== undefined) row.problems.push(errorAt(place, tooManyCells(headers.length, cells.length)));
  }
  if (cells.length < headers.length && headers.slice(cells.length).some((header) => header !== "")) {
    const place = { line, column: headers[cells.length] ?? "", value: null };
    row.problems.push(warningAt(place, tooFewCells(headers.length, cells.length)));
  }
  for (let index = 0; index < cells.length; index += 1) {
    const cell = cells[index] ?? "";
    const failed = isSpreadsheetError(cell);
    if (!failed && !cell.includes(LOST)) continue;
    const column = headers[index] ?? "";
    if (column === "" || column.startsWith("_")) continue;
    const place = { line, column, value: cell };
    row.problems.push(failed ? errorAt(place, spreadsheetError(cell)) : warningAt(place, lostLetter(cell)));
  }
}

function readLinks(row: Row): { external_url?: string; background_color?: string } {
  const links: { external_url?: string; background_color?: string } = {};
  const link = row.text("external_url");
  const colour = readField(row, "background_color", readColour);
  if (link !== "") {
    row.warn("external_url", linkDoubt(link));
    links.external_url = link;
  }
  if (colour) {
    row.warn("background_color", colour.doubt);
    links.background_color = colour.colour;
  }
  return links;
}

function mediaTexts(row: Row): Partial<Record<MediaField, string>> {
  const texts: Partial<Record<MediaField, string>> = {};
  for (const field of MEDIA_FIELDS) {
    const text = row.text(field);
    if (text !== "") texts[field] = text;
  }
  const { preview } = row.context.plan;
  const picture = preview === null ? "" : (row.cells[preview] ?? "").trim();
  // A work that names itself as its picture is a picture.
  if (picture !== "" && picture !== texts.image) {
    if (texts.image !== undefined) texts.animation_url = texts.image;
    texts.image = picture;
  }
  return texts;
}

function close(row: Row, args: JobArgs, inline: readonly InlineMedia[]): CheckedRow {
  const { line, problems } = row;
  if (problems.length > 0 && problems.some(isError)) return { kind: "invalid", line, problems };
  const text = writeArgs(args);
  // No letter takes more than three bytes for each of its UTF-16 units.
  if (text.length * 3 <= LIMITS.jobRowBytes || Buffer.byteLength(text) <= LIMITS.jobRowBytes)
    return { kind: "valid", line, problems, args, text, inline };
  const place = { line, column: "", value: null };
  return { kind: "invalid", line, problems: [...problems, errorAt(place, tooLarge(text.length))] };
}
