/** tokens.ts: the five methods of Collections that concern tokens. */

import { bool, pointer, struct, text, uint64 } from "./decode.ts";
import { defaultPageSize } from "./limits.ts";
import {
  assetsOf,
  type CollectionRow,
  collectionMissing,
  contentOf,
  findCollection,
  findToken,
  type TokenRow,
  tokenMissing,
} from "./rows.ts";
import { isPrivate, type Method, type Scope, secretMethod } from "./rpc.ts";
import { assetJson, tokenJson, zeroTime } from "./shapes.ts";
import type { Store } from "./store.ts";
import { isRefusal, type Refusal, refuse } from "./webrpc.ts";
import {
  canonicalTokenId,
  page,
  pageJson,
  sliceOf,
  type TokenContent,
  type TokenMetadata,
  tokenMetadata,
} from "./wire.ts";
import { stampNow } from "./world.ts";

const ids = { projectId: pointer(uint64), collectionId: uint64 };
const createArgs = struct({ ...ids, token: tokenMetadata, private: pointer(bool) });
const byId = struct({ ...ids, tokenId: text });
const listArgs = struct({ ...ids, page: pointer(page) });
const updateArgs = struct({ ...ids, tokenId: text, token: pointer(tokenMetadata), private: pointer(bool) });

export const tokenMethods: Record<string, Method> = {
  CreateToken: secretMethod("write", "createTokenRequest", createArgs, create),
  GetToken: secretMethod("read", "getTokenRequest", byId, read),
  ListTokens: secretMethod("read", "listTokensRequest", listArgs, list),
  UpdateToken: secretMethod("write", "updateTokenRequest", updateArgs, update),
  DeleteToken: secretMethod("write", "deleteTokenRequest", byId, remove),
};

function create(scope: Scope, args: ReturnType<typeof createArgs>): object | Refusal {
  const { store, switches } = scope.world;
  const collection = findCollection(store, scope.projectId, args.collectionId);
  if (collection === undefined) return collectionMissing();
  const tokenId = canonicalTokenId(args.token.tokenId);
  if (typeof tokenId !== "string") return tokenId;
  if (args.token.name === "") return refuse("RequiredArgument", "token.name is required");
  const existing = findToken(store, collection.id, tokenId);
  if (existing !== undefined && switches.createExisting !== "overwrite") return existingRefusal(scope);
  // An upsert that says nothing about `private` keeps the flag of the row it overwrites, as SQL would. It is
  // the most dangerous reading for a client: a public token shows the new metadata before its media is there.
  const hidden = args.private ?? (existing === undefined || existing.private === 1);
  write(scope, collection.id, existing?.token_id ?? null, tokenId, contentFrom(args.token), hidden);
  const token = tokenJson(tokenId, contentFrom(args.token), zeroTime, switches);
  return { token, assets: null, [isPrivate]: hidden };
}

function existingRefusal({ world }: Scope): Refusal {
  if (world.switches.createExisting === "conflict") return refuse("RequestConflict", "token already exists");
  const cause = 'ERROR: duplicate key value violates unique constraint "tokens_pkey" (SQLSTATE 23505)';
  return refuse(world.switches.createExisting === "query" ? "QueryFailed" : "WebrpcEndpoint", cause);
}

function read({ world, projectId, origin }: Scope, args: ReturnType<typeof byId>): object | Refusal {
  const found = locate(world.store, projectId, args);
  if (isRefusal(found)) return found;
  const { collection, row } = found;
  const assets = assetsOf(world.store, collection.id, row.token_id);
  return {
    token: tokenJson(row.token_id, contentOf(row), row.updated_at, world.switches),
    assets: assets.map((asset) => assetJson(asset, projectId, origin)),
  };
}

function list({ world, projectId }: Scope, args: ReturnType<typeof listArgs>): object | Refusal {
  const collection = findCollection(world.store, projectId, args.collectionId);
  if (collection === undefined) return collectionMissing();
  const slice = sliceOf(args.page, defaultPageSize, world.switches.pageMax);
  const rows = world.store.all<TokenRow>(
    "SELECT * FROM tokens WHERE collection_id = ? ORDER BY length(token_id), token_id LIMIT ? OFFSET ?",
    ...[collection.id, slice.size + 1, slice.offset],
  );
  const tokens = rows.slice(0, slice.size);
  return {
    page: pageJson(slice, rows.length > slice.size),
    tokens: tokens.map((row) => tokenJson(row.token_id, contentOf(row), row.updated_at, world.switches)),
  };
}

/** Without a token only the flag changes; with one its metadata is replaced, and another id renames it. */
function update(scope: Scope, args: ReturnType<typeof updateArgs>): object | Refusal {
  const { store, switches } = scope.world;
  const found = locate(store, scope.projectId, args);
  if (isRefusal(found)) return found;
  const { collection, row } = found;
  const given = args.token;
  const newId = given === null || given.tokenId === "" ? row.token_id : canonicalTokenId(given.tokenId);
  if (typeof newId !== "string") return newId;
  const taken = newId !== row.token_id && findToken(store, collection.id, newId) !== undefined;
  if (taken) return refuse("RequestConflict", "token already exists");
  const merge = switches.updateToken === "merge";
  if (given !== null && !merge && given.name === "")
    return refuse("RequiredArgument", "token.name is required");
  const content = given === null ? contentOf(row) : updated(contentOf(row), contentFrom(given), merge);
  const hidden = args.private ?? row.private === 1;
  write(scope, collection.id, row.token_id, newId, content, hidden);
  return { token: tokenJson(newId, content, zeroTime, switches), [isPrivate]: hidden };
}

function updated(old: TokenContent, given: TokenContent, merge: boolean): TokenContent {
  if (!merge) return given;
  // Go cannot tell absent from empty, so a merge keeps what is empty in the request.
  const named = Object.entries(given).filter(([, value]) => value !== "" && value !== null);
  return { ...old, ...Object.fromEntries(named) };
}

function remove({ world, projectId }: Scope, args: ReturnType<typeof byId>): object | Refusal {
  const { store } = world;
  const found = locate(store, projectId, args);
  if (isRefusal(found)) return found.refused === "NotFound" ? { status: true } : found;
  const key = [found.collection.id, found.row.token_id];
  store.transaction(() => {
    const assets = "SELECT id FROM assets WHERE collection_id = ? AND token_id = ?";
    store.run(`DELETE FROM asset_bytes WHERE asset_id IN (${assets})`, ...key);
    store.run("DELETE FROM assets WHERE collection_id = ? AND token_id = ?", ...key);
    store.run("DELETE FROM tokens WHERE collection_id = ? AND token_id = ?", ...key);
  });
  return { status: true };
}

function locate(
  store: Store,
  projectId: number,
  args: { collectionId: number; tokenId: string },
): { collection: CollectionRow; row: TokenRow } | Refusal {
  const collection = findCollection(store, projectId, args.collectionId);
  if (collection === undefined) return collectionMissing();
  const tokenId = canonicalTokenId(args.tokenId);
  if (typeof tokenId !== "string") return tokenId;
  const row = findToken(store, collection.id, tokenId);
  return row === undefined ? tokenMissing() : { collection, row };
}

function contentFrom(given: TokenMetadata): TokenContent {
  const { tokenId: _key, source: _constant, ...content } = given;
  return content;
}

/** Inserts a token, or replaces the one that is `oldId` so far; its assets follow it to another id. */
function write(
  { world }: Scope,
  collectionId: number,
  oldId: string | null,
  tokenId: string,
  content: TokenContent,
  hidden: boolean,
): void {
  const { store } = world;
  const metadata = JSON.stringify(content);
  const values = [collectionId, tokenId, metadata, Number(hidden), world.now(), stampNow(world, 9)];
  if (oldId === null) {
    const sql = "INSERT INTO tokens VALUES (?1, ?2, ?3, ?4, iif(?4 = 1, NULL, ?5), ?6)";
    store.run(sql, ...values);
    return;
  }
  store.transaction(() => {
    store.run(
      `UPDATE tokens SET token_id = ?2, metadata = ?3, private = ?4, updated_at = ?6,
         public_since_ms = iif(?4 = 1, NULL, coalesce(public_since_ms, ?5))
       WHERE collection_id = ?1 AND token_id = ?7`,
      ...[...values, oldId],
    );
    if (tokenId === oldId) return;
    const move = "UPDATE assets SET token_id = ? WHERE collection_id = ? AND token_id = ?";
    store.run(move, tokenId, collectionId, oldId);
  });
}
