/**
 * wire.ts: the types of the service as they travel: how each is read, and how it is written with Go's field
 * order, `omitempty` and null. Unknown fields, such as an asset's `name`, are dropped in reading.
 */
import {
  anything,
  bigInteger,
  bool,
  type Decoded,
  hexHash,
  map,
  pointer,
  slice,
  struct,
  text,
  uint32,
  uint64,
} from "./decode.ts";
import { maxTokenId } from "./limits.ts";
import { type Refusal, refuse } from "./webrpc.ts";

export const collectionMetadata = struct({
  name: text,
  description: text,
  image: text,
  external_link: text,
  properties: map,
  attributes: slice(map),
});

export const collection = struct({
  id: uint64,
  projectId: uint64,
  metadata: pointer(collectionMetadata),
  private: pointer(bool),
  revealKey: text,
});

export const tokenMetadata = struct({
  tokenId: text,
  source: text,
  name: text,
  description: text,
  image: text,
  video: text,
  audio: text,
  properties: map,
  attributes: slice(map),
  image_data: text,
  external_url: text,
  background_color: text,
  animation_url: text,
  decimals: pointer(uint64),
});

export const asset = struct({
  id: uint64,
  collectionId: uint64,
  tokenId: pointer(bigInteger),
  url: text,
  metadataField: text,
  filename: text,
  filesize: uint32,
  mimeType: text,
});

export const contractCollection = struct({
  id: uint64,
  chainId: uint64,
  contractAddress: hexHash,
  collectionId: uint64,
});

export const page = struct({
  page: pointer(uint32),
  column: pointer(text),
  before: anything,
  after: anything,
  pageSize: pointer(uint32),
  more: pointer(bool),
});

export type CollectionMetadata = Decoded<typeof collectionMetadata>;
export type TokenMetadata = Decoded<typeof tokenMetadata>;
/** What is stored of a token: its metadata without the id, which is its key. */
export type TokenContent = Omit<TokenMetadata, "tokenId" | "source">;
export type Page = Decoded<typeof page>;

/** A token id in its one spelling: decimal, without leading zeros, at most uint256. */
export function canonicalTokenId(tokenId: string): string | Refusal {
  if (tokenId === "") return refuse("RequiredArgument", "tokenId is required");
  if (!/^\d+$/.test(tokenId))
    return refuse("InvalidArgument", `tokenId ${JSON.stringify(tokenId)} is not decimal`);
  const canonical = tokenId.replace(/^0+(?=\d)/, "");
  const tooLarge = canonical.length > 78 || (canonical.length === 78 && BigInt(canonical) > maxTokenId);
  return tooLarge ? refuse("InvalidArgument", "tokenId is larger than uint256") : canonical;
}

export interface Slice {
  offset: number;
  size: number;
}

/** Which rows a page asks for: zero-based and multiplied by its size. Cursors are accepted and ignored. */
export function sliceOf(asked: Page | null, defaultSize: number, maxSize: number | null): Slice {
  const size = Math.min(asked?.pageSize || defaultSize, maxSize ?? Number.MAX_SAFE_INTEGER);
  return { offset: (asked?.page ?? 0) * size, size };
}

/** The page of a list answer; `page` itself only appears from the second one on. */
export function pageJson({ offset, size }: Slice, more: boolean) {
  return { page: offset > 0 ? offset / size : undefined, pageSize: size, more };
}
