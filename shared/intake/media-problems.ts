/** What can be wrong with a media cell, each with what to do about it. Pure. */
import type { MediaField } from "../job/job.ts";
import { FIELD_EXPECTS, kindOfContentType } from "../media/kinds.ts";
import { type ProblemText, quote } from "./problem.ts";

export const noMediaSet = (cell: string): ProblemText => ({
  code: "row.media_missing",
  message: `The file ${quote(cell)} is named, but the submission has no media set.`,
  next: "Submit with `--media DIR` (over HTTP: put the files into a media set and add mediaSet=NAME), or write a URL.",
});

export const missingMedia = (cell: string, nearest: string | null): ProblemText => ({
  code: "row.media_missing",
  message: `Expected a file of the media set, got ${quote(cell)}, which is not in it.`,
  next: nearest
    ? `Did you mean ${quote(nearest)}? Correct the cell, or add the file to the set.`
    : "Correct the name, or add the file to the set.",
});

export const ambiguousMedia = (cell: string, names: readonly string[]): ProblemText => ({
  code: "row.media_ambiguous",
  message: `${quote(cell)} fits ${names.length} files of the media set: ${names.slice(0, 5).map(quote).join(", ")}.`,
  next: "Write the file's whole path within the set.",
});

export const wrongMedia = (field: MediaField, fileName: string, contentType: string): ProblemText => ({
  code: "row.media_wrong_type",
  message: `Expected ${FIELD_EXPECTS[field]} for ${field}, got ${contentType} (${quote(fileName)}).`,
  next: `Name it in the ${familyField(contentType)} column, and a fitting file in ${field}.`,
});

const familyField = (contentType: string): MediaField => {
  const family = kindOfContentType(contentType)?.family ?? "model";
  return family === "model" ? "animation_url" : family;
};

export const requiredMedia = (tokenId: string, hasSet: boolean, hasColumn: boolean): ProblemText => ({
  code: "row.media_required",
  message: hasSet
    ? `Expected media: a URL, a file's name, or a file called ${tokenId}.* in the media set; got none.`
    : "Expected media: a URL or a file's name in image, animation_url, video or audio; got none.",
  next: hasColumn
    ? "Write the URL or the file's name as text: a cell that shows a picture with =IMAGE() is exported empty."
    : 'Name the image of the token, or fill the field for all rows, for instance --template "image=https://example.com/{id}.png" (over HTTP template[image]=…).',
});
