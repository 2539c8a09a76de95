/** Where things are at Sequence, and what a contract must be told so that it finds them. No I/O. No clock. */
import { Interface } from "ethers/abi";
import type { MediaField } from "../job/job.ts";

/** `base` is METADATA_URL; a slash at its end is no harm. */
const collectionUrl = (base: string, projectId: number, collectionId: number): string =>
  `${base.replace(/\/+$/, "")}/projects/${projectId}/collections/${collectionId}`;

/** What a contract's `setBaseMetadataURI` takes: ERC-721 appends the id, ERC-1155 the id and `.json`. */
export const baseUri = (base: string, projectId: number, collectionId: number): string =>
  `${collectionUrl(base, projectId, collectionId)}/tokens/`;

/** What a contract's `setContractURI` takes. */
export const contractUri = (base: string, projectId: number, collectionId: number): string =>
  `${collectionUrl(base, projectId, collectionId)}.json`;

/** A token's metadata, for everybody once token and collection are public. */
export const publicTokenUrl = (
  base: string,
  projectId: number,
  collectionId: number,
  tokenId: string,
): string => baseUri(base, projectId, collectionId) + encodeURIComponent(tokenId);

/** A token's media through the secret key, also while private. */
export const privateAssetUrl = (
  base: string,
  projectId: number,
  collectionId: number,
  tokenId: string,
  field: MediaField,
): string => `${publicTokenUrl(base, projectId, collectionId, tokenId)}/asset/${field}`;

export const uploadUrl = (
  base: string,
  projectId: number,
  collectionId: number,
  tokenId: string,
  assetId: number,
): string => `${publicTokenUrl(base, projectId, collectionId, tokenId)}/upload/${assetId}`;

/** The only documented form without a token, hence that of a collection's own image. */
export const collectionAssetUploadUrl = (
  base: string,
  projectId: number,
  collectionId: number,
  assetId: number,
): string => `${collectionUrl(base, projectId, collectionId)}/assets/${assetId}/upload`;

/** One transaction for a holder of METADATA_ADMIN_ROLE: `data` is its calldata, `0x…`. */
export type ContractCall = { readonly signature: string; readonly data: string };

/** Both calls that point a contract at a collection, ready to be sent. */
export function contractCalls(
  baseMetadataUri: string,
  contractMetadataUri: string,
): { setBaseMetadataURI: ContractCall; setContractURI: ContractCall } {
  return {
    setBaseMetadataURI: contractCall("setBaseMetadataURI", baseMetadataUri),
    setContractURI: contractCall("setContractURI", contractMetadataUri),
  };
}

function contractCall(name: string, uri: string): ContractCall {
  const signature = `${name}(string)`;
  return { signature, data: new Interface([`function ${signature}`]).encodeFunctionData(name, [uri]) };
}
