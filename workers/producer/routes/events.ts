/** A batch as server-sent events: `batch` whenever it looks different, `end` when nothing can change any more. */
import type { Context } from "hono";
import { type SSEStreamingApi, streamSSE } from "hono/streaming";
import type { Batch } from "../../../shared/api/contract.ts";
import { LIMITS } from "../../../shared/limits.ts";
import type { BatchRow } from "../../../shared/store/batch-views.ts";
import type { App, ProducerContext } from "../context.ts";
import { refuse } from "../problem.ts";
import { NoQuery, readQuery } from "../query.ts";
import { batchView, isMoving } from "../views/batch.ts";
import { findBatch } from "./batches.ts";

/**
 * The id of an event says what the batch looked like, so `Last-Event-ID` needs no memory here: whoever comes back
 * hears of it only if it looks different now. What happened in between is not told again; a Batch is the whole truth.
 */
export async function getBatchEvents(c: Context<App>): Promise<Response> {
  const { ctx } = c.var;
  const query = readQuery(c.req.url, NoQuery);
  if (!query.ok) return refuse(query.error);
  const id = c.req.param("id") ?? "";
  const first = await findBatch(ctx, id);
  if (!first.ok) return refuse(first.error);
  const seen = c.req.header("last-event-id") ?? null;
  return streamSSE(c, (stream) => follow(stream, id, first.value, seen, ctx));
}

async function follow(
  stream: SSEStreamingApi,
  id: string,
  first: BatchRow,
  seen: string | null,
  ctx: ProducerContext,
): Promise<void> {
  const startedAt = ctx.now();
  let row: BatchRow | null = first;
  let version = seen;
  let saidAt = startedAt;
  // Longer, and the isolate keeps a reader for ever; the client comes back by itself and misses nothing.
  while (row !== null && !stream.aborted && ctx.now() - startedAt < LIMITS.eventsMs) {
    const batch: Batch = batchView(row);
    const now = await versionOf(batch);
    if (now !== version) {
      await stream.writeSSE({
        event: "batch",
        id: now,
        data: JSON.stringify(batch),
        retry: LIMITS.eventsEveryMs,
      });
      [version, saidAt] = [now, ctx.now()];
    }
    if (isOver(batch))
      return stream.writeSSE({ event: "end", id: now, data: JSON.stringify({ state: batch.state }) });
    if (ctx.now() - saidAt >= LIMITS.eventsSilenceMs) {
      await stream.write(":\n\n");
      saidAt = ctx.now();
    }
    await stream.sleep(isMoving(batch) ? LIMITS.eventsEveryMs : LIMITS.eventsRestingMs);
    row = await latest(ctx, id);
  }
}

const isOver = (batch: Batch): boolean => batch.finishedAt !== null && !isMoving(batch);

const versionOf = async (batch: Batch): Promise<string> => {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(JSON.stringify(batch)));
  return Buffer.from(digest, 0, 9).toString("base64url");
};

/** What any listener of this isolate read last. Only rows are shared, never work: that belongs to its request. */
const recent = new Map<string, { at: number; row: BatchRow | null }>();

/** So that a hundred listeners of a batch cost D1 what one does. @returns null: the batch is gone. */
async function latest(ctx: ProducerContext, id: string): Promise<BatchRow | null> {
  const known = recent.get(id);
  if (known && ctx.now() - known.at < LIMITS.eventsEveryMs * 0.9) return known.row;
  // Taken before the answer is there: those who come meanwhile must not all ask as well.
  if (known) known.at = ctx.now();
  const found = await findBatch(ctx, id);
  const row = found.ok ? found.value : null;
  for (const [key, { at }] of recent) if (ctx.now() - at > LIMITS.eventsSilenceMs) recent.delete(key);
  recent.set(id, { at: ctx.now(), row });
  return row;
}
