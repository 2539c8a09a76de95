/** contracts.ts: the five methods of Collections that link a contract on a chain to a collection. */

import type { Decoder } from "./decode.ts";
import { hexHash, pointer, struct, uint64 } from "./decode.ts";
import { defaultPageSize } from "./limits.ts";
import { collectionMissing, findCollection, findLink, type LinkRow, linkMissing } from "./rows.ts";
import { define, type Method, type Scope } from "./rpc.ts";
import { collectionJson, linkJson } from "./shapes.ts";
import { type Refusal, refuse } from "./webrpc.ts";
import { contractCollection, page, pageJson, sliceOf } from "./wire.ts";

const withLink = struct({ projectId: uint64, contractCollection: contractCollection });
const byContract = struct({ projectId: uint64, chainId: uint64, contractAddress: hexHash });
const listArgs = struct({ projectId: uint64, collectionId: pointer(uint64), page: pointer(page) });

export const contractMethods: Record<string, Method> = {
  CreateContractCollection: linkMethod("write", "createContractCollectionRequest", withLink, create),
  GetContractCollection: linkMethod("read", "getContractCollectionRequest", byContract, read),
  ListContractCollections: linkMethod("read", "listContractCollectionsRequest", listArgs, list),
  UpdateContractCollection: linkMethod("write", "updateContractCollectionRequest", withLink, update),
  DeleteContractCollection: linkMethod("write", "deleteContractCollectionRequest", byContract, remove),
};

/** Unlike all others, these methods require the project in the body: it is not a pointer there. */
function linkMethod<T extends { projectId: number }>(
  access: "read" | "write",
  request: string,
  args: Decoder<T>,
  act: (scope: Scope, args: T) => object | Refusal,
): Method {
  return define(access, request, args, (scope, given) => {
    if (given.projectId === 0) return refuse("RequiredArgument", "projectId is required");
    if (given.projectId !== scope.projectId) return refuse("PermissionDenied", "project of the key differs");
    return act(scope, given);
  });
}

type WithLink = ReturnType<typeof withLink>;
type ByContract = ReturnType<typeof byContract>;

function create({ world, projectId }: Scope, { contractCollection: given }: WithLink): object | Refusal {
  const { store } = world;
  if (findCollection(store, projectId, given.collectionId) === undefined) return collectionMissing();
  if (given.contractAddress === "") return refuse("RequiredArgument", "contractAddress is required");
  const { chainId, contractAddress, collectionId } = given;
  if (findLink(store, chainId, contractAddress) !== undefined) {
    return refuse("RequestConflict", "contract is linked already");
  }
  const { id } = store.run(
    "INSERT INTO contract_collections (project_id, chain_id, contract_address, collection_id) VALUES (?, ?, ?, ?)",
    ...[projectId, chainId, contractAddress, collectionId],
  );
  return { contractCollection: { id, chainId, contractAddress, collectionId } };
}

function read({ world, projectId }: Scope, args: ByContract): object | Refusal {
  const row = findLink(world.store, args.chainId, args.contractAddress);
  return row?.project_id === projectId ? { contractCollection: linkJson(row) } : linkMissing();
}

function list({ world, projectId, origin }: Scope, args: ReturnType<typeof listArgs>): object {
  const slice = sliceOf(args.page, defaultPageSize, world.switches.pageMax);
  const rows = world.store.all<LinkRow>(
    `SELECT * FROM contract_collections WHERE project_id = ?1 AND (?2 IS NULL OR collection_id = ?2)
     ORDER BY id LIMIT ?3 OFFSET ?4`,
    ...[projectId, args.collectionId || null, slice.size + 1, slice.offset],
  );
  const links = rows.slice(0, slice.size);
  const ids = [...new Set(links.map((row) => row.collection_id))];
  const collections = ids.flatMap((id) => findCollection(world.store, projectId, id) ?? []);
  return {
    contractCollections: links.map(linkJson),
    collections: collections.map((row) => collectionJson(row, { origin })),
    page: pageJson(slice, rows.length > slice.size),
  };
}

function update({ world, projectId }: Scope, { contractCollection: given }: WithLink): object | Refusal {
  const { store } = world;
  const sql = "SELECT * FROM contract_collections WHERE id = ?";
  const row =
    given.id === 0
      ? findLink(store, given.chainId, given.contractAddress)
      : store.get<LinkRow>(sql, given.id);
  if (row?.project_id !== projectId) return linkMissing();
  if (findCollection(store, projectId, given.collectionId) === undefined) return collectionMissing();
  const other = findLink(store, given.chainId, given.contractAddress);
  if (other !== undefined && other.id !== row.id)
    return refuse("RequestConflict", "contract is linked already");
  store.run(
    "UPDATE contract_collections SET chain_id = ?, contract_address = ?, collection_id = ? WHERE id = ?",
    ...[given.chainId, given.contractAddress, given.collectionId, row.id],
  );
  return { ok: true };
}

function remove({ world, projectId }: Scope, { chainId, contractAddress }: ByContract): object {
  const sql =
    "DELETE FROM contract_collections WHERE project_id = ? AND chain_id = ? AND contract_address = ?";
  world.store.run(sql, projectId, chainId, contractAddress);
  return { ok: true };
}
