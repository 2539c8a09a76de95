/** assets.ts: the four methods of Collections that concern assets, and how an asset's address is made. */

import { pointer, struct, uint64 } from "./decode.ts";
import { metadataFields } from "./limits.ts";
import {
  assetMissing,
  assetsOf,
  collectionMissing,
  findAsset,
  findCollection,
  findToken,
  tokenMissing,
} from "./rows.ts";
import { type Method, type Scope, secretMethod } from "./rpc.ts";
import { assetJson } from "./shapes.ts";
import type { Store } from "./store.ts";
import { type Refusal, refuse } from "./webrpc.ts";
import { asset } from "./wire.ts";
import { stampNow } from "./world.ts";

const withAsset = struct({ projectId: pointer(uint64), asset: asset });
const byId = struct({ projectId: pointer(uint64), assetId: uint64 });

export const assetMethods: Record<string, Method> = {
  CreateAsset: secretMethod("write", "createAssetRequest", withAsset, create),
  GetAsset: secretMethod("read", "getAssetRequest", byId, read),
  UpdateAsset: secretMethod("write", "updateAssetRequest", withAsset, update),
  DeleteAsset: secretMethod("write", "deleteAssetRequest", byId, remove),
};

type WithAsset = ReturnType<typeof withAsset>;

/** Only collection, token and field count: url, filename, sizes and type come from the upload (recorded). */
function create({ world, projectId, origin }: Scope, { asset: given }: WithAsset): object | Refusal {
  const { store, switches } = world;
  const collection = findCollection(store, projectId, given.collectionId);
  if (collection === undefined) return collectionMissing();
  const { tokenId, metadataField } = given;
  if (tokenId !== null && findToken(store, collection.id, tokenId) === undefined) return tokenMissing();
  if (metadataField === "") return refuse("RequiredArgument", "asset.metadataField is required");
  if (!metadataFields.includes(metadataField)) {
    return refuse("InvalidArgument", `unknown metadataField ${JSON.stringify(metadataField)}`);
  }
  const twin = assetsOf(store, collection.id, tokenId).some((row) => row.metadata_field === metadataField);
  if (twin && switches.duplicateAsset === "conflict")
    return refuse("RequestConflict", "asset already exists");
  const wanted = switches.clientAssetId === "honour" && given.id !== 0 ? given.id : null;
  if (wanted !== null && store.get("SELECT 1 FROM assets WHERE id = ?", wanted) !== undefined) {
    return refuse("WebrpcEndpoint", 'duplicate key value violates unique constraint "assets_pkey"');
  }
  const { id } = store.run(
    "INSERT INTO assets (id, collection_id, token_id, metadata_field, updated_at) VALUES (?, ?, ?, ?, ?)",
    ...[wanted, collection.id, tokenId, metadataField, stampNow(world, 9)],
  );
  return shown({ store, projectId, origin, id });
}

function read({ world, projectId, origin }: Scope, { assetId }: ReturnType<typeof byId>): object | Refusal {
  return shown({ store: world.store, projectId, origin, id: assetId });
}

/** Renames the file; everything else of an asset belongs to its upload. */
function update({ world, projectId, origin }: Scope, { asset: given }: WithAsset): object | Refusal {
  const { store } = world;
  const row = findAsset(store, projectId, given.id);
  if (row === undefined) return assetMissing();
  const sql = "UPDATE assets SET filename = ?, updated_at = ? WHERE id = ?";
  store.run(sql, given.filename || row.filename, stampNow(world, 6), row.id);
  return shown({ store, projectId, origin, id: row.id });
}

function remove({ world, projectId }: Scope, { assetId }: ReturnType<typeof byId>): object {
  const { store } = world;
  if (findAsset(store, projectId, assetId) === undefined) return { status: true };
  store.transaction(() => {
    store.run("DELETE FROM asset_bytes WHERE asset_id = ?", assetId);
    store.run("DELETE FROM assets WHERE id = ?", assetId);
  });
  return { status: true };
}

interface Shown {
  store: Store;
  projectId: number;
  origin: string;
  id: number;
}

function shown({ store, projectId, origin, id }: Shown): object | Refusal {
  const row = findAsset(store, projectId, id);
  return row === undefined ? assetMissing() : { asset: assetJson(row, projectId, origin) };
}
