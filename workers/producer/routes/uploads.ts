/** Files in parts: begin, send the parts in any order and as often as need be, complete; then name it by its id. */
import type { Context } from "hono";
import { ulid } from "ulid";
import { type Problem, type Upload, type UploadedPart, UploadRequest } from "../../../shared/api/contract.ts";
import { LIMITS } from "../../../shared/limits.ts";
import { fail, ok, type Result } from "../../../shared/result.ts";
import {
  findUpload,
  insertUpload,
  listParts,
  readUpload,
  recordPart,
  type UploadRow,
} from "../../../shared/store/uploads.ts";
import { readJson } from "../body.ts";
import type { App, ProducerContext } from "../context.ts";
import { refuse } from "../problem.ts";
import { NoQuery, readQuery, whole } from "../query.ts";
import { declaredBytes } from "../receive.ts";
import { complete, giveUp } from "../uploads/complete.ts";
import { lastPart, partSize } from "../uploads/part-plan.ts";
import { noUpload, uploadTooLarge, wrongNumber, wrongState } from "../uploads/problems.ts";
import { storePart } from "../uploads/store-part.ts";
import { iso } from "../views/time.ts";

type C = Context<App>;

/** Begins an upload; the same file announced again by hash and length gets the one that is there. */
export async function postUpload(c: C): Promise<Response> {
  const { ctx } = c.var;
  const query = readQuery(c.req.url, NoQuery);
  if (!query.ok) return refuse(query.error);
  const asked = await readAsked(c.req.raw);
  if (!asked.ok) return refuse(asked.error);
  const { bytes = null, sha256 = null } = asked.value;
  if (bytes !== null && bytes > LIMITS.uploadMaxBytes) return refuse(uploadTooLarge(bytes));
  const { target } = ctx.config;
  const known =
    bytes === null || sha256 === null ? null : await findUpload(ctx.db, { target, sha256, bytes });
  const upload = known ?? (await begin(ctx, bytes, sha256));
  c.header("Location", `/v1/uploads/${upload.id}`);
  return c.json(await uploadView(ctx, upload), known ? 200 : 201);
}

export async function getUpload(c: C): Promise<Response> {
  const upload = await findAsked(c);
  return upload.ok ? c.json(await uploadView(c.var.ctx, upload.value)) : refuse(upload.error);
}

export async function putPart(c: C): Promise<Response> {
  const { ctx } = c.var;
  const found = await findAsked(c);
  if (!found.ok) return refuse(found.error);
  const upload = found.value;
  if (upload.state !== "open") return refuse(wrongState("open", upload.state));
  const plan = { bytes: upload.bytes, partBytes: upload.part_bytes };
  const number = readNumber(c.req.param("number") ?? "", lastPart(plan));
  if (!number.ok) return refuse(number.error);
  const multipart = ctx.bucket.resumeMultipartUpload(upload.object_key, upload.multipart_id);
  const stored = await storePart(multipart, number.value, c.req.raw, partSize(plan, number.value));
  if (!stored.ok) return refuse(stored.error);
  if (stored.value === "gone") return refuse(await goneProblem(ctx, upload));
  const part = { number: number.value, ...stored.value };
  if (!(await recordPart(ctx.db, upload.id, part, ctx.now()))) return refuse(await goneProblem(ctx, upload));
  const view: UploadedPart = { number: part.number, bytes: part.bytes };
  return c.json(view);
}

export async function postComplete(c: C): Promise<Response> {
  const { ctx } = c.var;
  const upload = await findAsked(c);
  if (!upload.ok) return refuse(upload.error);
  const completed = await complete(ctx, upload.value);
  if (!completed.ok) return refuse(completed.error);
  ctx.log.info("upload.completed", { uploadId: upload.value.id, by: c.var.caller.name });
  return getUpload(c);
}

/** A body is not needed, and curl sends none. */
const readAsked = async (request: Request): Promise<Result<UploadRequest, Problem>> =>
  request.body === null || declaredBytes(request) === 0 ? ok({}) : readJson(request, UploadRequest);

async function begin(ctx: ProducerContext, bytes: number | null, sha256: string | null): Promise<UploadRow> {
  const id = `upl_${ulid(ctx.now())}`;
  const objectKey = `uploads/${id}`;
  const { uploadId: multipartId } = await ctx.bucket.createMultipartUpload(objectKey);
  const { target } = ctx.config;
  const partBytes = LIMITS.partBytes;
  const now = ctx.now();
  await insertUpload(ctx.db, { id, target, bytes, sha256, partBytes, objectKey, multipartId, now });
  return {
    id,
    state: "open",
    bytes,
    sha256,
    part_bytes: partBytes,
    object_key: objectKey,
    multipart_id: multipartId,
    created_at: now,
  };
}

async function uploadView(ctx: ProducerContext, upload: UploadRow): Promise<Upload> {
  const parts = await listParts(ctx.db, upload.id);
  return {
    id: upload.id,
    partBytes: upload.part_bytes,
    state: upload.state,
    bytes: upload.bytes,
    sha256: upload.sha256,
    parts: parts.map(({ number }) => number),
    createdAt: iso(upload.created_at),
  };
}

async function findAsked(c: C): Promise<Result<UploadRow, Problem>> {
  const query = readQuery(c.req.url, NoQuery);
  return query.ok ? findUploadById(c.var.ctx, c.req.param("id") ?? "") : query;
}

export async function findUploadById(ctx: ProducerContext, id: string): Promise<Result<UploadRow, Problem>> {
  const upload = await readUpload(ctx.db, ctx.config.target, id);
  return upload ? ok(upload) : fail(noUpload(id));
}

/** As `uploadId` names it in place of a body: whole. */
export async function findCompleted(ctx: ProducerContext, id: string): Promise<Result<UploadRow, Problem>> {
  const upload = await findUploadById(ctx, id);
  if (!upload.ok || upload.value.state !== "open") return upload;
  return fail(wrongState("completed", "open"));
}

function readNumber(text: string, last: number): Result<number, Problem> {
  const number = whole(1, last).safeParse(text);
  return number.success ? ok(number.data) : fail(wrongNumber(text, last));
}

/** R2 has let go of it, or somebody completed it meanwhile: whichever it was, this part has come too late. */
async function goneProblem(ctx: ProducerContext, upload: UploadRow): Promise<Problem> {
  const now = await readUpload(ctx.db, ctx.config.target, upload.id);
  if (now === null) return noUpload(upload.id);
  if (now.state !== "open") return wrongState("open", now.state);
  if ((await ctx.bucket.head(upload.object_key)) !== null) return wrongState("open", "completed");
  await giveUp(ctx, upload);
  return noUpload(upload.id);
}
