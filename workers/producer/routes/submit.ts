/**
 * `POST /v1/batches`: the body streams to R2 unparsed, the batch is written down, intake is told. Everything
 * that can be said before the body is read is said before it is read.
 */
import type { Context } from "hono";
import { ulid } from "ulid";
import type { Problem } from "../../../shared/api/contract.ts";
import { problem } from "../../../shared/api/problems.ts";
import { isRowType, ROW_TYPES } from "../../../shared/intake/syntax.ts";
import { hex } from "../../../shared/media/spool.ts";
import { fail, ok, type Result } from "../../../shared/result.ts";
import { dropReceiving, finishReceiving, insertReceiving } from "../../../shared/store/batch-receive.ts";
import { type BatchRow, readBatchByKey } from "../../../shared/store/batch-views.ts";
import { hasMediaSet } from "../../../shared/store/media-files.ts";
import { insertUploadedBatch } from "../../../shared/store/uploads.ts";
import { readUpTo, statedTooLarge } from "../body.ts";
import { type App, type ProducerContext, tellIntake } from "../context.ts";
import { refuse } from "../problem.ts";
import { declaredBytes, emptyFile, type Received, receiveInto, receiveNowhere } from "../receive.ts";
import { canonicalQuery, readSubmission, type Submission } from "../submit-options.ts";
import { bodyBesideUpload, noUpload, wrongState } from "../uploads/problems.ts";
import { batchView } from "../views/batch.ts";
import { answerBatch, findBatch } from "./batches.ts";
import { findCompleted } from "./uploads.ts";

type C = Context<App>;

export async function submitBatch(c: C): Promise<Response> {
  const { ctx } = c.var;
  const request = c.req.raw;
  const asked = await readAsked(ctx, request);
  if (!asked.ok) return refuse(asked.error);
  const { submission, key, upload } = asked.value;
  const earlier = key === null ? null : await readBatchByKey(ctx.db, ctx.config.target, key);
  if (earlier) return answerEarlier(c, earlier, upload ? ok(upload) : await receiveNowhere(request));
  const batch = upload
    ? await adoptUpload(ctx, request, asked.value, upload)
    : await receiveBatch(ctx, request, submission, key);
  if (!batch.ok) return refuse(batch.error);
  const { row, isNew } = batch.value;
  c.header("Location", `/v1/batches/${row.id}`);
  return answerBatch(c, batchView(row), isNew ? 202 : 200);
}

type Asked = {
  readonly submission: Submission;
  readonly key: string | null;
  /** The file, where it came before in parts. */
  readonly upload: Uploaded | null;
};
type Uploaded = Received & { readonly id: string };

/** Everything about the request but its body. */
async function readAsked(ctx: ProducerContext, request: Request): Promise<Result<Asked, Problem>> {
  const contentType = request.headers.get("content-type");
  if (!isRowType(contentType)) return fail(unsupported(contentType));
  const encoding = request.headers.get("content-encoding");
  if (encoding !== null && encoding !== "identity") return fail(compressed(encoding));
  const tooLarge = statedTooLarge(request);
  if (tooLarge) return fail(tooLarge);
  const key = readKey(request.headers.get("idempotency-key"));
  if (!key.ok) return key;
  const submission = readSubmission(new URL(request.url).searchParams, {
    contentType,
    defaultCollectionId: ctx.config.collectionId,
  });
  if (!submission.ok) return submission;
  const { mediaSet } = submission.value.options;
  if (mediaSet !== null && !(await hasMediaSet(ctx.db, ctx.config.target, mediaSet))) {
    return fail(noMediaSet(mediaSet));
  }
  const upload = await readUploaded(ctx, request, submission.value.uploadId);
  return upload.ok ? ok({ submission: submission.value, key: key.value, upload: upload.value }) : upload;
}

/** Either a body or an upload: with both, nobody could say which is meant. */
async function readUploaded(
  ctx: ProducerContext,
  request: Request,
  uploadId: string | null,
): Promise<Result<Uploaded | null, Problem>> {
  if (uploadId === null) {
    return declaredBytes(request) === 0 || request.body === null ? fail(emptyFile) : ok(null);
  }
  if ((await readUpTo(request.body, 0)) === null) return fail(bodyBesideUpload);
  const found = await findCompleted(ctx, uploadId);
  if (!found.ok) return found;
  const { id, state, bytes, sha256 } = found.value;
  if (state === "moved" || bytes === null || sha256 === null) return fail(wrongState("completed", state));
  return ok({ id, bytes, sha256 });
}

type NewOrEarlier = { readonly row: BatchRow; readonly isNew: boolean };

async function receiveBatch(
  ctx: ProducerContext,
  request: Request,
  { name, collectionId, options }: Submission,
  key: string | null,
): Promise<Result<NewOrEarlier, Problem>> {
  const { target } = ctx.config;
  const id = `bat_${ulid(ctx.now())}`;
  const sourceKey = `batches/${id}/source`;
  await insertReceiving(ctx.db, {
    id,
    target,
    name: name ?? id,
    collectionId,
    options,
    sourceKey,
    now: ctx.now(),
  });
  const received = await receiveOrDrop(ctx, request, { id, sourceKey });
  if (!received.ok) return received;
  const fingerprint = await fingerprintOf(request, received.value);
  const file = { id, target, idempotencyKey: key, fingerprint, ...received.value, now: ctx.now() };
  const isNew = await finishReceiving(ctx.db, file);
  const winner = isNew || key === null ? null : await readBatchByKey(ctx.db, target, key);
  // A winner of our own id is ourselves: the statement was sent twice because its first answer got lost.
  if (winner && winner.id !== id) {
    await forget(ctx, { id, sourceKey });
    return sameOrMismatch(winner, fingerprint);
  }
  await tellIntake(ctx, id);
  const row = await findBatch(ctx, id);
  return row.ok ? ok({ row: row.value, isNew: true }) : row;
}

/** The batch reads the file where it lies: nothing is received, so nothing can break off. */
async function adoptUpload(
  ctx: ProducerContext,
  request: Request,
  { submission: { name, collectionId, options }, key }: Asked,
  upload: Uploaded,
): Promise<Result<NewOrEarlier, Problem>> {
  const { target } = ctx.config;
  const id = `bat_${ulid(ctx.now())}`;
  const fingerprint = await fingerprintOf(request, upload);
  const batch = { id, target, name: name ?? id, collectionId, options, now: ctx.now() };
  const given = { ...batch, uploadId: upload.id, idempotencyKey: key, fingerprint };
  const isNew = await insertUploadedBatch(ctx.db, given);
  const winner = isNew || key === null ? null : await readBatchByKey(ctx.db, target, key);
  if (winner) return sameOrMismatch(winner, fingerprint);
  if (!isNew) return fail(noUpload(upload.id));
  await tellIntake(ctx, id);
  const row = await findBatch(ctx, id);
  return row.ok ? ok({ row: row.value, isNew: true }) : row;
}

type Place = { readonly id: string; readonly sourceKey: string };

async function receiveOrDrop(
  ctx: ProducerContext,
  request: Request,
  place: Place,
): Promise<Result<Received, Problem>> {
  try {
    const received = await receiveInto(ctx.bucket, place.sourceKey, request);
    if (!received.ok) await dropReceiving(ctx.db, place.id);
    return received;
  } catch (error) {
    await dropReceiving(ctx.db, place.id);
    throw error;
  }
}

async function forget(ctx: ProducerContext, { id, sourceKey }: Place): Promise<void> {
  await dropReceiving(ctx.db, id);
  await ctx.bucket.delete(sourceKey);
}

async function answerEarlier(c: C, earlier: BatchRow, body: Result<Received, Problem>): Promise<Response> {
  if (!body.ok) return refuse(body.error);
  const same = sameOrMismatch(earlier, await fingerprintOf(c.req.raw, body.value));
  if (!same.ok) return refuse(same.error);
  c.header("Location", `/v1/batches/${earlier.id}`);
  return answerBatch(c, batchView(earlier));
}

const sameOrMismatch = (earlier: BatchRow, fingerprint: string): Result<NewOrEarlier, Problem> =>
  earlier.fingerprint === fingerprint
    ? ok({ row: earlier, isNew: false })
    : fail(
        problem(
          "batch.idempotency_mismatch",
          `The Idempotency-Key belongs to batch ${earlier.id}, which was submitted with another query or file.`,
          "Use a new key for a new submission; the same key is for sending the same one again.",
          { batchId: earlier.id },
        ),
      );

async function fingerprintOf(request: Request, { sha256 }: Received): Promise<string> {
  const text = `${canonicalQuery(new URL(request.url).searchParams)}\n${sha256}`;
  return hex(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
}

const unsupported = (contentType: string | null): Problem =>
  problem(
    "body.unsupported",
    `Expected CSV, JSON Lines or JSON (${ROW_TYPES.join(", ")}) or no content type, got ${contentType}.`,
    "Send the rows as CSV with Content-Type: text/csv, as JSON Lines with application/x-ndjson, or as a JSON list with application/json.",
    { accepted: ROW_TYPES },
  );

/** Taken as it is it would be stored compressed, and intake would find no text in it. */
const compressed = (encoding: string): Problem =>
  problem(
    "body.unsupported",
    `Expected the file as it is, got it with Content-Encoding: ${encoding}.`,
    "Send the file uncompressed.",
  );

const noMediaSet = (set: string): Problem =>
  problem(
    "media_set.not_found",
    `There is no media set ${JSON.stringify(set)} with a file in it.`,
    "Put the files into it first (PUT /v1/media-sets/{set}/{fileName}), or submit with `--media DIR`.",
  );

function readKey(given: string | null): Result<string | null, Problem> {
  if (given === null || /^[\x21-\x7e][\x20-\x7e]{0,254}$/.test(given)) return ok(given);
  return fail(
    problem(
      "header.invalid",
      "Idempotency-Key: expected 1 to 255 printable ASCII characters.",
      "Send a short key such as a UUID.",
    ),
  );
}
