/** Sequence's Collections API as this project uses it; what each method promises stands in `sequence.ts`. */
import { collectionCalls } from "./collections.ts";
import { readCalls } from "./read.ts";
import type { SequenceOptions } from "./rpc.ts";
import type { Sequence } from "./sequence.ts";
import { assetCalls, tokenCalls } from "./tokens.ts";

export type { SequenceOptions } from "./rpc.ts";
export type {
  SequenceAsset,
  SequenceCollection,
  SequenceContract,
  SequencePage,
  SequenceToken,
} from "./schema.ts";
export type { CollectionWrite, PageRequest, Sequence, TokenInput } from "./sequence.ts";
export type { UploadBody, UploadedAsset } from "./upload.ts";

export function createSequence(options: SequenceOptions): Sequence {
  return {
    ...collectionCalls(options),
    ...tokenCalls(options),
    ...assetCalls(options),
    ...readCalls(options),
  };
}
