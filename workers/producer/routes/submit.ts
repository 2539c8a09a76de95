/**
 * `POST /v1/batches`: the body streams to R2 unparsed, the batch is written down, intake is told. Everything
 * that can be said before the body is read is said before it is read.
 */
import type { Context } from "hono";
import { ulid } from "ulid";
import type { Problem } from "../../../shared/api/contract.ts";
import { problem } from "../../../shared/api/problems.ts";
import { PLATFORM } from "../../../shared/limits.ts";
import { hex } from "../../../shared/media/spool.ts";
import { fail, ok, type Result } from "../../../shared/result.ts";
import { dropReceiving, finishReceiving, insertReceiving } from "../../../shared/store/batch-receive.ts";
import { type BatchRow, readBatchByKey } from "../../../shared/store/batch-views.ts";
import { hasMediaSet } from "../../../shared/store/media-files.ts";
import { statedTooLarge } from "../body.ts";
import { type App, type ProducerContext, tellIntake } from "../context.ts";
import { refuse } from "../problem.ts";
import { declaredBytes, emptyFile, type Received, receiveInto, receiveNowhere } from "../receive.ts";
import { canonicalQuery, readSubmission, type Submission } from "../submit-options.ts";
import { batchView } from "../views/batch.ts";
import { answerBatch, findBatch } from "./batches.ts";

type C = Context<App>;

export async function submitBatch(c: C): Promise<Response> {
  const { ctx } = c.var;
  const request = c.req.raw;
  const asked = await readAsked(ctx, request);
  if (!asked.ok) return refuse(asked.error);
  const { submission, key } = asked.value;
  const earlier = key === null ? null : await readBatchByKey(ctx.db, ctx.config.target, key);
  if (earlier) return answerEarlier(c, earlier, await receiveNowhere(request));
  const batch = await receiveBatch(ctx, request, submission, key);
  if (!batch.ok) return refuse(batch.error);
  const { row, isNew } = batch.value;
  c.header("Location", `/v1/batches/${row.id}`);
  return answerBatch(c, batchView(row), isNew ? 202 : 200);
}

type Asked = { readonly submission: Submission; readonly key: string | null };

/** Everything about the request but its body. */
async function readAsked(ctx: ProducerContext, request: Request): Promise<Result<Asked, Problem>> {
  const contentType = request.headers.get("content-type");
  if (!isCsv(contentType)) return fail(unsupported(contentType));
  const encoding = request.headers.get("content-encoding");
  if (encoding !== null && encoding !== "identity") return fail(compressed(encoding));
  const tooLarge = statedTooLarge(request, PLATFORM.requestBytes);
  if (tooLarge) return fail(tooLarge);
  if (declaredBytes(request) === 0 || request.body === null) return fail(emptyFile);
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
  return ok({ submission: submission.value, key: key.value });
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

/** Chrome on Windows calls a CSV an Excel sheet, and `fetch` calls any text plain. */
const isCsv = (contentType: string | null): boolean =>
  contentType === null || /^\s*(text\/(csv|plain)|application\/vnd\.ms-excel)\s*(;|$)/i.test(contentType);

const unsupported = (contentType: string | null): Problem =>
  problem(
    "body.unsupported",
    `Expected a CSV file as text/csv, text/plain, application/vnd.ms-excel or without a content type, got ${contentType}.`,
    "Send the rows as CSV with Content-Type: text/csv; JSON and NDJSON are not taken yet.",
    { accepted: ["text/csv", "text/plain", "application/vnd.ms-excel"] },
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
