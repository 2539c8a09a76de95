/** Dead letters: finding them, by cause or one by one, and setting aside those that nobody will replay. */
import type { Context } from "hono";
import * as z from "zod";
import {
  type DeadLetterSelection,
  type Discard,
  DiscardRequest,
  type Problem,
} from "../../../shared/api/contract.ts";
import { problem } from "../../../shared/api/problems.ts";
import { type JobKey, parseJobId } from "../../../shared/job/job.ts";
import { fail, ok, type Result } from "../../../shared/result.ts";
import { DEAD_LETTER_STATES, type DeadLetterFilter } from "../../../shared/store/dead-letter-filter.ts";
import { groupDeadLetters } from "../../../shared/store/dead-letter-groups.ts";
import { listDeadLetters } from "../../../shared/store/dead-letters.ts";
import { countDiscardable, discardLetters } from "../../../shared/store/discards.ts";
import { readJson } from "../body.ts";
import type { App } from "../context.ts";
import { readDetail } from "../edits/detail.ts";
import { PAGE_QUERY, pageOf, readCursor } from "../paging.ts";
import { notFound, refuse } from "../problem.ts";
import { NoQuery, oneOf, readQuery, textUpTo, time, whole } from "../query.ts";
import { deadLetterGroupView, deadLetterView } from "../views/dead-letter.ts";

type C = Context<App>;

const ListQuery = z.object({
  ...PAGE_QUERY,
  /** Who looks for dead letters looks for those that wait for somebody. */
  state: oneOf(DEAD_LETTER_STATES).default("open"),
  batchId: textUpTo(100).optional(),
  step: textUpTo(100).optional(),
  code: textUpTo(100).optional(),
  fingerprint: textUpTo(500).optional(),
  httpStatus: whole(100, 599).optional(),
  host: textUpTo(300).optional(),
  line: whole(1, 1_000_000_000).optional(),
  since: time.optional(),
  until: time.optional(),
  q: textUpTo(200).optional(),
});

const LetterCursor = z.tuple([z.number(), z.number()]).nullable();
const GroupCursor = z.tuple([z.number(), z.string()]).nullable();

export async function getDeadLetters(c: C): Promise<Response> {
  const { ctx } = c.var;
  const query = readQuery(c.req.url, ListQuery);
  if (!query.ok) return refuse(query.error);
  const { limit, cursor, state, ...filter } = query.value;
  const after = readCursor(cursor, LetterCursor, null);
  if (!after.ok) return refuse(after.error);
  const { target } = ctx.config;
  const rows = await listDeadLetters(ctx.db, { target, state, filter, after: after.value, limit: limit + 1 });
  return c.json(pageOf(rows, limit, deadLetterView, (row) => [row.created_at, row.id]));
}

export async function getDeadLetterGroups(c: C): Promise<Response> {
  const { ctx } = c.var;
  const query = readQuery(c.req.url, ListQuery);
  if (!query.ok) return refuse(query.error);
  const { limit, cursor, state, ...filter } = query.value;
  const after = readCursor(cursor, GroupCursor, null);
  if (!after.ok) return refuse(after.error);
  const { target } = ctx.config;
  const rows = await groupDeadLetters(ctx.db, {
    target,
    state,
    filter,
    after: after.value,
    limit: limit + 1,
  });
  return c.json(pageOf(rows, limit, deadLetterGroupView, (row) => [row.n, row.fingerprint]));
}

export async function getDeadLetter(c: C): Promise<Response> {
  const { ctx } = c.var;
  const query = readQuery(c.req.url, NoQuery);
  if (!query.ok) return refuse(query.error);
  const id = c.req.param("jobId") ?? "";
  const key = parseJobId(id);
  const detail = key && (await readDetail(ctx, key));
  return detail ? c.json(detail) : refuse(notFound("dead_letter.not_found", id));
}

/** They are kept, and shown with `state=discarded`; their jobs stay dead, and in the file of failed rows. */
export async function discardDeadLetters(c: C): Promise<Response> {
  const { ctx } = c.var;
  const { target } = ctx.config;
  const query = readQuery(c.req.url, NoQuery);
  if (!query.ok) return refuse(query.error);
  const body = await readJson(c.req.raw, DiscardRequest);
  if (!body.ok) return refuse(body.error);
  const filter = toFilter(body.value.filter);
  if (!filter.ok) return refuse(filter.error);
  const { n, oldest, newest } = await countDiscardable(ctx.db, target, filter.value);
  const given = { target, filter: filter.value, oldest, newest };
  const discarded = body.value.dryRun === true ? 0 : await discardLetters(ctx.db, given);
  if (discarded > 0) {
    const by = c.var.caller.name;
    ctx.log.info("dead_letters.discarded", { discarded, filter: body.value.filter, by });
  }
  return c.json({ selected: n, discarded } satisfies Discard);
}

/** The filter of a request as the store takes it. */
export function toFilter({
  jobIds,
  since,
  until,
  ...filter
}: DeadLetterSelection): Result<DeadLetterFilter, Problem> {
  const times = {
    ...(since === undefined ? {} : { since: Date.parse(since) }),
    ...(until === undefined ? {} : { until: Date.parse(until) }),
  };
  if (jobIds === undefined) return ok({ ...filter, ...times });
  const jobs: JobKey[] = [];
  for (const id of jobIds) {
    const key = parseJobId(id);
    if (key === null) return fail(notJobId(id));
    jobs.push(key);
  }
  return ok({ ...filter, ...times, jobs });
}

const notJobId = (id: string): Problem =>
  problem(
    "body.invalid",
    `In filter.jobIds: expected job ids such as bat_01J…:17, got ${JSON.stringify(id)}.`,
    "Take the `jobId` of the dead letters as GET /v1/dead-letters shows them.",
  );
