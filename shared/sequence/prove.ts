/** Two questions that settle beforehand whether a batch can succeed at all. One call each. */
import type { Failure } from "../job/failure.ts";
import { fail, ok, type Result } from "../result.ts";
import { MEANING } from "./meanings.ts";
import type { SequenceCollection } from "./schema.ts";
import type { Sequence } from "./sequence.ts";

export type ProvenCollection = {
  published: boolean;
  tokenCount: number | null;
  collection: SequenceCollection;
};

/**
 * Proves host, key, project and collection. A collection that is not there comes back as `collection.not_found`
 * with reason `account`, so that a batch already running halts instead of burying every row; validation treats
 * the code.
 */
export async function proveCollection(
  sequence: Pick<Sequence, "getCollection">,
  collectionId: number,
  signal?: AbortSignal,
): Promise<Result<ProvenCollection, Failure>> {
  const found = await sequence.getCollection({ collectionId }, signal);
  if (!found.ok)
    return fail(found.error.reason === "not_found" ? gone(found.error, collectionId) : found.error);
  const collection = found.value;
  if (isDeleted(collection)) return fail(gone(deletedEvidence, collectionId));
  return ok({ published: !collection.private, tokenCount: collection.tokenCount, collection });
}

/** Deleting may only mark: `deletedAt` is in the type, its zero value means that nothing was deleted. */
const isDeleted = ({ deletedAt }: SequenceCollection): boolean =>
  deletedAt !== null && !deletedAt.startsWith("0001-01-01");

const deletedEvidence: Pick<Failure, "message" | "httpStatus" | "retryAfterSeconds" | "evidence"> = {
  message: "GetCollection: expected a living collection, got one with deletedAt",
  httpStatus: 200,
  retryAfterSeconds: null,
  evidence: null,
};

function gone(found: typeof deletedEvidence & Partial<Failure>, collectionId: number): Failure {
  // "Project not found" is about the key and PROJECT_ID: choosing another collection would not help.
  if (found.code === "sequence.project_not_found") {
    return { ...found, reason: "account", code: "key.other_project", next: MEANING.keyOtherProject.next };
  }
  return {
    ...found,
    reason: "account",
    code: "collection.not_found",
    next: `Check COLLECTION_ID: list the collections with \`npx --no mintline collection list\`, or make one with \`npx --no mintline collection create\`; ${collectionId} is not in this project.`,
  };
}

/**
 * Tells a key that may write from one that may only read, without writing: it hides a collection whose id cannot
 * exist. Ids are given in sequence over all projects and are at about 1,000; this one is 2^53 - 1, the largest
 * that JSON carries exactly. The permission is checked before the collection is looked for, so a key with Write
 * access gets as far as "not found". Hiding rather than publishing or deleting, because even if the impossible
 * collection existed, hiding discloses nothing, destroys nothing and can be taken back.
 */
export async function proveWrite(
  sequence: Pick<Sequence, "unpublishCollection">,
  signal?: AbortSignal,
): Promise<Result<null, Failure>> {
  const asked = await sequence.unpublishCollection({ collectionId: Number.MAX_SAFE_INTEGER }, signal);
  if (asked.ok) return ok(null);
  const failure = asked.error;
  // All of these come from behind the permission check.
  if (failure.reason === "not_found" || failure.reason === "conflict" || failure.reason === "invalid")
    return ok(null);
  // A server that knows the project but not this permission may say PermissionDenied; doctor asks this only after
  // a read with the same key and project went well, so the project cannot be what is denied.
  if (failure.code === MEANING.keyOtherProject.code && failure.httpStatus === 403) {
    return fail({ ...failure, code: MEANING.keyReadOnly.code, next: MEANING.keyReadOnly.next });
  }
  return fail(failure);
}
