/** Replays: dead letters put back to work, as objects that can be watched and aborted. */
import type { Context } from "hono";
import { ulid } from "ulid";
import * as z from "zod";
import { type Problem, type Replay, ReplayRequest } from "../../../shared/api/contract.ts";
import { problem } from "../../../shared/api/problems.ts";
import { abortReplay } from "../../../shared/store/replay-jobs.ts";
import { countResting, readReplay } from "../../../shared/store/replay-progress.ts";
import {
  countReplayable,
  listReplays,
  type ReplayRow,
  selectionBounds,
  selectReplay,
} from "../../../shared/store/replays.ts";
import { readJson } from "../body.ts";
import { type App, dispatchNow, type ProducerContext } from "../context.ts";
import { PAGE_QUERY, pageOf, readCursor } from "../paging.ts";
import { notFound, refuse } from "../problem.ts";
import { NoQuery, readQuery } from "../query.ts";
import { runReplay } from "../replay.ts";
import { replayView } from "../views/dead-letter.ts";
import { toFilter } from "./dead-letters.ts";

type C = Context<App>;

/**
 * Freezes the selection and puts the first of it back; the rest goes on by messages, so that the answer does not wait
 * for a hundred thousand jobs.
 */
export async function replayDeadLetters(c: C): Promise<Response> {
  const { ctx } = c.var;
  const { target } = ctx.config;
  const query = readQuery(c.req.url, NoQuery);
  if (!query.ok) return refuse(query.error);
  const body = await readJson(c.req.raw, ReplayRequest);
  if (!body.ok) return refuse(body.error);
  const { dryRun, perSecond = null } = body.value;
  const filter = toFilter(body.value.filter);
  if (!filter.ok) return refuse(filter.error);
  const bounds = dryRun === true ? null : await selectionBounds(ctx.db, target, filter.value);
  const counted = bounds === null ? await countReplayable(ctx.db, target, filter.value) : null;
  // A filter over many batches leaves out the cancelled ones; who names one is told.
  const isNamed = filter.value.batchId !== undefined || filter.value.jobs !== undefined;
  if (counted && counted.cancelled > 0 && isNamed) return refuse(batchCancelled(counted.cancelled));
  if (counted && dryRun === true) return c.json(plannedReplay(counted.selected, perSecond));
  const { oldestLetter, newestLetter } = bounds ?? counted ?? { oldestLetter: 0, newestLetter: 0 };
  const id = `rep_${ulid(ctx.now())}`;
  const by = c.var.caller.name;
  const selection = { id, target, filter: filter.value, oldestLetter, newestLetter, perSecond, by };
  const selected = await selectReplay(ctx.db, { ...selection, now: ctx.now() });
  ctx.log.info("dead_letters.replayed", { replayId: id, selected, by });
  await runReplay(ctx, id, "first");
  c.executionCtx.waitUntil(dispatchNow(ctx));
  c.header("Location", `/v1/replays/${id}`);
  const row = await readReplay(ctx.db, target, id, ctx.now());
  return row ? c.json(await viewOf(ctx, row), 202) : refuse(notFound("replay.not_found", id));
}

export async function getReplays(c: C): Promise<Response> {
  const { ctx } = c.var;
  const query = readQuery(c.req.url, z.object(PAGE_QUERY));
  if (!query.ok) return refuse(query.error);
  const { limit, cursor } = query.value;
  const before = readCursor(cursor, z.string().nullable(), null);
  if (!before.ok) return refuse(before.error);
  const rows = await listReplays(ctx.db, {
    target: ctx.config.target,
    before: before.value,
    limit: limit + 1,
  });
  const now = ctx.now();
  return c.json(
    pageOf(
      rows,
      limit,
      (row) => replayView(row, 0, now),
      (row) => row.id,
    ),
  );
}

export async function getReplay(c: C): Promise<Response> {
  const { ctx } = c.var;
  const query = readQuery(c.req.url, NoQuery);
  if (!query.ok) return refuse(query.error);
  const id = c.req.param("id") ?? "";
  const row = await readReplay(ctx.db, ctx.config.target, id, ctx.now());
  return row ? c.json(await viewOf(ctx, row)) : refuse(notFound("replay.not_found", id));
}

/** Aborting twice is aborting once; a replay that is over cannot be. */
export async function postReplayAbort(c: C): Promise<Response> {
  const { ctx } = c.var;
  const { target } = ctx.config;
  const query = readQuery(c.req.url, NoQuery);
  if (!query.ok) return refuse(query.error);
  const id = c.req.param("id") ?? "";
  // One whose last job ended a moment ago is over, also if nobody has asked since.
  const before = await readReplay(ctx.db, target, id, ctx.now());
  if (before === null) return refuse(notFound("replay.not_found", id));
  const aborted = await abortReplay(ctx.db, { id, target, now: ctx.now() });
  if (!aborted) return refuse(replayOver(id));
  ctx.log.info("replay.aborted", { replayId: id, by: c.var.caller.name });
  const row = (await readReplay(ctx.db, target, id, ctx.now())) ?? before;
  return c.json(await viewOf(ctx, row));
}

async function viewOf(ctx: ProducerContext, row: ReplayRow): Promise<Replay> {
  const open = row.put_back - row.completed - row.dead_again - row.cancelled;
  return replayView(row, open > 0 ? await countResting(ctx.db, row.id) : 0, ctx.now());
}

const plannedReplay = (selected: number, perSecond: number | null): Replay => ({
  id: null,
  state: "planned",
  selected,
  waiting: selected,
  done: 0,
  completed: 0,
  deadAgain: 0,
  left: 0,
  resting: 0,
  perSecond,
  ratePerSecond: 0,
  createdAt: null,
  endedAt: null,
});

const batchCancelled = (letters: number): Problem =>
  problem(
    "batch.cancelled",
    `${letters} of the dead letters belong to a cancelled batch, whose jobs are never run again.`,
    "Submit the rows again as a new batch: what was published counts as unchanged.",
    { cancelled: letters },
  );

const replayOver = (id: string): Problem =>
  problem(
    "replay.wrong_state",
    `Replay ${id} is finished: each of its jobs has been done.`,
    "Nothing to abort; look at what died again with `npx --no mintline dead-letters`.",
    { got: "finished" },
  );
