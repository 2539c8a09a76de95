/**
 * Sequence's answers as we read them. Made for a Go server: zero values are left out, nil maps and lists are
 * `null`, ids are numbers, token ids decimal strings. Fields that we do not name are let through and left out.
 */
import * as z from "zod";
import type { JobArgs } from "../job/job.ts";

export type JsonObject = NonNullable<JobArgs["token"]["properties"]>;

/** Values come from `JSON.parse`, so only the outermost shape can be wrong; walking each value would cost most. */
const jsonObject = z.custom<JsonObject>(
  (value) => typeof value === "object" && value !== null && !Array.isArray(value),
  "expected an object",
);
/** A number, or one in quotes as servers write a BigInt. */
const whole = z.union([
  z.number().int().nonnegative(),
  z
    .string()
    .regex(/^\d{1,15}$/)
    .transform(Number),
]);
const wholeOrNull = whole.nullish().transform((value) => value ?? null);
const text = z
  .string()
  .nullish()
  .transform((value) => value ?? "");
/** `""` is Go's way of saying that there is none. */
const textOrNull = z
  .string()
  .nullish()
  .transform((value) => value || null);
const properties = jsonObject.nullish().transform((value) => value ?? null);
const attributes = z
  .array(jsonObject)
  .nullish()
  .transform((value) => value ?? null);
const tokenId = z
  .union([z.string(), z.number().int().nonnegative()])
  .transform((value) => (/^\d+$/.test(String(value)) ? BigInt(value).toString() : String(value)));

export const SequenceAsset = z.object({
  id: whole,
  collectionId: whole,
  /** Null: the asset is the collection's own. */
  tokenId: tokenId.nullish().transform((value) => value ?? null),
  /** Null: nothing was uploaded yet. */
  url: textOrNull,
  metadataField: text,
  filename: textOrNull,
  filesize: wholeOrNull,
  mimeType: textOrNull,
  width: wholeOrNull,
  height: wholeOrNull,
});
export type SequenceAsset = z.infer<typeof SequenceAsset>;

const assets = z
  .array(SequenceAsset)
  .nullish()
  .transform((value) => value ?? []);

/** There is no `private`: no call gives it back. `decimals` is left out by the server when 0. */
export const SequenceToken = z.object({
  tokenId,
  name: text,
  description: text,
  image: textOrNull,
  video: textOrNull,
  audio: textOrNull,
  animation_url: textOrNull,
  image_data: textOrNull,
  external_url: textOrNull,
  background_color: textOrNull,
  decimals: whole.nullish().transform((value) => value ?? 0),
  properties,
  attributes,
  updatedAt: textOrNull,
});
export type SequenceToken = z.infer<typeof SequenceToken>;

export const SequenceCollection = z.object({
  id: whole,
  projectId: wholeOrNull,
  metadata: z.object({
    name: text,
    description: text,
    image: textOrNull,
    external_link: textOrNull,
    properties,
    attributes,
  }),
  private: z
    .boolean()
    .nullish()
    .transform((value) => value ?? false),
  revealKey: textOrNull,
  /** Null: this answer does not say; GetCollection and ListCollections do. */
  tokenCount: wholeOrNull,
  updatedAt: textOrNull,
  deletedAt: textOrNull,
  baseURIs: z
    .object({ contractMetadataURI: textOrNull, tokenMetadataURI: textOrNull })
    .nullish()
    .transform((value) => value ?? null),
  assets,
});
export type SequenceCollection = z.infer<typeof SequenceCollection>;

export const SequencePage = z
  .object({ page: wholeOrNull, pageSize: wholeOrNull, more: z.boolean().nullish() })
  .nullish()
  .transform((page) => ({
    page: page?.page ?? 0,
    pageSize: page?.pageSize ?? null,
    more: page?.more ?? false,
  }));
export type SequencePage = z.infer<typeof SequencePage>;

export const SequenceContract = z.object({
  id: wholeOrNull,
  chainId: whole,
  contractAddress: z.string(),
  collectionId: whole,
});
export type SequenceContract = z.infer<typeof SequenceContract>;

export const Answers = {
  collection: z.object({ collection: SequenceCollection }),
  collections: z.object({
    page: SequencePage,
    collections: z
      .array(SequenceCollection)
      .nullish()
      .transform((value) => value ?? []),
  }),
  contract: z.object({ contractCollection: SequenceContract }),
  token: z.object({ token: SequenceToken }),
  tokenWithAssets: z.object({ token: SequenceToken, assets }),
  tokens: z.object({
    page: SequencePage,
    tokens: z
      .array(SequenceToken)
      .nullish()
      .transform((value) => value ?? []),
  }),
  asset: z.object({ asset: SequenceAsset }),
  status: z.object({ status: z.boolean() }),
};

/** A webrpc error. The text is `msg` on the wire; newer servers may say `message`. */
const ErrorBody = z.object({
  error: z.string().min(1),
  code: z.number().nullish().catch(null),
  msg: z.string().nullish().catch(null),
  message: z.string().nullish().catch(null),
  cause: z.string().nullish().catch(null),
});
export type NamedError = {
  readonly name: string;
  /** Shown, never decided by. Null: the body is not in webrpc's own form. */
  readonly code: number | null;
  readonly message: string | null;
  readonly cause: string | null;
};

export function readNamedError(body: string): NamedError | null {
  try {
    const { error, code, msg, message, cause } = ErrorBody.parse(JSON.parse(body));
    return { name: error, code: code ?? null, message: message || msg || null, cause: cause ?? null };
  } catch {
    return null;
  }
}
