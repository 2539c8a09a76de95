/** `PUT /v1/collections/{id}/image`: the collection's own asset with the field `image`, made once, then replaced. */
import type { Context } from "hono";
import type { Failure } from "../../../shared/job/failure.ts";
import { wrongType } from "../../../shared/media/judge.ts";
import { fieldAccepts, kindOfContentType } from "../../../shared/media/kinds.ts";
import { mediaKey, type StoredMedia } from "../../../shared/media/store.ts";
import { ok, type Result } from "../../../shared/result.ts";
import type { SequenceAsset, SequenceCollection, UploadBody } from "../../../shared/sequence/client.ts";
import type { App, ProducerContext } from "../context.ts";
import { failureProblem, refuse } from "../problem.ts";
import { NoQuery, readQuery } from "../query.ts";
import { answerAfresh, findCollection } from "./collections.ts";
import { refusalProblem, storeBody } from "./media-sets.ts";

export async function putCollectionImage(c: Context<App>): Promise<Response> {
  const { ctx } = c.var;
  const query = readQuery(c.req.url, NoQuery);
  if (!query.ok) return refuse(query.error);
  const collection = await findCollection(c);
  if (!collection.ok) return refuse(collection.error);
  const collectionId = collection.value.id;
  const stored = await storeBody(ctx, c.req.raw, "the collection's image");
  if (!stored.ok) return refuse(stored.error);
  const kind = kindOfContentType(stored.value.contentType);
  if (kind && !fieldAccepts("image", kind.contentType)) {
    return refuse(refusalProblem(wrongType("image", kind, "the collection's image")));
  }
  const asset = await imageAsset(ctx, collection.value);
  if (!asset.ok) return refuse(failureProblem(asset.error));
  const body = uploadBody(ctx.bucket, stored.value, kind?.extension ?? "bin");
  const uploaded = await ctx.sequence.uploadCollectionAsset({ collectionId, assetId: asset.value.id, body });
  if (!uploaded.ok) return refuse(failureProblem(uploaded.error));
  ctx.log.info("collection.image_uploaded", { collectionId, assetId: asset.value.id, by: c.var.caller.name });
  return answerAfresh(c, collectionId);
}

/** The one that is there counts: a second asset for the same field would leave open which of them is shown. */
async function imageAsset(
  ctx: ProducerContext,
  { id, assets }: SequenceCollection,
): Promise<Result<Pick<SequenceAsset, "id">, Failure>> {
  const there = assets.findLast((asset) => asset.tokenId === null && asset.metadataField === "image");
  return there ? ok(there) : ctx.sequence.createAsset({ collectionId: id, tokenId: null, field: "image" });
}

const uploadBody = (
  bucket: R2Bucket,
  { sha256, bytes, contentType }: StoredMedia,
  extension: string,
): UploadBody => ({
  bytes,
  contentType,
  fileName: `image.${extension}`,
  async open() {
    const object = await bucket.get(mediaKey(sha256));
    if (object === null) throw new Error(`${mediaKey(sha256)} is not in R2`);
    return object.body;
  },
});
