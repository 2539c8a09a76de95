/** shapes.ts: rows as the service writes them: Go's field order, `omitempty`, null for nil maps and slices. */
import { type AssetRow, type CollectionRow, type LinkRow, metadataOf } from "./rows.ts";
import type { Switches } from "./switches.ts";
import type { CollectionMetadata, TokenContent } from "./wire.ts";

/** Go's time.Time zero, as the echoes of CreateToken and UpdateToken carry it. */
export const zeroTime = "0001-01-01T00:00:00Z";

export function collectionMetadataJson(metadata: CollectionMetadata, image = metadata.image) {
  return {
    name: metadata.name,
    description: metadata.description,
    image: image || undefined,
    external_link: metadata.external_link || undefined,
    properties:
      metadata.properties && Object.keys(metadata.properties).length > 0 ? metadata.properties : undefined,
    attributes: metadata.attributes?.length ? metadata.attributes : undefined,
  };
}

/** A token as RPC and public reads show it. There is no `private` in it: the flag cannot be read back. */
export function tokenJson(tokenId: string, token: TokenContent, updatedAt: string, { v2Fields }: Switches) {
  return {
    tokenId,
    source: v2Fields ? "SEQUENCE_BUILDER_COLLECTIONS" : undefined,
    name: token.name,
    description: token.description,
    image: token.image,
    video: token.video || undefined,
    audio: token.audio || undefined,
    properties: token.properties,
    attributes: token.attributes,
    image_data: token.image_data || undefined,
    external_url: token.external_url || undefined,
    background_color: token.background_color || undefined,
    animation_url: token.animation_url || undefined,
    decimals: token.decimals ?? undefined,
    updatedAt,
    status: v2Fields ? "AVAILABLE" : undefined,
    queuedAt: v2Fields ? null : undefined,
  };
}

/** An asset as the service shows it; `url` is empty until something was uploaded. */
export function assetJson(row: AssetRow, projectId: number, origin: string): object {
  return {
    id: row.id,
    collectionId: row.collection_id,
    tokenId: row.token_id,
    url: row.extension === "" ? "" : assetUrl(row, projectId, origin),
    metadataField: row.metadata_field || undefined,
    filename: row.filename || undefined,
    filesize: row.filesize || undefined,
    mimeType: row.mime_type || undefined,
    width: row.width ?? undefined,
    height: row.height ?? undefined,
    updatedAt: row.updated_at,
  };
}

export function assetUrl(row: AssetRow, projectId: number, origin: string): string {
  const token = row.token_id === null ? "" : `tokens/${row.token_id}/`;
  const folder = `${origin}/projects/${projectId}/collections/${row.collection_id}/${token}`;
  return `${folder}${row.metadata_field}.${row.extension}`;
}

interface Extras {
  origin?: string;
  tokenCount?: number;
  assets?: object[];
}

export function collectionJson(row: CollectionRow, { origin, tokenCount, assets }: Extras): object {
  const base = `${origin}/projects/${row.project_id}/collections/${row.id}`;
  return {
    id: row.id,
    projectId: row.project_id,
    metadata: collectionMetadataJson(metadataOf(row)),
    private: row.private === 1,
    revealKey: row.reveal_key || undefined,
    tokenCount,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    baseURIs: origin && { contractMetadataURI: `${base}.json`, tokenMetadataURI: `${base}/tokens/` },
    assets: assets?.length ? assets : undefined,
  };
}

export function linkJson(row: LinkRow): object {
  return {
    id: row.id,
    chainId: row.chain_id,
    contractAddress: row.contract_address,
    collectionId: row.collection_id,
  };
}
