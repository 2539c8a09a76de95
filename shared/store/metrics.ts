/**
 * What a monitor asks every few seconds: only batches that are not over, by the index of their states, so the price
 * is that of what is under way and never of what has been.
 */
import * as z from "zod";
import { BATCH_STATES, PRIORITIES, WAITING_REASONS } from "../job/batch.ts";
import { type Db, sql } from "./db.ts";

/** More batches at once than this are not told apart; more open dead letters are not counted. */
export const METRICS_BATCHES = 200;
export const METRICS_LETTERS = 1_000;

const LiveBatch = z.object({
  state: z.enum(BATCH_STATES),
  priority: z.enum(PRIORITIES),
  pending: z.number(),
  queued: z.number(),
  running: z.number(),
  retryable: z.number(),
  snoozed: z.number(),
  completed: z.number(),
  dead: z.number(),
  cancelled: z.number(),
  rate_per_second: z.number(),
  waiting: z.enum(WAITING_REASONS).nullable(),
});
export type LiveBatch = z.infer<typeof LiveBatch>;

export type MetricsReading = {
  readonly batches: readonly LiveBatch[];
  readonly holds: readonly string[];
  /** At most METRICS_LETTERS. */
  readonly openLetters: number;
  readonly refreshes: number;
};

export async function readMetrics(db: Db, target: string): Promise<MetricsReading> {
  const [batches, holds, letters, refreshes] = await db.batch([
    sql(
      `SELECT state, priority, pending, queued, running, retryable, snoozed, completed, dead, cancelled,
         rate_per_second, waiting ->> '$.reason' AS waiting
       FROM batches WHERE target = ?1 AND state IN ('receiving', 'validating', 'running', 'paused', 'halted')
       LIMIT ${METRICS_BATCHES}`,
      target,
    ),
    sql("SELECT reason FROM holds WHERE target = ?1", target),
    sql(
      `SELECT count(*) AS n FROM (SELECT 1 FROM dead_letters INDEXED BY dead_letters_open
         WHERE state = 'open' AND target = ?1 LIMIT ${METRICS_LETTERS})`,
      target,
    ),
    sql("SELECT count(*) AS n FROM refreshes WHERE target = ?1 AND state = 'running'", target),
  ]);
  return {
    batches: (batches?.rows ?? []).map((row) => LiveBatch.parse(row)),
    holds: (holds?.rows ?? []).map((row) => String(row.reason)),
    openLetters: Number(letters?.rows[0]?.n ?? 0),
    refreshes: Number(refreshes?.rows[0]?.n ?? 0),
  };
}
