/**
 * state.ts: everything that is kept now, in one answer, for whoever must compare it with what was asked for. No
 * key and no fault stands in the way, and the private flag is told, which the service itself never does.
 */
import { createHash } from "node:crypto";
import * as z from "zod";
import { contentOf, type TokenRow } from "./rows.ts";
import type { Store } from "./store.ts";
import type { TokenContent } from "./wire.ts";

export const stateQuery = z.strictObject({ collectionId: z.coerce.number().optional() });

export interface State {
  collections: { id: number; projectId: number; isPrivate: boolean }[];
  tokens: { collectionId: number; tokenId: string; isPrivate: boolean; metadata: TokenContent }[];
  assets: KeptAsset[];
}

export interface KeptAsset {
  id: number;
  collectionId: number;
  /** null: it belongs to the collection itself. */
  tokenId: string | null;
  field: string;
  bytes: number;
  contentType: string;
  /** null until something was uploaded. */
  sha256: string | null;
}

export function stateOf(store: Store, { collectionId }: z.output<typeof stateQuery>): State {
  const only = collectionId ?? null;
  const collections = store.all<{ id: number; project_id: number; private: number }>(
    "SELECT id, project_id, private FROM collections WHERE ?1 IS NULL OR id = ?1 ORDER BY id",
    only,
  );
  const tokens = store.all<TokenRow & { collection_id: number }>(
    "SELECT * FROM tokens WHERE ?1 IS NULL OR collection_id = ?1 ORDER BY collection_id, length(token_id), token_id",
    only,
  );
  return {
    collections: collections.map((row) => ({
      id: row.id,
      projectId: row.project_id,
      isPrivate: row.private === 1,
    })),
    tokens: tokens.map((row) => ({
      collectionId: row.collection_id,
      tokenId: row.token_id,
      isPrivate: row.private === 1,
      metadata: contentOf(row),
    })),
    assets: keptAssets(store, only),
  };
}

type AssetWithBytes = Omit<KeptAsset, "sha256"> & { content: Uint8Array | null };

function keptAssets(store: Store, collectionId: number | null): KeptAsset[] {
  const rows = store.all<AssetWithBytes>(
    `SELECT id, collection_id AS collectionId, token_id AS tokenId, metadata_field AS field, filesize AS bytes,
       mime_type AS contentType, asset_bytes.bytes AS content
     FROM assets LEFT JOIN asset_bytes ON asset_id = id WHERE ?1 IS NULL OR collection_id = ?1 ORDER BY id`,
    collectionId,
  );
  return rows.map(({ content, ...asset }) => ({
    ...asset,
    sha256: content === null ? null : createHash("sha256").update(content).digest("hex"),
  }));
}
