/** Batches as people read them, with their jobs and what validation found. */
import type { Context } from "hono";
import * as z from "zod";
import type { Batch, Problem, RowProblem } from "../../../shared/api/contract.ts";
import { JOB_STATES, parseJobId, STEPS } from "../../../shared/job/job.ts";
import { fail, ok, type Result } from "../../../shared/result.ts";
import { type BatchRow, listBatches, readBatch } from "../../../shared/store/batch-views.ts";
import { listJobs, readJob } from "../../../shared/store/job-views.ts";
import { listRowErrors, type RowErrorRow } from "../../../shared/store/row-errors.ts";
import type { App, ProducerContext } from "../context.ts";
import { PAGE_QUERY, pageOf, readCursor } from "../paging.ts";
import { notFound, refuse } from "../problem.ts";
import { NoQuery, oneOf, readQuery } from "../query.ts";
import { askAgainSeconds, batchView } from "../views/batch.ts";
import { jobView } from "../views/job.ts";

type C = Context<App>;

export async function getBatches(c: C): Promise<Response> {
  const { ctx } = c.var;
  const query = readQuery(c.req.url, z.object(PAGE_QUERY));
  if (!query.ok) return refuse(query.error);
  const before = readCursor(query.value.cursor, z.string().nullable(), null);
  if (!before.ok) return refuse(before.error);
  const { limit } = query.value;
  const rows = await listBatches(ctx.db, {
    target: ctx.config.target,
    before: before.value,
    limit: limit + 1,
  });
  return c.json(pageOf(rows, limit, batchView, (row) => row.id));
}

export async function getBatch(c: C): Promise<Response> {
  const query = readQuery(c.req.url, NoQuery);
  if (!query.ok) return refuse(query.error);
  const row = await findBatch(c.var.ctx, c.req.param("id") ?? "");
  return row.ok ? answerBatch(c, batchView(row.value)) : refuse(row.error);
}

/** A Batch as every route answers it, saying when to ask again. */
export function answerBatch(c: C, batch: Batch, status: 200 | 202 = 200): Response {
  const seconds = askAgainSeconds(batch, c.var.ctx.now());
  if (seconds !== null) c.header("Retry-After", String(seconds));
  return c.json(batch, status);
}

const JobsQuery = z.object({
  ...PAGE_QUERY,
  state: oneOf(JOB_STATES).optional(),
  step: oneOf(STEPS).optional(),
});

export async function getBatchJobs(c: C): Promise<Response> {
  const { ctx } = c.var;
  const query = readQuery(c.req.url, JobsQuery);
  if (!query.ok) return refuse(query.error);
  const { limit, state = null, step = null } = query.value;
  const after = readCursor(query.value.cursor, z.number().int(), 0);
  if (!after.ok) return refuse(after.error);
  const batch = await findBatch(ctx, c.req.param("id") ?? "");
  if (!batch.ok) return refuse(batch.error);
  // The batch's own count says for nothing what a walk through a million rows would.
  const none = state !== null && batch.value[state] === 0;
  const rows = none
    ? []
    : await listJobs(ctx.db, {
        target: ctx.config.target,
        batchId: batch.value.id,
        afterLine: after.value,
        state,
        step,
        limit: limit + 1,
      });
  return c.json(
    pageOf(
      rows,
      limit,
      (row) => jobView(ctx.config, row),
      (row) => row.line,
    ),
  );
}

export async function getBatchErrors(c: C): Promise<Response> {
  const { ctx } = c.var;
  const query = readQuery(c.req.url, z.object(PAGE_QUERY));
  if (!query.ok) return refuse(query.error);
  const { limit } = query.value;
  const place = readCursor(query.value.cursor, z.tuple([z.number(), z.string(), z.string()]), [-1, "", ""]);
  if (!place.ok) return refuse(place.error);
  const batch = await findBatch(ctx, c.req.param("id") ?? "");
  if (!batch.ok) return refuse(batch.error);
  const rows = await listRowErrors(ctx.db, { batchId: batch.value.id, after: place.value, limit: limit + 1 });
  return c.json(pageOf(rows, limit, rowProblemView, ({ line, col, code }) => [line, col, code]));
}

const rowProblemView = ({ col, ...row }: RowErrorRow): RowProblem => ({ ...row, column: col });

export async function getJob(c: C): Promise<Response> {
  const { ctx } = c.var;
  const query = readQuery(c.req.url, NoQuery);
  if (!query.ok) return refuse(query.error);
  const id = c.req.param("id") ?? "";
  const key = parseJobId(id);
  const row = key && (await readJob(ctx.db, ctx.config.target, key));
  return row ? c.json(jobView(ctx.config, row)) : refuse(notFound("job.not_found", id));
}

export async function findBatch(ctx: ProducerContext, id: string): Promise<Result<BatchRow, Problem>> {
  const row = await readBatch(ctx.db, ctx.config.target, id);
  return row ? ok(row) : fail(notFound("batch.not_found", id));
}
