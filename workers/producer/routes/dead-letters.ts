/** Dead letters: finding them, reading one in full, putting them back to work. */
import type { Context } from "hono";
import { ulid } from "ulid";
import * as z from "zod";
import { type Problem, type Replay, ReplayRequest } from "../../../shared/api/contract.ts";
import { problem } from "../../../shared/api/problems.ts";
import { type JobKey, parseJobId } from "../../../shared/job/job.ts";
import { fail, ok, type Result } from "../../../shared/result.ts";
import {
  DEAD_LETTER_STATES,
  type DeadLetterFilter,
  listDeadLetters,
  readDeadLetter,
} from "../../../shared/store/dead-letters.ts";
import { countReplayable, readReplay, replayJobs } from "../../../shared/store/replays.ts";
import { readJson } from "../body.ts";
import { type App, dispatchNow } from "../context.ts";
import { PAGE_QUERY, pageOf, readCursor } from "../paging.ts";
import { notFound, refuse } from "../problem.ts";
import { NoQuery, oneOf, readQuery, textUpTo, time, whole } from "../query.ts";
import { deadLetterDetailView, deadLetterView, replayView } from "../views/dead-letter.ts";

type C = Context<App>;

const ListQuery = z.object({
  ...PAGE_QUERY,
  /** Who looks for dead letters looks for those that wait for somebody. */
  state: oneOf(DEAD_LETTER_STATES).default("open"),
  batchId: textUpTo(100).optional(),
  step: textUpTo(100).optional(),
  code: textUpTo(100).optional(),
  httpStatus: whole(100, 599).optional(),
  host: textUpTo(300).optional(),
  line: whole(1, 1_000_000_000).optional(),
  since: time.optional(),
  until: time.optional(),
  q: textUpTo(200).optional(),
});

export async function getDeadLetters(c: C): Promise<Response> {
  const { ctx } = c.var;
  const query = readQuery(c.req.url, ListQuery);
  if (!query.ok) return refuse(query.error);
  const { limit, cursor, state, ...filter } = query.value;
  const before = readCursor(cursor, z.number().int().nullable(), null);
  if (!before.ok) return refuse(before.error);
  const { target } = ctx.config;
  const rows = await listDeadLetters(ctx.db, {
    target,
    state,
    filter,
    before: before.value,
    limit: limit + 1,
  });
  return c.json(pageOf(rows, limit, deadLetterView, (row) => row.id));
}

export async function getDeadLetter(c: C): Promise<Response> {
  const { ctx } = c.var;
  const query = readQuery(c.req.url, NoQuery);
  if (!query.ok) return refuse(query.error);
  const id = c.req.param("jobId") ?? "";
  const key = parseJobId(id);
  const row = key && (await readDeadLetter(ctx.db, ctx.config.target, key));
  return row ? c.json(deadLetterDetailView(row)) : refuse(notFound("dead_letter.not_found", id));
}

export async function replayDeadLetters(c: C): Promise<Response> {
  const { ctx } = c.var;
  const { target } = ctx.config;
  const query = readQuery(c.req.url, NoQuery);
  if (!query.ok) return refuse(query.error);
  const body = await readJson(c.req.raw, ReplayRequest);
  if (!body.ok) return refuse(body.error);
  const filter = toFilter(body.value.filter);
  if (!filter.ok) return refuse(filter.error);
  const { selected, cancelled, newestLetter } = await countReplayable(ctx.db, target, filter.value);
  // A filter over many batches leaves out the cancelled ones; who names one is told.
  if (cancelled > 0 && (filter.value.batchId !== undefined || filter.value.jobs !== undefined)) {
    return refuse(batchCancelled(cancelled));
  }
  if (body.value.dryRun === true) return c.json(plannedReplay(selected));
  const id = `rep_${ulid(ctx.now())}`;
  const replayed = await replayJobs(ctx.db, {
    id,
    target,
    filter: filter.value,
    newestLetter,
    now: ctx.now(),
  });
  ctx.log.info("dead_letters.replayed", { replayId: id, selected: replayed, by: c.var.caller.name });
  c.executionCtx.waitUntil(dispatchNow(ctx));
  c.header("Location", `/v1/replays/${id}`);
  const row = { id, selected: replayed, done: 0, completed: 0, deadAgain: 0 };
  return c.json(replayView(row), 202);
}

export async function getReplay(c: C): Promise<Response> {
  const { ctx } = c.var;
  const query = readQuery(c.req.url, NoQuery);
  if (!query.ok) return refuse(query.error);
  const id = c.req.param("id") ?? "";
  const row = await readReplay(ctx.db, ctx.config.target, id);
  return row ? c.json(replayView(row)) : refuse(notFound("replay.not_found", id));
}

function toFilter({ jobIds, ...filter }: ReplayRequest["filter"]): Result<DeadLetterFilter, Problem> {
  if (jobIds === undefined) return ok(filter);
  const jobs: JobKey[] = [];
  for (const id of jobIds) {
    const key = parseJobId(id);
    if (key === null) return fail(notJobId(id));
    jobs.push(key);
  }
  return ok({ ...filter, jobs });
}

const plannedReplay = (selected: number): Replay => ({
  id: null,
  state: "planned",
  selected,
  done: 0,
  completed: 0,
  deadAgain: 0,
});

const notJobId = (id: string): Problem =>
  problem(
    "body.invalid",
    `In filter.jobIds: expected job ids such as bat_01J…:17, got ${JSON.stringify(id)}.`,
    "Take the `jobId` of the dead letters as GET /v1/dead-letters shows them.",
  );

const batchCancelled = (letters: number): Problem =>
  problem(
    "batch.cancelled",
    `${letters} of the dead letters belong to a cancelled batch, whose jobs are never run again.`,
    "Submit the rows again as a new batch: what was published counts as unchanged.",
    { cancelled: letters },
  );
