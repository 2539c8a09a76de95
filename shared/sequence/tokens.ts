/** The calls about tokens and their assets. Names, order and omissions are those of the recorded wire. */
import { collectionAssetUploadUrl, uploadUrl } from "./addresses.ts";
import { asGiven, call, pageOnWire, type SequenceOptions } from "./rpc.ts";
import { Answers } from "./schema.ts";
import type { Sequence, TokenInput } from "./sequence.ts";
import { upload } from "./upload.ts";

type TokenCalls = Pick<Sequence, "createToken" | "getToken" | "listTokens" | "updateToken">;
type AssetCalls = Pick<Sequence, "createAsset" | "deleteAsset" | "uploadAsset" | "uploadCollectionAsset">;

const aToken = Answers.token.transform((answer) => answer.token);
const anAsset = Answers.asset.transform((answer) => answer.asset);
const aStatus = Answers.status.transform((answer) => answer.status);

export function tokenCalls(options: SequenceOptions): TokenCalls {
  const { projectId } = options;
  return {
    createToken({ collectionId, token, private: isPrivate }, signal) {
      const where = `CreateToken of token ${token.tokenId} in collection ${collectionId}`;
      const args = { projectId, collectionId, token: onWire(token), private: isPrivate };
      return call(options, where, Answers.tokenWithAssets, (rpc) => rpc.createToken(asGiven(args)), signal);
    },
    getToken({ collectionId, tokenId }, signal) {
      const where = `GetToken of token ${tokenId} in collection ${collectionId}`;
      const args = { projectId, collectionId, tokenId };
      return call(options, where, Answers.tokenWithAssets, (rpc) => rpc.getToken(args), signal);
    },
    listTokens({ collectionId, page }, signal) {
      const where = `ListTokens of collection ${collectionId}`;
      const args = { projectId, collectionId, page: pageOnWire(page) };
      return call(options, where, Answers.tokens, (rpc) => rpc.listTokens(args), signal);
    },
    updateToken({ collectionId, tokenId, token, private: isPrivate }, signal) {
      const where = `UpdateToken of token ${tokenId} in collection ${collectionId}`;
      const args = { projectId, collectionId, tokenId, private: isPrivate, token: emptied(onWire(token)) };
      return call(options, where, aToken, (rpc) => rpc.updateToken(asGiven(args)), signal);
    },
  };
}

export function assetCalls(options: SequenceOptions): AssetCalls {
  const { projectId, metadataUrl } = options;
  return {
    createAsset({ collectionId, tokenId, field }, signal) {
      const where = `CreateAsset ${field} ${tokenId === null ? "" : `of token ${tokenId} `}in collection ${collectionId}`;
      // Never an `id`: the server might insert it as given, and ids are global to all projects.
      const asset = { collectionId, tokenId: tokenId ?? undefined, metadataField: field };
      return call(options, where, anAsset, (rpc) => rpc.createAsset(asGiven({ projectId, asset })), signal);
    },
    deleteAsset({ assetId }, signal) {
      const where = `DeleteAsset ${assetId}`;
      return call(options, where, aStatus, (rpc) => rpc.deleteAsset({ projectId, assetId }), signal);
    },
    uploadAsset({ collectionId, tokenId, assetId, body }, signal) {
      const where = `Upload of asset ${assetId} of token ${tokenId} in collection ${collectionId}`;
      const url = uploadUrl(metadataUrl, projectId, collectionId, tokenId, assetId);
      return upload(options, url, body, where, signal);
    },
    uploadCollectionAsset({ collectionId, assetId, body }, signal) {
      const where = `Upload of asset ${assetId} of collection ${collectionId}`;
      const url = collectionAssetUploadUrl(metadataUrl, projectId, collectionId, assetId);
      return upload(options, url, body, where, signal);
    },
  };
}

/** Named one by one: what a caller's object holds besides must not reach the server. */
const onWire = (token: TokenInput): TokenInput => ({
  tokenId: token.tokenId,
  name: token.name,
  description: token.description,
  decimals: token.decimals,
  external_url: token.external_url,
  background_color: token.background_color,
  attributes: token.attributes,
  properties: token.properties,
});

/**
 * Nobody says whether an update replaces or merges, and to a Go server that merges null is the same as nothing:
 * traits that were taken from a row would stay on its token. An empty list says what is meant to both.
 */
const emptied = (token: TokenInput): TokenInput => ({
  ...token,
  attributes: token.attributes ?? [],
  properties: token.properties ?? {},
});
