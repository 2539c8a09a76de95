/**
 * The methods under `/rpc/Collections/` that publishing needs. Everything is in memory. A create of an existing
 * token is a failed query, an update merges, pages count from 1 and hold 30 whatever was asked.
 */
import {
  type Answer,
  Args,
  type Asset,
  assetOnWire,
  type Collection,
  collectionOnWire,
  json,
  refusal,
  tokenOnWire,
  ZERO_TIME,
} from "./stand-in-wire.ts";

export type Service = {
  readonly projectId: number;
  readonly collections: Map<number, Collection>;
  readonly assets: Map<number, Asset>;
  readonly now: () => string;
};

type Method = (service: Service, args: Args) => Answer;
type InCollection = (service: Service, args: Args, collection: Collection) => Answer;

const PAGE_SIZE = 30;
/** Near 2^53: whoever keeps an id in fewer bits, or as text of 15 digits, meets another asset. */
const FIRST_ASSET = 7_205_759_403_792_794;
const FIRST_COLLECTION = 265_000;

export const normalId = (id: string): string | null =>
  /^\d+$/.test(id) && BigInt(id) < 2n ** 256n ? BigInt(id).toString() : null;

export const assetsOf = (service: Service, collectionId: number, tokenId: string | null): Asset[] =>
  [...service.assets.values()].filter(
    (asset) => asset.collectionId === collectionId && asset.tokenId === tokenId,
  );

/** An unknown collection and one of another project are the same to whoever asks. */
const within =
  (method: InCollection): Method =>
  (service, args) => {
    const id = args.collectionId ?? args.collection?.id ?? args.asset?.collectionId;
    if (!id) return refusal("RequiredArgument", "collectionId");
    const collection = service.collections.get(id);
    return collection ? method(service, args, collection) : refusal("NotFound", `no collection ${id}`);
  };

const setPrivate = (isPrivate: boolean): Method =>
  within((_service, _args, collection) => {
    collection.isPrivate = isPrivate;
    return json({ collection: collectionOnWire(collection) });
  });

function paged<T>(items: readonly T[], page: Args["page"]) {
  const number = page?.page ?? 1;
  const shown = items.slice((number - 1) * PAGE_SIZE, number * PAGE_SIZE);
  return { shown, page: { pageSize: PAGE_SIZE, more: number * PAGE_SIZE < items.length } };
}

/** What has no value does not count as said: a Go server that merges cannot tell "" from nothing. */
const said = <T extends object>(fields: T): Partial<T> => {
  const kept: Partial<T> = { ...fields };
  for (const key in kept) if (kept[key] == null || kept[key] === "") delete kept[key];
  return kept;
};

const METHODS: Readonly<Record<string, Method>> = {
  CreateCollection(service, { collection }) {
    if (!collection?.metadata?.name) return refusal("RequiredArgument", "collection.metadata.name");
    const { projectId, now } = service;
    const made: Collection = {
      id: FIRST_COLLECTION + service.collections.size,
      projectId,
      metadata: collection.metadata,
      isPrivate: collection.private ?? false,
      tokens: new Map(),
      createdAt: now(),
    };
    service.collections.set(made.id, made);
    return json({ collection: collectionOnWire(made) });
  },
  GetCollection: within((service, _args, collection) => {
    const assets = assetsOf(service, collection.id, null).map((asset) => assetOnWire(asset, service.now()));
    return json({ collection: collectionOnWire(collection, assets) });
  }),
  ListCollections(service, args) {
    const { shown, page } = paged([...service.collections.values()], args.page);
    return json({ page, collections: shown.map((one) => collectionOnWire(one)) });
  },
  UpdateCollection: within((_service, args, collection) => {
    collection.metadata = { ...collection.metadata, ...said(args.collection?.metadata ?? {}) };
    collection.isPrivate = args.collection?.private ?? false;
    return json({ collection: collectionOnWire(collection) });
  }),
  PublishCollection: setPrivate(false),
  UnpublishCollection: setPrivate(true),

  CreateToken: within((service, args, { tokens }) => {
    if (!args.token?.name || !args.token.tokenId) return refusal("RequiredArgument", "token");
    const tokenId = normalId(args.token.tokenId);
    if (tokenId === null) return refusal("InvalidArgument", "token.tokenId");
    if (tokens.has(tokenId)) return refusal("QueryFailed", "duplicate key value violates unique constraint");
    const isPrivate = args.private ?? true;
    const token = { tokenId, metadata: args.token, isPrivate, updatedAt: service.now() };
    tokens.set(tokenId, token);
    return json({ token: tokenOnWire(token, ZERO_TIME), assets: null });
  }),
  GetToken: within((service, args, { id, tokens }) => {
    const token = tokens.get(normalId(args.tokenId ?? "") ?? "");
    if (!token) return refusal("NotFound", `no token ${args.tokenId}`);
    const assets = assetsOf(service, id, token.tokenId).map((asset) => assetOnWire(asset, service.now()));
    return json({ token: tokenOnWire(token, token.updatedAt), assets: assets.length > 0 ? assets : null });
  }),
  /** The newest first, and no list at all behind the last page. */
  ListTokens: within((_service, args, { tokens }) => {
    const { shown, page } = paged([...tokens.values()].reverse(), args.page);
    const found = shown.map((token) => tokenOnWire(token, token.updatedAt));
    return json({ page, tokens: found.length > 0 ? found : null });
  }),
  UpdateToken: within((service, args, { tokens }) => {
    const token = tokens.get(normalId(args.tokenId ?? "") ?? "");
    if (!token) return refusal("NotFound", `no token ${args.tokenId}`);
    token.metadata = { ...token.metadata, ...said(args.token ?? {}) };
    token.isPrivate = args.private ?? token.isPrivate;
    token.updatedAt = service.now();
    return json({ token: tokenOnWire(token, ZERO_TIME) });
  }),
  CreateAsset: within((service, { asset }, { id: collectionId, tokens }) => {
    const field = asset?.metadataField ?? "";
    if (!["image", "video", "audio", "animation_url"].includes(field)) {
      return refusal("InvalidArgument", "asset.metadataField");
    }
    const tokenId = asset?.tokenId == null ? null : normalId(String(asset.tokenId));
    if (tokenId !== null && !tokens.has(tokenId)) return refusal("NotFound", `no token ${tokenId}`);
    const made: Asset = { id: FIRST_ASSET + service.assets.size, collectionId, tokenId, field, file: null };
    service.assets.set(made.id, made);
    return json({ asset: assetOnWire(made, service.now()) });
  }),
};

export function answerRpc(service: Service, name: string, body: string): Answer {
  const method = Object.hasOwn(METHODS, name) ? METHODS[name] : undefined;
  if (!method) return refusal("WebrpcBadRoute", `no webrpc method defined for ${name}`);
  const args = readArgs(body);
  if (args === null) return refusal("WebrpcBadRequest", "failed to unmarshal request data");
  if (!args.projectId) return refusal("RequiredArgument", "projectId");
  if (args.projectId !== service.projectId) return refusal("PermissionDenied", "projectId");
  if (args.page?.page === 0) return refusal("InvalidArgument", "page");
  return method(service, args);
}

function readArgs(body: string): Args | null {
  try {
    return Args.parse(JSON.parse(body));
  } catch {
    return null;
  }
}
