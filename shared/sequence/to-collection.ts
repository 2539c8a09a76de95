/** Between Sequence's collection and that of our API: `external_link` ↔ `externalLink`, private ↔ published. No I/O. No clock. */
import type { Collection, CollectionInput, CollectionPatch } from "../api/contract.ts";
import { baseUri, contractUri } from "./addresses.ts";
import type { SequenceCollection } from "./schema.ts";
import type { CollectionWrite } from "./sequence.ts";

type Target = { readonly metadataUrl: string; readonly projectId: number };

export function toCollection({ metadataUrl, projectId }: Target, collection: SequenceCollection): Collection {
  const { id, metadata, baseURIs } = collection;
  return {
    id,
    name: metadata.name,
    description: metadata.description,
    externalLink: metadata.external_link,
    properties: metadata.properties,
    attributes: metadata.attributes,
    image: imageOf(collection),
    published: !collection.private,
    tokenCount: collection.tokenCount,
    // Sequence's own word where it gives one (publishing does not): a contract must name the public host even
    // where METADATA_URL is a proxy in front of it.
    baseUri: baseURIs?.tokenMetadataURI ?? baseUri(metadataUrl, projectId, id),
    contractUri: baseURIs?.contractMetadataURI ?? contractUri(metadataUrl, projectId, id),
  };
}

/** The uploaded image wins over what the metadata say: so does Sequence when it renders them. */
function imageOf({ assets, metadata }: SequenceCollection): string | null {
  const uploaded = assets.findLast((asset) => asset.metadataField === "image" && asset.url !== null);
  return uploaded?.url ?? metadata.image;
}

/** A new collection is private until it is published on purpose. */
export function toCollectionWrite(input: CollectionInput): CollectionWrite {
  return {
    metadata: {
      name: input.name,
      description: input.description ?? "",
      external_link: input.externalLink,
      properties: input.properties,
      attributes: input.attributes,
    },
    private: true,
  };
}

/** The whole collection with the patch in it, since an update may replace everything that it does not name. */
export function patched(current: SequenceCollection, patch: CollectionPatch): CollectionWrite {
  const { metadata } = current;
  return {
    metadata: {
      name: patch.name ?? metadata.name,
      description: patch.description ?? metadata.description,
      image: metadata.image ?? undefined,
      external_link: patch.externalLink ?? metadata.external_link ?? undefined,
      properties: patch.properties === undefined ? metadata.properties : patch.properties,
      attributes: patch.attributes === undefined ? metadata.attributes : patch.attributes,
    },
    private: current.private,
    revealKey: current.revealKey ?? undefined,
  };
}
