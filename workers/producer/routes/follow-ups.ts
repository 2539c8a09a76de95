/** Publish later, unpublish, verify: a batch of its own over what another has completed, and what a verify found. */
import type { Context } from "hono";
import { ulid } from "ulid";
import * as z from "zod";
import type { DriftView, Problem } from "../../../shared/api/contract.ts";
import { problem } from "../../../shared/api/problems.ts";
import { type FollowUpKind, PRIORITIES } from "../../../shared/job/batch.ts";
import { jobId } from "../../../shared/job/job.ts";
import { fail, ok, type Result } from "../../../shared/result.ts";
import type { BatchRow } from "../../../shared/store/batch-views.ts";
import { type DriftRow, FOLLOWABLE, insertFollowUp, listDrifts } from "../../../shared/store/follow-ups.ts";
import { type App, type ProducerContext, tellIntake } from "../context.ts";
import type { IntakeState } from "../intake/state.ts";
import { PAGE_QUERY, pageOf, readCursor } from "../paging.ts";
import { refuse } from "../problem.ts";
import { oneOf, readQuery } from "../query.ts";
import { batchView } from "../views/batch.ts";
import { iso } from "../views/time.ts";
import { answerBatch, findBatch } from "./batches.ts";
import { NEXT_FROM } from "./control.ts";

type C = Context<App>;

const BEGINNING: IntakeState = { phase: "check", tries: 0 };

/** 202 with the new batch; 200 with the one that is open already, so that asking twice does it once. */
export const followUpBatch = (kind: FollowUpKind) =>
  async function followUp(c: C): Promise<Response> {
    const { ctx } = c.var;
    const query = readQuery(c.req.url, z.object({ priority: oneOf(PRIORITIES).optional() }));
    if (!query.ok) return refuse(query.error);
    const source = await findSource(ctx, c.req.param("id") ?? "");
    if (!source.ok) return refuse(source.error);
    if (!FOLLOWABLE.includes(source.value.state)) return refuse(notYet(kind, source.value));
    const begun = await insertFollowUp(ctx.db, {
      id: `bat_${ulid(ctx.now())}`,
      target: ctx.config.target,
      sourceId: source.value.id,
      kind,
      priority: query.value.priority ?? null,
      intakeState: JSON.stringify(BEGINNING),
      now: ctx.now(),
    });
    const { isNew, open } = begun;
    if (open === null) return refuse(notYet(kind, source.value));
    if (open.kind !== kind) return refuse(oppositeOpen(kind, open));
    if (isNew) {
      ctx.log.info(`batch.${kind}`, { batchId: open.id, sourceId: source.value.id, by: c.var.caller.name });
      await tellIntake(ctx, open.id);
    }
    const batch = await findBatch(ctx, open.id);
    if (!batch.ok) return refuse(batch.error);
    c.header("Location", `/v1/batches/${open.id}`);
    return answerBatch(c, batchView(batch.value), isNew ? 202 : 200);
  };

/** Whoever names a follow-up means the rows that it is about. */
async function findSource(ctx: ProducerContext, id: string): Promise<Result<BatchRow, Problem>> {
  const named = await findBatch(ctx, id);
  if (!named.ok || named.value.source_batch === null) return named;
  return findBatch(ctx, named.value.source_batch);
}

const notYet = (kind: FollowUpKind, { state }: BatchRow): Problem =>
  problem(
    "batch.wrong_state",
    `To ${kind}, a batch must be ${FOLLOWABLE.join(" or ")}; this one is ${state}.`,
    NEXT_FROM[state],
    { expected: FOLLOWABLE, got: state },
  );

const oppositeOpen = (kind: FollowUpKind, open: { id: string; kind: FollowUpKind }): Problem =>
  problem(
    "batch.opposite_open",
    `Expected no ${open.kind} of this batch under way, got ${open.id}.`,
    `Wait until it is finished, or cancel it (\`npx --no mintline cancel ${open.id}\`); then ${kind}.`,
    { batchId: open.id },
  );

export async function getDrifts(c: C): Promise<Response> {
  const { ctx } = c.var;
  const query = readQuery(c.req.url, z.object(PAGE_QUERY));
  if (!query.ok) return refuse(query.error);
  const { limit } = query.value;
  const after = readCursor(query.value.cursor, z.tuple([z.number(), z.string()]), [-1, ""]);
  if (!after.ok) return refuse(after.error);
  const batch = await findBatch(ctx, c.req.param("id") ?? "");
  if (!batch.ok) return refuse(batch.error);
  const verify = verifyOf(batch.value);
  if (!verify.ok) return refuse(verify.error);
  const rows = await listDrifts(ctx.db, { batchId: verify.value, after: after.value, limit: limit + 1 });
  return c.json(pageOf(rows, limit, driftView, ({ line, field }) => [line, field]));
}

function verifyOf({ id, kind, verify_batch: latest }: BatchRow): Result<string, Problem> {
  if (kind === "verify") return ok(id);
  if (latest !== null) return ok(latest);
  return fail(
    problem(
      "batch.not_verified",
      `Batch ${id} was never verified.`,
      `\`npx --no mintline verify ${id}\` (POST /v1/batches/${id}/verify) reads back what it made.`,
    ),
  );
}

const driftView = ({ batch_id, line, token_id, found_at, ...row }: DriftRow): DriftView => ({
  ...row,
  jobId: line === 0 ? null : jobId({ batchId: batch_id, line }),
  line,
  tokenId: token_id,
  foundAt: iso(found_at),
});
