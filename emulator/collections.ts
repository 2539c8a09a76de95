/** collections.ts: the seven methods of Collections that concern a collection itself. */
import { bool, pointer, struct, uint64 } from "./decode.ts";
import { defaultPageSize } from "./limits.ts";
import { assetsOf, type CollectionRow, collectionMissing, findCollection } from "./rows.ts";
import { type Method, type Scope, secretMethod } from "./rpc.ts";
import { assetJson, collectionJson } from "./shapes.ts";
import type { Store } from "./store.ts";
import { type Refusal, refuse } from "./webrpc.ts";
import { collection, page, pageJson, sliceOf } from "./wire.ts";
import { stampNow } from "./world.ts";

const byId = struct({ projectId: pointer(uint64), collectionId: uint64 });
const withCollection = struct({ projectId: pointer(uint64), collection: collection });
const listArgs = struct({ projectId: pointer(uint64), page: pointer(page) });
const publishArgs = struct({ projectId: pointer(uint64), collectionId: uint64, recursive: pointer(bool) });

export const collectionMethods: Record<string, Method> = {
  CreateCollection: secretMethod("write", "createCollectionRequest", withCollection, create),
  GetCollection: secretMethod("read", "getCollectionRequest", byId, read),
  ListCollections: secretMethod("read", "listCollectionsRequest", listArgs, list),
  UpdateCollection: secretMethod("write", "updateCollectionRequest", withCollection, update),
  DeleteCollection: secretMethod("write", "deleteCollectionRequest", byId, remove),
  PublishCollection: secretMethod("write", "publishCollectionRequest", publishArgs, publish),
  UnpublishCollection: secretMethod("write", "unpublishCollectionRequest", byId, unpublish),
};

type WithCollection = ReturnType<typeof withCollection>;
type ById = ReturnType<typeof byId>;

function create(
  { world, projectId, origin }: Scope,
  { collection: given }: WithCollection,
): object | Refusal {
  if (given.projectId !== 0 && given.projectId !== projectId) return refuse("PermissionDenied");
  if (!given.metadata?.name) return refuse("RequiredArgument", "collection.metadata.name is required");
  const hidden = given.private ?? true;
  const now = stampNow(world, 6);
  const { id } = world.store.run(
    `INSERT INTO collections (project_id, metadata, private, reveal_key, public_since_ms, created_at, updated_at)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
    ...[projectId, JSON.stringify(given.metadata), Number(hidden), given.revealKey],
    ...[hidden ? null : world.now(), now, now],
  );
  return shown(world.store, projectId, id, (row) => collectionJson(row, { origin }));
}

function read({ world, projectId, origin }: Scope, { collectionId }: ById): object | Refusal {
  return shown(world.store, projectId, collectionId, (row) => fullJson(world.store, row, origin));
}

function list({ world, projectId, origin }: Scope, { page: asked }: ReturnType<typeof listArgs>): object {
  const slice = sliceOf(asked, defaultPageSize, world.switches.pageMax);
  const rows = world.store.all<CollectionRow>(
    "SELECT * FROM collections WHERE project_id = ? ORDER BY id LIMIT ? OFFSET ?",
    ...[projectId, slice.size + 1, slice.offset],
  );
  const collections = rows.slice(0, slice.size).map((row) => fullJson(world.store, row, origin));
  return { page: pageJson(slice, rows.length > slice.size), collections };
}

/** Replaces the metadata where given; `private` and `revealKey` change only where given. */
function update(
  { world, projectId, origin }: Scope,
  { collection: given }: WithCollection,
): object | Refusal {
  const row = findCollection(world.store, projectId, given.id);
  if (row === undefined) return collectionMissing();
  if (given.metadata?.name === "") return refuse("RequiredArgument", "collection.metadata.name is required");
  const hidden = given.private ?? row.private === 1;
  world.store.run(
    "UPDATE collections SET metadata = ?, private = ?, public_since_ms = ?, reveal_key = ?, updated_at = ? WHERE id = ?",
    ...[given.metadata === null ? row.metadata : JSON.stringify(given.metadata), Number(hidden)],
    ...[hidden ? null : (row.public_since_ms ?? world.now()), given.revealKey || row.reveal_key],
    ...[stampNow(world, 9), row.id],
  );
  return shown(world.store, projectId, row.id, (updated) => collectionJson(updated, { origin }));
}

/** Deletes the collection with its tokens and assets; answers true also where there is none. */
function remove({ world, projectId }: Scope, { collectionId: id }: ById): object {
  const { store } = world;
  if (findCollection(store, projectId, id) === undefined) return { status: true };
  store.transaction(() => {
    store.run(
      "DELETE FROM asset_bytes WHERE asset_id IN (SELECT id FROM assets WHERE collection_id = ?)",
      id,
    );
    store.run("DELETE FROM assets WHERE collection_id = ?", id);
    store.run("DELETE FROM tokens WHERE collection_id = ?", id);
    store.run("DELETE FROM contract_collections WHERE collection_id = ?", id);
    store.run("DELETE FROM collections WHERE id = ?", id);
  });
  return { status: true };
}

function publish(
  scope: Scope,
  { collectionId, recursive }: ReturnType<typeof publishArgs>,
): object | Refusal {
  const { store, switches, now } = scope.world;
  const answer = setPrivate(scope, collectionId, false);
  if (recursive && switches.recursivePublish && !("refused" in answer)) {
    const sql = "UPDATE tokens SET private = 0, public_since_ms = ? WHERE collection_id = ? AND private = 1";
    store.run(sql, now(), collectionId);
  }
  return answer;
}

function unpublish(scope: Scope, { collectionId }: ById): object | Refusal {
  return setPrivate(scope, collectionId, true);
}

/** Publishing twice is as good as once; `updatedAt` stays, and the echo has no base URIs (both recorded). */
function setPrivate({ world, projectId }: Scope, id: number, hidden: boolean): object | Refusal {
  world.store.run(
    `UPDATE collections SET private = ?, public_since_ms = iif(?1 = 1, NULL, coalesce(public_since_ms, ?))
     WHERE id = ? AND project_id = ?`,
    ...[Number(hidden), world.now(), id, projectId],
  );
  return shown(world.store, projectId, id, (row) => collectionJson(row, {}));
}

function shown(
  store: Store,
  projectId: number,
  id: number,
  json: (row: CollectionRow) => object,
): object | Refusal {
  const row = findCollection(store, projectId, id);
  return row === undefined ? collectionMissing() : { collection: json(row) };
}

function fullJson(store: Store, row: CollectionRow, origin: string): object {
  const count = store.get<{ n: number }>("SELECT count(*) AS n FROM tokens WHERE collection_id = ?", row.id);
  const assets = assetsOf(store, row.id, null).map((asset) => assetJson(asset, row.project_id, origin));
  return collectionJson(row, { origin, tokenCount: count?.n ?? 0, assets });
}
