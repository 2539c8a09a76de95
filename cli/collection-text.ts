/** A collection in words: what a contract needs comes first, since that is what people look it up for. */
import type { Collection } from "../shared/api/contract.ts";

/** Loaded when asked for: ethers would cost every other command a tenth of a second. */
async function callsOf({ baseUri, contractUri }: Collection) {
  const { contractCalls } = await import("../shared/sequence/addresses.ts");
  return contractCalls(baseUri, contractUri);
}

/** The collection as the API gives it, with the two transactions of a contract. */
export const machineForm = async (collection: Collection) => ({
  ...collection,
  calls: await callsOf(collection),
});

export async function contractText(collection: Collection): Promise<string[]> {
  const calls = await callsOf(collection);
  return [
    `base URI (ERC-721 and ERC-1155): ${collection.baseUri}`,
    "  Paste it in Builder → Contracts → your contract → Write Contract → setBaseMetadataURI",
    "  (the wallet needs METADATA_ADMIN_ROLE). ERC-721 appends the token id, ERC-1155 the id and .json.",
    `contract URI: ${collection.contractUri}`,
    "  Paste it in the same place → setContractURI.",
    "Or send the calldata yourself:",
    `  ${calls.setBaseMetadataURI.signature}`,
    `  ${calls.setBaseMetadataURI.data}`,
    `  ${calls.setContractURI.signature}`,
    `  ${calls.setContractURI.data}`,
  ];
}

export function collectionText(collection: Collection): string[] {
  const json = (value: unknown): string => (value === null ? "none" : JSON.stringify(value));
  return [
    `collection ${collection.id}: ${collection.name} (${collection.published ? "public" : "private"})`,
    `  description:   ${collection.description || "none"}`,
    `  external link: ${collection.externalLink ?? "none"}`,
    `  image:         ${collection.image ?? "none"}`,
    `  properties:    ${json(collection.properties)}`,
    `  attributes:    ${json(collection.attributes)}`,
    `  tokens:        ${collection.tokenCount ?? "unknown"}`,
  ];
}
