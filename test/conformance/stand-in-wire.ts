/**
 * What the stand-in takes and gives on the wire, in the shape of 2024: Go's JSON, fields without a value left out.
 * Where the documents leave room it chooses what a careless client would trip over. No I/O. No clock.
 */
import * as z from "zod";

export type Answer = { readonly status: number; readonly type: string; readonly body: string | Uint8Array };

const whole = z.number().int().nonnegative().nullish();
const text = z.string().nullish();
const map = z.record(z.string(), z.json());
const metadata = {
  name: text,
  description: text,
  image: text,
  properties: map.nullish(),
  attributes: z.array(map).nullish(),
};
const CollectionMetadata = z.object({ ...metadata, external_link: text });
const TokenMetadata = z.object({
  tokenId: text,
  ...metadata,
  external_url: text,
  background_color: text,
  decimals: whole,
});
export type CollectionMetadata = z.infer<typeof CollectionMetadata>;
export type TokenMetadata = z.infer<typeof TokenMetadata>;

/** One shape for all methods: what a method does not name is ignored, as Go's decoder ignores it. */
export const Args = z.object({
  projectId: whole,
  collectionId: whole,
  tokenId: text,
  private: z.boolean().nullish(),
  page: z.object({ page: whole, pageSize: whole }).nullish(),
  token: TokenMetadata.nullish(),
  collection: z
    .object({ id: whole, private: z.boolean().nullish(), metadata: CollectionMetadata.nullish() })
    .nullish(),
  asset: z
    .object({
      collectionId: whole,
      tokenId: z.union([z.string(), z.number()]).nullish(),
      metadataField: text,
    })
    .nullish(),
});
export type Args = z.infer<typeof Args>;

export type Asset = {
  readonly id: number;
  readonly collectionId: number;
  readonly tokenId: string | null;
  readonly field: string;
  file: {
    readonly url: string;
    readonly name: string;
    readonly type: string;
    readonly bytes: Uint8Array;
  } | null;
};
export type Token = {
  readonly tokenId: string;
  metadata: TokenMetadata;
  isPrivate: boolean;
  updatedAt: string;
};
export type Collection = {
  readonly id: number;
  readonly projectId: number;
  metadata: CollectionMetadata;
  isPrivate: boolean;
  readonly tokens: Map<string, Token>;
  readonly createdAt: string;
};

/** Go escapes these three in JSON. */
const escaped = (json: string): string =>
  json.replace(/[<>&]/g, (sign) => `\\u00${sign.charCodeAt(0).toString(16)}`);

export const json = (value: unknown, status = 200): Answer => ({
  status,
  type: "application/json",
  body: escaped(JSON.stringify(value)),
});

/** Code, HTTP status, text, and whether the body says the status too. */
const ERRORS = {
  WebrpcBadRoute: [-2, 404, "bad route", true],
  WebrpcBadMethod: [-3, 405, "bad method", true],
  WebrpcBadRequest: [-4, 400, "bad request", true],
  Unauthorized: [1000, 401, "Unauthorized access", true],
  PermissionDenied: [1001, 403, "Permission denied", true],
  SecretKeyCorsDisallowed: [1009, 403, "Secret key is not allowed in CORS requests", true],
  AccessKeyMismatch: [1102, 403, "Access key mismatch", true],
  InvalidArgument: [2001, 400, "Invalid argument", true],
  RequiredArgument: [2002, 400, "Required argument missing", true],
  QueryFailed: [2003, 400, "Query failed", false],
  NotFound: [3000, 400, "Resource not found", false],
} as const;

export function refusal(error: keyof typeof ERRORS, cause: string): Answer {
  const [code, status, msg, says] = ERRORS[error];
  return json({ error, code, msg, cause, ...(says ? { status } : {}) }, status);
}

export const hidden: Answer = {
  status: 404,
  type: "text/plain; charset=utf-8",
  body: "404 page not found\n",
};

/** A BigInt column may come out as a bare number; above 2^53 that would no longer be the id. */
const bigInt = (id: string): number | string => (BigInt(id) < 2n ** 53n ? Number(id) : id);

/** Maps come out with their keys sorted. */
function sorted(value: z.infer<typeof map>): z.infer<typeof map> {
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

const mapOrNull = (value: TokenMetadata["properties"]) => (value ? sorted(value) : null);
const mapsOrNull = (value: TokenMetadata["attributes"]) => value?.map(sorted) ?? null;
const set = (fields: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value || value === false));

export const ZERO_TIME = "0001-01-01T00:00:00Z";

/** `media`: URLs of uploads, which win over what the metadata say. */
export function tokenOnWire(token: Token, updatedAt: string, media: Record<string, string> = {}) {
  const { name, description, image, properties, attributes, decimals, external_url, background_color } =
    token.metadata;
  return {
    tokenId: token.tokenId,
    name: name ?? "",
    description: description ?? "",
    image: image ?? "",
    properties: mapOrNull(properties),
    attributes: mapsOrNull(attributes),
    ...set({ external_url, background_color, decimals }),
    updatedAt,
    ...media,
  };
}

export function assetOnWire(asset: Asset, updatedAt: string) {
  const { id, collectionId, tokenId, field, file } = asset;
  return {
    id,
    collectionId,
    tokenId: tokenId === null ? null : bigInt(tokenId),
    url: file?.url ?? "",
    metadataField: field,
    ...(file ? { filename: file.name, filesize: file.bytes.length, mimeType: file.type } : {}),
    updatedAt,
  };
}

export function collectionOnWire(collection: Collection, assets: readonly unknown[] = []) {
  const { id, projectId, metadata, isPrivate, createdAt } = collection;
  const { name, description, image, external_link, properties, attributes } = metadata;
  return {
    id,
    projectId,
    metadata: {
      name: name ?? "",
      description: description ?? "",
      ...set({ image, external_link }),
      ...(properties ? { properties: sorted(properties) } : {}),
      ...(attributes ? { attributes: attributes.map(sorted) } : {}),
    },
    private: isPrivate,
    createdAt,
    updatedAt: createdAt,
    ...(assets.length > 0 ? { assets } : {}),
  };
}
