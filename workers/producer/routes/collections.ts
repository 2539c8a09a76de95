/** Collections at Sequence through our key, and what our batches remember of them. */
import type { Context } from "hono";
import * as z from "zod";
import {
  type Collection,
  CollectionInput,
  CollectionPatch,
  type Problem,
} from "../../../shared/api/contract.ts";
import { problem } from "../../../shared/api/problems.ts";
import { fail, ok, type Result } from "../../../shared/result.ts";
import type { SequenceCollection } from "../../../shared/sequence/client.ts";
import { proveCollection } from "../../../shared/sequence/prove.ts";
import { patched, toCollection, toCollectionWrite } from "../../../shared/sequence/to-collection.ts";
import { markCollectionPublished } from "../../../shared/store/batch-control.ts";
import { readJson } from "../body.ts";
import type { App, ProducerContext } from "../context.ts";
import { nextPage, PAGE_QUERY, readCursor } from "../paging.ts";
import { failureProblem, refuse } from "../problem.ts";
import { NoQuery, readQuery } from "../query.ts";

type C = Context<App>;

/** Sequence counts pages: the page's number, the size that it was counted with, the first id of the page before. */
const Place = z.tuple([
  z.number().int().nonnegative(),
  z.number().int().positive(),
  z.number().int().nonnegative().nullable(),
]);

export async function getCollections(c: C): Promise<Response> {
  const { ctx } = c.var;
  const query = readQuery(c.req.url, z.object(PAGE_QUERY));
  if (!query.ok) return refuse(query.error);
  const place = readCursor(query.value.cursor, Place, [0, query.value.limit, null]);
  if (!place.ok) return refuse(place.error);
  const [asked, pageSize, firstBefore] = place.value;
  let page = asked;
  let listed = await ctx.sequence.listCollections({ page: { page, pageSize } });
  // Where pages count from 1, page 1 is the one that was shown already: nobody says from where Sequence counts.
  if (listed.ok && page === 1 && listed.value.collections[0]?.id === firstBefore) {
    page = 2;
    listed = await ctx.sequence.listCollections({ page: { page, pageSize } });
  }
  if (!listed.ok) return refuse(failureProblem(listed.error));
  const { collections, page: shown } = listed.value;
  return c.json({
    items: collections.map((one) => toCollection(ctx.config, one)),
    nextCursor: shown.more ? nextPage([page + 1, pageSize, collections[0]?.id ?? null]) : null,
  });
}

export async function createCollection(c: C): Promise<Response> {
  const { ctx } = c.var;
  const input = await readInput(c, CollectionInput);
  if (!input.ok) return refuse(input.error);
  const created = await ctx.sequence.createCollection(toCollectionWrite(input.value));
  if (!created.ok) return refuse(failureProblem(created.error));
  ctx.log.info("collection.created", { collectionId: created.value.id, by: c.var.caller.name });
  c.header("Location", `/v1/collections/${created.value.id}`);
  return c.json(toCollection(ctx.config, created.value), 201);
}

export async function getCollection(c: C): Promise<Response> {
  const query = readQuery(c.req.url, NoQuery);
  if (!query.ok) return refuse(query.error);
  const found = await findCollection(c);
  return found.ok ? c.json(toCollection(c.var.ctx.config, found.value)) : refuse(found.error);
}

export async function patchCollection(c: C): Promise<Response> {
  const { ctx } = c.var;
  const patch = await readInput(c, CollectionPatch);
  if (!patch.ok) return refuse(patch.error);
  const current = await findCollection(c);
  if (!current.ok) return refuse(current.error);
  const { id } = current.value;
  const updated = await ctx.sequence.updateCollection({
    collectionId: id,
    ...patched(current.value, patch.value),
  });
  if (!updated.ok) return refuse(failureProblem(updated.error));
  ctx.log.info("collection.updated", { collectionId: id, by: c.var.caller.name });
  return answerAfresh(c, id);
}

/** Flips the collection at Sequence, then in every batch that shows it; both may be done twice. */
export const setPublished = (published: boolean) =>
  async function flip(c: C): Promise<Response> {
    const { ctx } = c.var;
    const query = readQuery(c.req.url, NoQuery);
    if (!query.ok) return refuse(query.error);
    const id = readCollectionId(c);
    if (!id.ok) return refuse(id.error);
    const collectionId = id.value;
    const flipped = published
      ? await ctx.sequence.publishCollection({ collectionId })
      : await ctx.sequence.unpublishCollection({ collectionId });
    if (!flipped.ok) return refuse(failureProblem(flipped.error));
    await markCollectionPublished(ctx.db, { target: ctx.config.target, collectionId, published });
    ctx.log.info(published ? "collection.published" : "collection.unpublished", {
      collectionId,
      by: c.var.caller.name,
    });
    return answerAfresh(c, collectionId);
  };

/** Read again: the answers to writes leave out base URIs or counts, each another part. */
export async function answerAfresh(c: C, collectionId: number): Promise<Response> {
  const { ctx } = c.var;
  const found = await readCollection(ctx, collectionId);
  if (!found.ok) return refuse(found.error);
  const collection: Collection = toCollection(ctx.config, found.value);
  return c.json(collection);
}

export async function findCollection(c: C): Promise<Result<SequenceCollection, Problem>> {
  const id = readCollectionId(c);
  return id.ok ? readCollection(c.var.ctx, id.value) : id;
}

async function readCollection(
  ctx: ProducerContext,
  collectionId: number,
): Promise<Result<SequenceCollection, Problem>> {
  const proven = await proveCollection(ctx.sequence, collectionId);
  return proven.ok ? ok(proven.value.collection) : fail(failureProblem(proven.error));
}

/** What is no number cannot be a collection's id: the same answer as for one that is not there. */
export function readCollectionId(c: C): Result<number, Problem> {
  const id = c.req.param("id") ?? "";
  if (/^[1-9]\d{0,14}$/.test(id)) return ok(Number(id));
  return fail(
    problem(
      "collection.not_found",
      `Expected a collection's id, a whole number, got ${JSON.stringify(id)}.`,
      "`npx --no mintline collection list` (GET /v1/collections) lists the collections with their ids.",
    ),
  );
}

async function readInput<T extends z.ZodType>(c: C, schema: T): Promise<Result<z.output<T>, Problem>> {
  const query = readQuery(c.req.url, NoQuery);
  return query.ok ? readJson(c.req.raw, schema) : query;
}
