/** `GET /v1/batches/{id}/results/…`: the rows of a batch as they were submitted, by what became of them. */
import type { Context } from "hono";
import type { Problem } from "../../../shared/api/contract.ts";
import { problem } from "../../../shared/api/problems.ts";
import { planOpening } from "../../../shared/intake/opening.ts";
import type { ByteSource } from "../../../shared/intake/source.ts";
import { type ResultBatch, readResultBatch } from "../../../shared/store/results.ts";
import type { App } from "../context.ts";
import { openR2 } from "../intake/r2-source.ts";
import { readOpening, readState } from "../intake/state.ts";
import { notFound, refuse } from "../problem.ts";
import { NoQuery, readQuery } from "../query.ts";
import { openAgain } from "../results/open.ts";
import { RESULT_KINDS, type ResultKind, validatedTo } from "../results/standing.ts";
import { type ResultFile, resultPieces, writerOf } from "../results/stream.ts";
import { idsAreFinal } from "../results/token-ids.ts";

type C = Context<App>;

export async function getResults(c: C): Promise<Response> {
  const { ctx } = c.var;
  const query = readQuery(c.req.url, NoQuery);
  if (!query.ok) return refuse(query.error);
  const id = c.req.param("id") ?? "";
  const batch = await readResultBatch(ctx.db, ctx.config.target, id);
  if (batch === null) return refuse(notFound("batch.not_found", id));
  if (batch.state === "receiving") return refuse(notReady);
  if (batch.source_key === "") return refuse(noFile(id));
  const source = await openR2(ctx.bucket, batch.source_key);
  if (source === null) return refuse(fileGone(id));
  const [name = "", extension = ""] = (c.req.param("file") ?? "").split(".");
  const kind = RESULT_KINDS.find((one) => one === name) ?? "failed";
  const file = await openResult(batch, source);
  if (file === null) return answer(batch, kind, extension, wholeFile(kind, source));
  const writer = await writerOf(source, file.opening);
  if (writer.extension !== extension) return refuse(otherFormat(kind, writer.extension));
  return answer(batch, kind, extension, resultPieces(ctx, file, kind, writer), writer.contentType);
}

/** Null where nobody can tell the file's rows. */
async function openResult(batch: ResultBatch, source: ByteSource): Promise<ResultFile | null> {
  const { intake_state: state } = batch;
  const known = readOpening(state);
  const opening = known ?? (await openAgain(source, batch.options));
  if (opening === null) return null;
  const { phase } = readState(state);
  const plan = known && planOpening(known, batch.options).plan;
  const to = validatedTo(phase, batch, opening.rows.offset);
  return { batch, source, opening, plan, validatedTo: to, idsAreFinal: idsAreFinal(phase, plan) };
}

/** None of it was processed, and not even a column can be added: it is given back as it came. */
async function* wholeFile(kind: ResultKind, source: ByteSource): AsyncGenerator<Uint8Array> {
  if (kind !== "unprocessed") return;
  const step = 1_000_000;
  for (let at = 0; at < source.size; at += step) yield await source.read(at, step);
}

function answer(
  batch: ResultBatch,
  kind: ResultKind,
  extension: string,
  pieces: AsyncGenerator<Uint8Array>,
  contentType = "application/octet-stream",
): Response {
  const base = batch.name.replace(/\.[^.]*$/, "").replace(/[^\w.-]+/g, "-") || batch.id;
  return new Response(streamOf(pieces), {
    headers: {
      "content-type": contentType,
      "content-disposition": `attachment; filename="${base}-${kind}.${extension}"`,
    },
  });
}

/** A piece at a time, when it is asked for; who stops asking ends the reading. */
const streamOf = (pieces: AsyncGenerator<Uint8Array>): ReadableStream<Uint8Array> =>
  new ReadableStream(
    {
      async pull(controller) {
        for (;;) {
          const next = await pieces.next();
          if (next.done) return controller.close();
          // After an empty one nobody would ask again.
          if (next.value.length > 0) return controller.enqueue(next.value);
        }
      },
      async cancel() {
        await pieces.return(undefined);
      },
    },
    { highWaterMark: 0 },
  );

const noFile = (id: string): Problem =>
  problem(
    "results.no_file",
    `Batch ${id} follows up another one and has no file of its own.`,
    `GET /v1/batches/${id} names that one in sourceId; the results of its file are there, and what became of these rows in GET /v1/batches/${id}/jobs.`,
  );

const notReady: Problem = problem(
  "results.not_ready",
  "The file is still coming in.",
  "Wait until it is here, then ask again.",
);

const fileGone = (id: string): Problem =>
  problem(
    "results.file_gone",
    `The file of batch ${id} is not in R2 any more.`,
    "What became of its rows is in GET /v1/batches/{id}/jobs; submit the file again to have results of it.",
  );

const otherFormat = (kind: ResultKind, extension: string): Problem =>
  problem(
    "results.other_format",
    `The batch was submitted as JSON or CSV, and its results are of the same kind: ${kind}.${extension}.`,
    `Ask for results/${kind}.${extension}: rows are given back as they were submitted, so that they can be sent again.`,
    { available: `${kind}.${extension}` },
  );
