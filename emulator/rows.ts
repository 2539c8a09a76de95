/** rows.ts: the rows of the state and how each is found. What belongs to another project counts as absent. */
import type { Store } from "./store.ts";
import { refuse } from "./webrpc.ts";
import type { CollectionMetadata, TokenContent } from "./wire.ts";

export interface CollectionRow {
  id: number;
  project_id: number;
  metadata: string;
  private: number;
  reveal_key: string;
  public_since_ms: number | null;
  created_at: string;
  updated_at: string;
}

export interface TokenRow {
  token_id: string;
  metadata: string;
  private: number;
  public_since_ms: number | null;
  updated_at: string;
}

export interface AssetRow {
  id: number;
  collection_id: number;
  token_id: string | null;
  metadata_field: string;
  filename: string;
  filesize: number;
  mime_type: string;
  /** "" until the first upload. */
  extension: string;
  width: number | null;
  height: number | null;
  updated_at: string;
}

export interface LinkRow {
  id: number;
  project_id: number;
  chain_id: number;
  contract_address: string;
  collection_id: number;
}

/** The collection, or undefined where it is absent or of another project: a caller cannot tell the two. */
export function findCollection(
  store: Store,
  projectId: number,
  collectionId: number,
): CollectionRow | undefined {
  return store.get("SELECT * FROM collections WHERE id = ? AND project_id = ?", collectionId, projectId);
}

export function metadataOf(row: CollectionRow): CollectionMetadata {
  return JSON.parse(row.metadata);
}

export const collectionMissing = () => refuse("NotFound", "collection not found");

export function findToken(store: Store, collectionId: number, tokenId: string): TokenRow | undefined {
  return store.get("SELECT * FROM tokens WHERE collection_id = ? AND token_id = ?", collectionId, tokenId);
}

export function contentOf(row: TokenRow): TokenContent {
  return JSON.parse(row.metadata);
}

export const tokenMissing = () => refuse("NotFound", "token not found");

export const assetMissing = () => refuse("NotFound", "asset not found");

export function findAsset(store: Store, projectId: number, assetId: number): AssetRow | undefined {
  return store.get(
    `SELECT assets.* FROM assets JOIN collections ON collections.id = assets.collection_id
     WHERE assets.id = ? AND collections.project_id = ?`,
    ...[assetId, projectId],
  );
}

/** All assets of a token, or of the collection itself where `tokenId` is null, by id. */
export function assetsOf(store: Store, collectionId: number, tokenId: string | null): AssetRow[] {
  const sql = "SELECT * FROM assets WHERE collection_id = ? AND token_id IS ? ORDER BY id";
  return store.all(sql, collectionId, tokenId);
}

export function findLink(store: Store, chainId: number, address: string): LinkRow | undefined {
  const sql = "SELECT * FROM contract_collections WHERE chain_id = ? AND contract_address = ?";
  return store.get(sql, chainId, address);
}

export const linkMissing = () => refuse("NotFound", "contract collection not found");
