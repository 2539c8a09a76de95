/** identify.ts: which ids an RPC body speaks of, read loosely: for the ledger and the faults, never to act on. */
import { isMap } from "./decode.ts";
import type { LedgerEntry } from "./ledger.ts";
import { canonicalTokenId } from "./wire.ts";

type Ids = Pick<LedgerEntry, "projectId" | "collectionId" | "tokenId" | "assetId" | "field">;

export function identify(body: unknown): Ids {
  const part = (name: string) => pick(body, name);
  const [token, asset, collection] = [part("token"), part("asset"), part("collection")];
  return {
    projectId: number(part("projectId")),
    collectionId: number(part("collectionId") ?? pick(asset, "collectionId") ?? pick(collection, "id")),
    tokenId: tokenIdFrom(part("tokenId") ?? pick(asset, "tokenId") ?? pick(token, "tokenId")),
    // A client's own id in CreateAsset is not the asset's; the answer's will be noted.
    assetId: number(part("assetId")),
    field: string(pick(asset, "metadataField")),
  };
}

export function tokenIdFrom(value: unknown): string | null {
  const given = typeof value === "bigint" || typeof value === "number" ? String(value) : value;
  const canonical = typeof given === "string" ? canonicalTokenId(given) : null;
  return typeof canonical === "string" ? canonical : null;
}

function pick(value: unknown, name: string): unknown {
  if (!isMap(value)) return undefined;
  const key =
    name in value ? name : Object.keys(value).find((one) => one.toLowerCase() === name.toLowerCase());
  return key === undefined ? undefined : (value[key] ?? undefined);
}

function number(value: unknown): number | null {
  return typeof value === "number" && Number.isSafeInteger(value) ? value : null;
}

function string(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
