/**
 * What this project can ask of Sequence. Each method asks ONCE and answers with a value or a Failure; retrying
 * is the consumer's business, which knows what may be done twice. A stop by the caller's signal is thrown as the
 * signal's reason: it is our own doing, no failure. Types only.
 */
import type { Failure } from "../job/failure.ts";
import type { JobArgs, MediaField } from "../job/job.ts";
import type { Result } from "../result.ts";
import type {
  JsonObject,
  SequenceAsset,
  SequenceCollection,
  SequenceContract,
  SequencePage,
  SequenceToken,
} from "./schema.ts";
import type { UploadBody, UploadedAsset } from "./upload.ts";

type Answer<T> = Promise<Result<T, Failure>>;
type CollectionKey = { collectionId: number };
type TokenKey = { collectionId: number; tokenId: string };
type WithAssets = { token: SequenceToken; assets: SequenceAsset[] };

/** `page` counts from 0; Sequence's own page size is 30. Its order is documented nowhere. */
export type PageRequest = { page?: number; pageSize?: number };

/** The FULL token, always: whether an update replaces or merges is documented nowhere. */
export type TokenInput = JobArgs["token"] & { tokenId: string };

/** The FULL collection. `private` must be said: a Go server reads a missing one as false, which publishes. */
export type CollectionWrite = {
  metadata: {
    name: string;
    description: string;
    image?: string;
    external_link?: string;
    properties?: JsonObject | null;
    attributes?: JsonObject[] | null;
  };
  private: boolean;
  revealKey?: string;
};

export type Sequence = {
  createCollection(args: CollectionWrite, signal?: AbortSignal): Answer<SequenceCollection>;
  getCollection(args: CollectionKey, signal?: AbortSignal): Answer<SequenceCollection>;
  listCollections(
    args?: { page?: PageRequest },
    signal?: AbortSignal,
  ): Answer<{ collections: SequenceCollection[]; page: SequencePage }>;
  updateCollection(args: CollectionKey & CollectionWrite, signal?: AbortSignal): Answer<SequenceCollection>;
  /** `recursive` is undocumented; it presumably makes every token public as well. */
  publishCollection(
    args: CollectionKey & { recursive?: boolean },
    signal?: AbortSignal,
  ): Answer<SequenceCollection>;
  unpublishCollection(args: CollectionKey, signal?: AbortSignal): Answer<SequenceCollection>;
  createContractCollection(
    args: CollectionKey & { chainId: number; contractAddress: string },
    signal?: AbortSignal,
  ): Answer<SequenceContract>;
  /** Which collection a contract is linked to, in this project. */
  getContractCollection(
    args: { chainId: number; contractAddress: string },
    signal?: AbortSignal,
  ): Answer<SequenceContract>;

  /** Without `private` the token is private, as in the guide. */
  createToken(
    args: CollectionKey & { token: TokenInput; private?: boolean },
    signal?: AbortSignal,
  ): Answer<WithAssets>;
  getToken(args: TokenKey, signal?: AbortSignal): Answer<WithAssets>;
  listTokens(
    args: CollectionKey & { page?: PageRequest },
    signal?: AbortSignal,
  ): Answer<{ tokens: SequenceToken[]; page: SequencePage }>;
  /** Without `private` the token's visibility stays what it is. */
  updateToken(
    args: TokenKey & { token: TokenInput; private?: boolean },
    signal?: AbortSignal,
  ): Answer<SequenceToken>;

  /** `tokenId: null` makes an asset of the collection itself. The id is Sequence's to give. */
  createAsset(
    args: { collectionId: number; tokenId: string | null; field: MediaField },
    signal?: AbortSignal,
  ): Answer<SequenceAsset>;
  deleteAsset(args: { assetId: number }, signal?: AbortSignal): Answer<boolean>;
  /** Confirmed only by status 200 and an asset with a URL; uploading again to the same id replaces. */
  uploadAsset(
    args: TokenKey & { assetId: number; body: UploadBody },
    signal?: AbortSignal,
  ): Answer<UploadedAsset>;
  uploadCollectionAsset(
    args: CollectionKey & { assetId: number; body: UploadBody },
    signal?: AbortSignal,
  ): Answer<UploadedAsset>;

  /** The bytes through the secret key, also of a private token. The body must be read or cancelled. */
  renderPrivate(args: TokenKey & { field: MediaField }, signal?: AbortSignal): Answer<Response>;
  /**
   * What everybody sees, asked without credentials: `path` below METADATA_URL (`/projects/…`), or a whole URL
   * that begins with METADATA_URL. Anything but 200 is not public. The body must be read or cancelled.
   */
  fetchPublic(path: string, signal?: AbortSignal): Answer<Response>;
};
