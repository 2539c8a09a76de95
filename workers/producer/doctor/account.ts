/** What the doctor asks of configuration, key and Sequence. Each finding that is not fine has a code of its own. */
import { decodeJwt } from "jose";
import type { Finding } from "../../../shared/api/contract.ts";
import type { Config } from "../../../shared/config.ts";
import { DAY } from "../../../shared/limits.ts";
import type { Sequence } from "../../../shared/sequence/client.ts";
import { proveCollection, proveWrite } from "../../../shared/sequence/prove.ts";
import { doubtful, fine, wrong } from "./finding.ts";

/** That this runs at all says that it is complete: see `config.invalid`. */
export const checkConfig = ({ target, apiTokens, maxCallsPerSecond }: Config): Finding =>
  fine(
    "config",
    "config.ok",
    `Complete for ${target}; ${apiTokens === null ? "only the token local, only on 127.0.0.1" : `${apiTokens.length} API token(s)`}; ${
      maxCallsPerSecond === null ? "no ceiling for calls" : `at most ${maxCallsPerSecond} calls a second`
    }.`,
  );

/** Decoding proves nothing about the signature: only Sequence can; but it finds the common mistakes without it. */
export function checkKey({ jwt, projectId }: Config, now: number): Finding {
  const { exp } = decodeJwt(jwt);
  if (exp === undefined) return fine("key", "key.ok", `A JWT for project ${projectId} that does not expire.`);
  const ends = new Date(exp * 1000).toISOString();
  if (exp * 1000 <= now) {
    return wrong("key", {
      code: "key.expired",
      message: `JWT_ACCESS_KEY expired at ${ends}.`,
      next: "Make a new secret key with Write access in Builder → Settings → API Keys and set it as JWT_ACCESS_KEY.",
    });
  }
  if (exp * 1000 <= now + DAY) {
    return doubtful(
      "key",
      "key.expires_soon",
      `JWT_ACCESS_KEY expires at ${ends}.`,
      "Make a new secret key with Write access before that: batches halt when it expires.",
    );
  }
  return fine("key", "key.ok", `A JWT for project ${projectId} until ${ends}.`);
}

/** One page of one collection: the cheapest call that needs host, key and project to be right. */
export async function checkAccess({ metadataUrl, projectId }: Config, sequence: Sequence): Promise<Finding> {
  const listed = await sequence.listCollections({ page: { page: 0, pageSize: 1 } });
  if (!listed.ok) return wrong("access", listed.error);
  return fine("access", "access.ok", `${metadataUrl} accepts the key for project ${projectId}.`);
}

export async function checkWrite(sequence: Sequence): Promise<Finding> {
  const proven = await proveWrite(sequence);
  return proven.ok ? fine("write", "write.ok", "The key may write.") : wrong("write", proven.error);
}

export async function checkCollection({ collectionId }: Config, sequence: Sequence): Promise<Finding> {
  if (collectionId === null) {
    return doubtful(
      "collection",
      "collection.unset",
      "COLLECTION_ID is not set, so every submission must name its collection.",
      "Make one with `npx --no mintline collection create`, which prints the COLLECTION_ID= line, or submit with `--collection ID`.",
    );
  }
  const proven = await proveCollection(sequence, collectionId);
  if (!proven.ok) return wrong("collection", proven.error);
  const { published, collection } = proven.value;
  const named = `Collection ${collectionId} "${collection.metadata.name}"`;
  if (published) return fine("collection", "collection.published", `${named} is published.`);
  return fine(
    "collection",
    "collection.private",
    `${named} is not published: nobody sees its tokens yet.`,
    `When the tokens are ready: npx --no mintline collection publish ${collectionId}`,
  );
}
