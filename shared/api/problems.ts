/**
 * Every problem that the API answers with under a name of its own: its HTTP status and its title.
 * The codes are part of the contract and never renamed. Pure.
 */
import type { Problem } from "./contract.ts";

export const PROBLEMS = {
  "auth.missing": { status: 401, title: "No token was sent" },
  "auth.unknown_token": { status: 401, title: "The token is not known here" },
  "auth.forbidden": { status: 403, title: "The token's role does not allow this" },
  "config.invalid": { status: 500, title: "The configuration is not complete" },
  "route.not_found": { status: 404, title: "No such address" },
  "route.method_not_allowed": { status: 405, title: "This address does not take this method" },
  "health.unwell": { status: 503, title: "Not well" },
  "query.unknown": { status: 400, title: "Unknown query parameter" },
  "query.invalid": { status: 400, title: "A query parameter cannot be read" },
  "header.invalid": { status: 400, title: "A header cannot be read" },
  "body.unknown_field": { status: 400, title: "Unknown field in the body" },
  "body.invalid": { status: 400, title: "The body is not what is expected here" },
  "body.unsupported": { status: 415, title: "This kind of body is not taken here" },
  "body.too_large": { status: 413, title: "The body is too large" },
  "body.cut_short": { status: 400, title: "The body ended early" },
  "file.empty": { status: 400, title: "The file is empty" },
  "batch.not_found": { status: 404, title: "No such batch" },
  "batch.collection_required": { status: 400, title: "No collection was named" },
  "batch.idempotency_mismatch": { status: 409, title: "The idempotency key belongs to another submission" },
  "batch.wrong_state": { status: 409, title: "The batch's state does not allow this" },
  "batch.opposite_open": { status: 409, title: "The opposite is under way" },
  "batch.not_verified": { status: 404, title: "The batch was never verified" },
  "batch.cancelled": { status: 409, title: "The batch was cancelled" },
  "job.not_found": { status: 404, title: "No such job" },
  "dead_letter.not_found": { status: 404, title: "No such dead letter" },
  "dead_letter.wrong_state": { status: 409, title: "The dead letter's state does not allow this" },
  "edit.invalid": { status: 400, title: "The edited rows are not valid" },
  "edit.follow_up": { status: 409, title: "The row belongs to another batch" },
  "edit.overtaken": { status: 409, title: "The row moved on meanwhile" },
  "replay.not_found": { status: 404, title: "No such replay" },
  "replay.wrong_state": { status: 409, title: "The replay's state does not allow this" },
  "collection.not_found": { status: 404, title: "No such collection" },
  "contract.none": { status: 409, title: "No contract is linked" },
  "refresh.no_public_key": { status: 409, title: "There is no public key" },
  "refresh.not_found": { status: 404, title: "No such refresh" },
  "token.not_found": { status: 404, title: "No such token" },
  "asset.not_found": { status: 404, title: "No such asset" },
  "media_set.not_found": { status: 404, title: "No such media set" },
  "media.not_found": { status: 404, title: "No such media file" },
  "media.bad_name": { status: 400, title: "The media file's name cannot be used" },
  "media.unusable": { status: 400, title: "The media cannot be used" },
  "upload.not_found": { status: 404, title: "No such upload" },
  "upload.part_number": { status: 400, title: "The upload has no such part" },
  "upload.part_size": { status: 400, title: "The part has the wrong size" },
  "upload.incomplete": { status: 409, title: "Parts of the upload are missing" },
  "upload.mismatch": { status: 409, title: "The bytes are not those that were announced" },
  "upload.wrong_state": { status: 409, title: "The upload's state does not allow this" },
  "results.no_file": { status: 409, title: "This batch has no file of its own" },
  "results.not_ready": { status: 409, title: "There are no results yet" },
  "results.other_format": { status: 409, title: "The results of this file have another format" },
  "results.file_gone": { status: 404, title: "The submitted file is gone" },
  internal: { status: 500, title: "Something went wrong here" },
} as const satisfies Record<string, { status: number; title: string }>;

export type ProblemCode = keyof typeof PROBLEMS;

/** @param more members beside the standard ones, e.g. `expected` and `got`. */
export const problem = (
  code: ProblemCode,
  detail: string,
  next: string,
  more: Readonly<Record<string, unknown>> = {},
): Problem => problemAs(PROBLEMS[code], code, detail, next, more);

/** A problem whose code somebody else named, such as a failure of Sequence. */
export const problemAs = (
  kind: { readonly status: number; readonly title: string },
  code: string,
  detail: string,
  next: string,
  more: Readonly<Record<string, unknown>> = {},
): Problem => ({
  // An identifier and no address: RFC 9457 lets `type` be one that leads nowhere.
  type: `urn:mintline:problem:${code}`,
  title: kind.title,
  status: kind.status,
  code,
  detail,
  next,
  ...more,
});
