/** The calls about collections. Names, order and omissions are those of the recorded wire. */
import { asGiven, call, pageOnWire, type SequenceOptions } from "./rpc.ts";
import { Answers } from "./schema.ts";
import type { CollectionWrite, Sequence } from "./sequence.ts";

type CollectionCalls = Pick<
  Sequence,
  | "createCollection"
  | "getCollection"
  | "listCollections"
  | "updateCollection"
  | "publishCollection"
  | "unpublishCollection"
  | "createContractCollection"
  | "getContractCollection"
>;

const aCollection = Answers.collection.transform((answer) => answer.collection);
const aContract = Answers.contract.transform((answer) => answer.contractCollection);

export function collectionCalls(options: SequenceOptions): CollectionCalls {
  const { projectId } = options;
  return {
    createCollection(collection, signal) {
      const where = `CreateCollection "${collection.metadata.name}"`;
      const args = { projectId, collection: onWire(collection) };
      return call(options, where, aCollection, (rpc) => rpc.createCollection(asGiven(args)), signal);
    },
    getCollection({ collectionId }, signal) {
      const where = `GetCollection of collection ${collectionId}`;
      const args = { projectId, collectionId };
      return call(options, where, aCollection, (rpc) => rpc.getCollection(args), signal);
    },
    listCollections({ page } = {}, signal) {
      const where = `ListCollections of project ${projectId}`;
      return call(
        options,
        where,
        Answers.collections,
        (rpc) => rpc.listCollections({ projectId, page: pageOnWire(page) }),
        signal,
      );
    },
    updateCollection({ collectionId, ...collection }, signal) {
      const where = `UpdateCollection of collection ${collectionId}`;
      const args = { projectId, collection: { id: collectionId, projectId, ...onWire(collection) } };
      return call(options, where, aCollection, (rpc) => rpc.updateCollection(asGiven(args)), signal);
    },
    publishCollection({ collectionId, recursive }, signal) {
      const where = `PublishCollection of collection ${collectionId}`;
      const args = { projectId, collectionId, recursive };
      return call(options, where, aCollection, (rpc) => rpc.publishCollection(args), signal);
    },
    unpublishCollection({ collectionId }, signal) {
      const where = `UnpublishCollection of collection ${collectionId}`;
      const args = { projectId, collectionId };
      return call(options, where, aCollection, (rpc) => rpc.unpublishCollection(args), signal);
    },
    createContractCollection({ collectionId, chainId, contractAddress }, signal) {
      const where = `CreateContractCollection of ${contractAddress} on chain ${chainId} for collection ${collectionId}`;
      const args = { projectId, contractCollection: { chainId, contractAddress, collectionId } };
      return call(options, where, aContract, (rpc) => rpc.createContractCollection(asGiven(args)), signal);
    },
    getContractCollection({ chainId, contractAddress }, signal) {
      const where = `GetContractCollection of ${contractAddress} on chain ${chainId}`;
      const args = { projectId, chainId, contractAddress };
      return call(options, where, aContract, (rpc) => rpc.getContractCollection(args), signal);
    },
  };
}

/** Named one by one: what a caller's object holds besides must not reach the server. */
const onWire = ({ metadata, private: isPrivate, revealKey }: CollectionWrite): CollectionWrite => ({
  metadata: {
    name: metadata.name,
    description: metadata.description,
    image: metadata.image,
    external_link: metadata.external_link,
    properties: metadata.properties,
    attributes: metadata.attributes,
  },
  private: isPrivate,
  revealKey,
});
