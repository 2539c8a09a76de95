/** What `POST /v1/batches` is asked in its query, checked and completed with the contract's defaults. Pure. */
import * as z from "zod";
import type { Problem } from "../../shared/api/contract.ts";
import { problem } from "../../shared/api/problems.ts";
import { FIELDS, fieldNamed } from "../../shared/intake/fields.ts";
import { type BatchOptions, PRIORITIES } from "../../shared/job/batch.ts";
import { parseTokenId } from "../../shared/job/token-id.ts";
import { fail, ok, type Result } from "../../shared/result.ts";
import { invalidParameter, oneOf, readParams, textUpTo, unknownParameter, whole, yesOrNo } from "./query.ts";

export type Submission = {
  /** Null: named by nobody. */
  readonly name: string | null;
  readonly collectionId: number;
  readonly options: BatchOptions;
  /** The file was sent in parts before; null: it is the body. */
  readonly uploadId: string | null;
};

const SubmitQuery = z.object({
  name: textUpTo(200).optional(),
  collectionId: whole(1, Number.MAX_SAFE_INTEGER).optional(),
  onInvalid: oneOf(["stop", "skip"]).default("stop"),
  onExisting: oneOf(["fail", "update", "skip"]).default("fail"),
  publish: yesOrNo.default(true),
  priority: oneOf(PRIORITIES).default("normal"),
  dryRun: yesOrNo.default(false),
  first: whole(1, 1_000_000_000).optional(),
  force: yesOrNo.default(false),
  refreshMedia: yesOrNo.default(false),
  mediaSet: textUpTo(100).optional(),
  uploadId: textUpTo(100).optional(),
  tokenIds: oneOf(["file", "derived", "sequential"]).default("file"),
  firstTokenId: textUpTo(100)
    .refine((text) => parseTokenId(text).ok, "a token id, decimal or 0x hex, below 2^256")
    .optional(),
});

/** @param contentType as the request states it: intake reads the charset from it. */
export function readSubmission(
  params: URLSearchParams,
  given: { contentType: string | null; defaultCollectionId: number | null },
): Result<Submission, Problem> {
  const { plain, bracketed } = partParams(params);
  const query = readParams(plain, SubmitQuery, ["template[field]", "map[field]"]);
  if (!query.ok) return query;
  const template = readBracketed(bracketed, "template");
  if (!template.ok) return template;
  const map = readBracketed(bracketed, "map");
  if (!map.ok) return map;
  const { name, collectionId, first, mediaSet, uploadId, firstTokenId, ...rest } = query.value;
  if (firstTokenId !== undefined && rest.tokenIds !== "sequential") {
    return fail(
      invalidParameter("firstTokenId", "to stand with tokenIds=sequential", `tokenIds=${rest.tokenIds}`),
    );
  }
  const collection = collectionId ?? given.defaultCollectionId;
  if (collection === null) return fail(collectionRequired);
  const options: BatchOptions = {
    ...rest,
    first: first ?? null,
    mediaSet: mediaSet ?? null,
    firstTokenId: canonicalId(firstTokenId ?? "0"),
    template: template.value,
    map: map.value,
    contentType: given.contentType,
  };
  return ok({ name: name ?? null, collectionId: collection, options, uploadId: uploadId ?? null });
}

/**
 * What the query says, whatever the order it says it in: half of a submission's fingerprint. Not how the file came:
 * the other half is its hash, and sent once more it has another upload's id.
 */
export const canonicalQuery = (params: URLSearchParams): string =>
  JSON.stringify(
    [...params]
      .filter(([name]) => name !== "uploadId")
      .map(([name, value]) => JSON.stringify([name, value]))
      .sort(),
  );

const BRACKETED = /^(template|map)\[(.*)\]$/s;

function partParams(params: URLSearchParams): { plain: URLSearchParams; bracketed: [string, string][] } {
  const plain = new URLSearchParams();
  const bracketed: [string, string][] = [];
  for (const [name, value] of params) {
    if (BRACKETED.test(name)) bracketed.push([name, value]);
    else plain.append(name, value);
  }
  return { plain, bracketed };
}

function readBracketed(
  params: readonly [string, string][],
  kind: "template" | "map",
): Result<Record<string, string>, Problem> {
  const read: Record<string, string> = {};
  for (const [name, value] of params) {
    const [, which, fieldGiven = ""] = BRACKETED.exec(name) ?? [];
    if (which !== kind) continue;
    const field = fieldNamed(fieldGiven);
    if (field === null)
      return fail(
        unknownParameter(
          name,
          FIELDS.map((known) => `${kind}[${known}]`),
        ),
      );
    if (field in read) return fail(invalidParameter(name, "to be given once", "it twice"));
    if (value === "")
      return fail(invalidParameter(name, kind === "map" ? "a column's name" : "a template", "nothing"));
    read[field] = value;
  }
  return ok(read);
}

/** Checked before; kept as it came where it were none, so that intake would name it. */
function canonicalId(given: string): string {
  const id = parseTokenId(given);
  return id.ok ? id.value : given;
}

const collectionRequired = problem(
  "batch.collection_required",
  "Expected collectionId in the query or COLLECTION_ID in the configuration, got neither.",
  "Add --collection ID (over HTTP ?collectionId=ID), or set COLLECTION_ID: `npx --no mintline collection create` makes one and prints the line.",
);
