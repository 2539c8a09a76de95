/**
 * One message of a refresh: asks Sequence to look at the next tokens again, or asks after the task that does, for a
 * short time, and sends the next message. Where it stands is in D1, so any message goes on from there; a piece that
 * was asked for without anybody recording it is asked for again, which does no harm.
 */
import type { Failure } from "../../../shared/job/failure.ts";
import { LIMITS } from "../../../shared/limits.ts";
import type { Log } from "../../../shared/log.ts";
import type { Indexer } from "../../../shared/sequence/indexer.ts";
import type { Db } from "../../../shared/store/db.ts";
import {
  moveRefresh,
  Place,
  type RefreshMove,
  type RefreshRow,
  readChanged,
  readRefresh,
} from "../../../shared/store/refreshes.ts";

export type RefreshContext = {
  readonly db: Db;
  readonly target: string;
  /** Null: no public key is configured any more. */
  readonly indexer: Indexer | null;
  readonly now: () => number;
  readonly send: (id: string, delaySeconds?: number) => Promise<void>;
  readonly log: Log;
};

const MESSAGE_MS = 2_000;
/** Between two questions after a task. */
const TASK_SECONDS = 2;
/** Failures in a row that may pass; with the waits between them about a quarter of an hour. */
const TRIES = 20;
const LONGEST_WAIT_SECONDS = 60;

export const isRefreshId = (id: string): boolean => id.startsWith("ref_");

/** Null: there is nothing left to do here. */
type Wait = { readonly seconds: number } | "go" | null;

export async function runRefresh(id: string, ctx: RefreshContext): Promise<void> {
  const until = ctx.now() + MESSAGE_MS;
  for (;;) {
    const row = await readRefresh(ctx.db, ctx.target, id);
    if (row === null || row.state !== "running") return;
    const place = Place.parse(JSON.parse(row.place));
    const wait = place.task ? await askAfterTask(row, place, ctx) : await askForPiece(row, place, ctx);
    if (wait === null) return;
    if (wait !== "go") return ctx.send(id, wait.seconds);
    if (ctx.now() >= until) return ctx.send(id);
  }
}

async function askForPiece(row: RefreshRow, place: Place, ctx: RefreshContext): Promise<Wait> {
  if (ctx.indexer === null) return halt(row, place, NO_KEY, ctx);
  const piece = await readChanged(ctx.db, {
    target: ctx.target,
    collectionId: row.collection_id,
    batchId: row.batch_id,
    at: place,
    limit: LIMITS.refreshTokens,
  });
  const contract = place.contracts[place.contract];
  const isLastContract = place.contract + 1 >= place.contracts.length;
  const behind = isLastContract
    ? { contract: 0, batch: piece.batch, line: piece.line }
    : { contract: place.contract + 1, batch: place.batch, line: place.line };
  if (piece.tokenIds.length === 0 || contract === undefined) {
    if (piece.isLast) return move(row, { to: place, end: "finished" }, ctx, null);
    return move(row, { to: { ...place, contract: 0, batch: piece.batch, line: piece.line } }, ctx, "go");
  }
  const { tokenIds } = piece;
  const asked = await ctx.indexer.refreshTokens({ ...contract, tokenIds });
  if (!asked.ok) return failed(row, place, asked.error, ctx);
  const tokens = tokenIds.length;
  if (asked.value === null) {
    return move(row, { to: { ...place, ...behind, tries: 0 }, add: { tokens, done: tokens } }, ctx, "go");
  }
  const task = { id: asked.value, tokens, ...behind };
  return move(row, { to: { ...place, task, tries: 0 }, add: { tokens } }, ctx, "go");
}

async function askAfterTask(row: RefreshRow, place: Place, ctx: RefreshContext): Promise<Wait> {
  const { task } = place;
  if (ctx.indexer === null || task === null) return halt(row, place, NO_KEY, ctx);
  const state = await ctx.indexer.taskState(task.id);
  if (!state.ok) return failed(row, place, state.error, ctx);
  if (state.value === "QUEUED" || state.value === "PAUSED") {
    const moved = await move(row, { to: { ...place, tries: 0 } }, ctx, "go");
    return moved && { seconds: TASK_SECONDS };
  }
  const { id: _id, tokens, ...behind } = task;
  const add = state.value === "DONE" ? { done: tokens } : { failed: tokens };
  return move(row, { to: { ...place, ...behind, task: null, tries: 0 }, add }, ctx, "go");
}

/** What may pass is waited out; an account's fault, a contract that nobody knows or a new one is told to a person. */
async function failed(row: RefreshRow, place: Place, failure: Failure, ctx: RefreshContext): Promise<Wait> {
  const passes = failure.reason === "rate_limited" || failure.reason === "outcome_unknown";
  if (!passes || place.tries + 1 >= TRIES) return halt(row, place, failure, ctx);
  const seconds = failure.retryAfterSeconds ?? Math.min(LONGEST_WAIT_SECONDS, 2 ** place.tries);
  const to = { ...place, tries: place.tries + 1 };
  const moved = await move(row, { to, error: said(failure) }, ctx, "go");
  return moved && { seconds: Math.max(1, Math.ceil(seconds)) };
}

type Said = Pick<Failure, "code" | "message" | "next">;
const said = ({ code, message, next }: Said): Said => ({ code, message, next });

function halt(row: RefreshRow, place: Place, failure: Said, ctx: RefreshContext): Promise<Wait> {
  ctx.log.warn("refresh.halted", { refreshId: row.id, code: failure.code });
  return move(row, { to: place, end: "halted", error: said(failure) }, ctx, null);
}

async function move(
  row: RefreshRow,
  given: Omit<RefreshMove, "now">,
  ctx: RefreshContext,
  then: Wait,
): Promise<Wait> {
  const moved = await moveRefresh(ctx.db, row, { ...given, now: ctx.now() });
  return moved ? then : null;
}

const NO_KEY: Said = {
  code: "refresh.no_public_key",
  message: "Expected PROJECT_ACCESS_KEY, the project's public access key, got none.",
  next: "Set PROJECT_ACCESS_KEY (Builder → Settings → API Keys) and refresh again.",
};
