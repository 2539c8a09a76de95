/** What can be wrong with an upload, each with what to do about it. Pure. */
import type { Problem } from "../../../shared/api/contract.ts";
import { problem } from "../../../shared/api/problems.ts";
import { LIMITS, MB } from "../../../shared/limits.ts";
import type { Size } from "./part-plan.ts";

export const noUpload = (id: string): Problem =>
  problem(
    "upload.not_found",
    `There is no upload ${JSON.stringify(id)} for this target.`,
    "Check the id, or begin again with POST /v1/uploads: an upload that nobody goes on with is given up after two days.",
  );

export const wrongNumber = (got: string, last: number): Problem =>
  problem(
    "upload.part_number",
    `Expected the number of a part, from 1 to ${last}, got ${JSON.stringify(got)}.`,
    "Count the parts from 1; `bytes` divided by `partBytes`, rounded up, is the last one.",
  );

export const wrongSize = (number: number, { least, most }: Size, got: number): Problem =>
  problem(
    "upload.part_size",
    `Part ${number}: expected ${least === most ? most : `1 to ${most}`} bytes, got ${got}.`,
    "Cut the file into parts of `partBytes` each; only the last one may be smaller.",
    { part: number, expected: most, got },
  );

/** Of a long list the first are enough to go on with; the client asks again after those. */
const NAMED = 200;

export const incomplete = (missing: readonly number[]): Problem =>
  problem(
    "upload.incomplete",
    `Expected all parts, got none of full size for ${missing.slice(0, 20).join(", ")}${missing.length > 20 ? ` and ${missing.length - 20} more` : ""}.`,
    "Send these parts (PUT /v1/uploads/{id}/parts/{n}), then complete the upload again.",
    { missing: missing.slice(0, NAMED) },
  );

export const mismatch = (announced: string, got: string): Problem =>
  problem(
    "upload.mismatch",
    `Expected a file with the SHA-256 ${announced}, got one with ${got}.`,
    "The file changed while it was sent, or a part is another file's: begin again with POST /v1/uploads.",
  );

export const wrongState = (expected: string, got: string): Problem =>
  problem(
    "upload.wrong_state",
    `Expected an upload that is ${expected}, got one that is ${got}.`,
    NEXT[got] ?? "",
    {
      got,
    },
  );

const NEXT: Readonly<Record<string, string>> = {
  open: "Send what is missing, then POST /v1/uploads/{id}/complete.",
  completed: "It is whole: name it with uploadId in POST /v1/batches or PUT /v1/media-sets/{set}/{fileName}.",
  moved: "It has become a media file: name that one, or begin a new upload.",
};

export const uploadTooLarge = (got: number): Problem =>
  problem(
    "body.too_large",
    `Expected an upload of at most ${LIMITS.uploadMaxBytes / MB} MB, got ${got} bytes.`,
    "Split the file into several batches.",
    { maxBytes: LIMITS.uploadMaxBytes },
  );

export const bodyBesideUpload: Problem = problem(
  "body.invalid",
  "Expected no body beside uploadId, got one.",
  "Send either the file itself or the uploadId of one that was sent in parts.",
);
