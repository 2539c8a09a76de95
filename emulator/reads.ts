/**
 * reads.ts: what the service shows: token and collection metadata and files to everyone once collection and
 * token are public, files to the holder of the secret key at any time.
 */
import { type Answer, bytesAnswer, jsonAnswer } from "./answer.ts";
import { secretCaller } from "./auth.ts";
import {
  type AssetRow,
  assetsOf,
  type CollectionRow,
  contentOf,
  findCollection,
  findToken,
  metadataOf,
  type TokenRow,
} from "./rows.ts";
import { assetUrl, collectionMetadataJson, tokenJson } from "./shapes.ts";
import { isRefusal, refusalAnswer, refuse } from "./webrpc.ts";
import { canonicalTokenId } from "./wire.ts";
import type { World } from "./world.ts";

/** Ids as they stand in a path. */
export interface Place {
  projectId: number;
  collectionId: number;
  tokenId: string | null;
}

/** Reads answer what is absent and what is hidden alike, with a true 404. */
export function hidden(): Answer {
  return refusalAnswer(refuse("NotFound"), 404);
}

/** A number in a path; 0, which no row has, where it is none. */
export function pathNumber(part: string | undefined): number {
  return /^\d{1,15}$/.test(part ?? "") ? Number(part) : 0;
}

/** `…/collections/{c}` and `…/collections/{c}.json`: contract-level metadata. */
export function readCollection(world: World, place: Place, origin: string): Answer {
  const collection = publicCollection(world, place);
  if (collection === null) return hidden();
  const image = uploaded(world, collection.id, null).get("image");
  const url = image && assetUrl(image, collection.project_id, origin);
  return jsonAnswer(collectionMetadataJson(metadataOf(collection), url));
}

/** `…/tokens/{t}` and `…/tokens/{t}.json`: an uploaded asset's address stands in the field of its name. */
export function readToken(world: World, place: Place, origin: string): Answer {
  const found = publicToken(world, place);
  if (found === null) return hidden();
  return jsonAnswer(publicTokenJson(world, found.collection, found.token, origin));
}

export function publicTokenJson(world: World, collection: CollectionRow, token: TokenRow, origin: string) {
  const assets = [...uploaded(world, collection.id, token.token_id).values()];
  const urls = assets.map((row) => [row.metadata_field, assetUrl(row, collection.project_id, origin)]);
  const content = { ...contentOf(token), ...Object.fromEntries(urls) };
  return tokenJson(token.token_id, content, token.updated_at, world.switches);
}

/** `…/collections/{c}/{file}` and `…/tokens/{t}/{file}`: the bytes. */
export function readFile(world: World, place: Place, file: string): Answer {
  const owner = place.tokenId === null ? publicCollection(world, place) : publicToken(world, place);
  if (owner === null) return hidden();
  const tokenId = "token" in owner ? owner.token.token_id : null;
  const assets = [...uploaded(world, place.collectionId, tokenId).values()];
  const asset = assets.find((row) => [row.metadata_field, row.filename, fileName(row)].includes(file));
  return asset === undefined ? hidden() : assetBytes(world, asset);
}

/** `…/tokens/{t}/asset/{field}` with the secret key: the bytes, also of what is private. */
export async function readPrivately(
  world: World,
  place: Place,
  field: string,
  headers: Headers,
): Promise<Answer> {
  const caller = await secretCaller(world.verifyKey, headers, "read", world.now());
  if (isRefusal(caller)) return refusalAnswer(caller);
  if (caller.projectId !== place.projectId) return refusalAnswer(refuse("PermissionDenied"));
  const collection = findCollection(world.store, place.projectId, place.collectionId);
  const tokenId = canonicalTokenId(place.tokenId ?? "");
  if (collection === undefined || typeof tokenId !== "string") return hidden();
  const asset = uploaded(world, collection.id, tokenId).get(field);
  return asset === undefined ? hidden() : assetBytes(world, asset);
}

export function assetBytes(world: World, asset: AssetRow): Answer {
  const sql = "SELECT bytes FROM asset_bytes WHERE asset_id = ?";
  const row = world.store.get<{ bytes: Uint8Array<ArrayBuffer> }>(sql, asset.id);
  return row === undefined ? hidden() : bytesAnswer(row.bytes, asset.mime_type);
}

/** The collection and token at a place if everyone may see them now, else null. */
export function publicToken(
  world: World,
  place: Place,
): { collection: CollectionRow; token: TokenRow } | null {
  const collection = publicCollection(world, place);
  const tokenId = canonicalTokenId(place.tokenId ?? "");
  if (collection === null || typeof tokenId !== "string") return null;
  const token = findToken(world.store, collection.id, tokenId);
  return token !== undefined && isPublic(world, token) ? { collection, token } : null;
}

function publicCollection(world: World, { projectId, collectionId }: Place): CollectionRow | null {
  const row = findCollection(world.store, projectId, collectionId);
  return row !== undefined && isPublic(world, row) ? row : null;
}

function isPublic(world: World, row: { private: number; public_since_ms: number | null }): boolean {
  const since = row.public_since_ms ?? 0;
  return row.private === 0 && world.now() >= since + world.switches.publicDelayMs;
}

/** What has been uploaded, by field; of two assets for one field the newer counts. */
function uploaded(world: World, collectionId: number, tokenId: string | null): Map<string, AssetRow> {
  const rows = assetsOf(world.store, collectionId, tokenId).filter((row) => row.extension !== "");
  return new Map(rows.map((row) => [row.metadata_field, row]));
}

function fileName(row: AssetRow): string {
  return `${row.metadata_field}.${row.extension}`;
}
