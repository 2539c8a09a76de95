/** A batch's file that intake could not open, or has not opened yet, opened for its results. */
import { readBeginning } from "../../../shared/intake/delimiter.ts";
import { decideEncoding } from "../../../shared/intake/encoding.ts";
import { type Opening, openFile } from "../../../shared/intake/opening.ts";
import type { ByteSource } from "../../../shared/intake/source.ts";
import { syntaxOf } from "../../../shared/intake/syntax.ts";
import { decode } from "../../../shared/intake/transcode.ts";
import { MB } from "../../../shared/limits.ts";
import type { ResultBatch } from "../../../shared/store/results.ts";

/** Of intake's opening, what it takes to find the rows again. */
export type ResultOpening = Pick<Opening, "dialect" | "head" | "rows" | "end"> & {
  readonly header: Pick<Opening["header"], "cells">;
};

/** @returns null where nobody can tell the file's rows. */
export async function openAgain(
  source: ByteSource,
  options: ResultBatch["options"],
): Promise<ResultOpening | null> {
  const opened = await openFile(source, options);
  return opened.ok ? opened.value.opening : openRefused(source, options.contentType);
}

const HEAD_BYTES = 1 * MB;

/** The rows of a CSV whose header was refused: they were never read, but they are rows. */
async function openRefused(source: ByteSource, contentType: string | null): Promise<ResultOpening | null> {
  const decided = await decideEncoding(source, contentType);
  if (!decided.ok) return null;
  const { encoding, markBytes } = decided.value;
  const bytes = await source.read(markBytes, HEAD_BYTES);
  const atEnd = markBytes + bytes.length >= source.size;
  if (syntaxOf(decode(bytes, encoding).text, contentType, { atEnd }) !== "csv") return null;
  const found = readBeginning({ bytes, at: { offset: markBytes, line: 1 }, encoding, atEnd });
  if (found === null || "kind" in found) return null;
  const { delimiter, header, head, next: rows } = found;
  return { dialect: { syntax: "csv", encoding, delimiter }, header, head, rows, end: source.size };
}
