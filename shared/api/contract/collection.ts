/** Collections, the contracts that point to them, and what wallets are asked to look at again. */
import * as z from "zod";
import { IsoTime } from "./time.ts";

export const CollectionInput = z.strictObject({
  name: z.string().min(1),
  description: z.string().optional(),
  externalLink: z.url({ protocol: /^https?$/ }).optional(),
  properties: z.record(z.string(), z.json()).nullable().optional(),
  attributes: z.array(z.record(z.string(), z.json())).nullable().optional(),
});
export type CollectionInput = z.infer<typeof CollectionInput>;
export const CollectionPatch = CollectionInput.partial();
export type CollectionPatch = z.infer<typeof CollectionPatch>;

export const Collection = z.object({
  id: z.number(),
  name: z.string(),
  description: z.string(),
  externalLink: z.string().nullable(),
  properties: z.record(z.string(), z.json()).nullable(),
  attributes: z.array(z.record(z.string(), z.json())).nullable(),
  image: z.string().nullable(),
  published: z.boolean(),
  tokenCount: z.number().nullable(),
  /** What a contract's `setBaseMetadataURI` takes: ends in `/tokens/`. */
  baseUri: z.string(),
  contractUri: z.string(),
});
export type Collection = z.infer<typeof Collection>;

export const ContractInput = z.strictObject({
  chainId: z.number().int().positive(),
  contractAddress: z.string().regex(/^0x[0-9a-fA-F]{40}$/, "Expected 0x and 40 hex digits."),
});
export type ContractInput = z.infer<typeof ContractInput>;

/** `linked`: Sequence has it as well; `refused` is what it said where it has not. */
export const Contract = z.object({
  collectionId: z.number(),
  chainId: z.number(),
  contractAddress: z.string(),
  linked: z.boolean(),
  refused: z.object({ code: z.string(), message: z.string(), next: z.string() }).nullable(),
  createdAt: IsoTime,
});
export type Contract = z.infer<typeof Contract>;

/** Without a batch: all tokens that have changed since the last refresh that came to its end. */
export const RefreshRequest = z.strictObject({ batchId: z.string().optional() });
export type RefreshRequest = z.infer<typeof RefreshRequest>;

/** `tokens` asked for so far, each once a contract; of those `done` and `failed`. */
export const Refresh = z.object({
  id: z.string(),
  collectionId: z.number(),
  batchId: z.string().nullable(),
  state: z.enum(["running", "finished", "halted"]),
  tokens: z.number(),
  done: z.number(),
  failed: z.number(),
  error: z.object({ code: z.string(), message: z.string(), next: z.string() }).nullable(),
  createdAt: IsoTime,
  finishedAt: IsoTime.nullable(),
});
export type Refresh = z.infer<typeof Refresh>;
