/** Moving jobs from `pending` (recorded) to `queued` (a message is on its way), and finding lost messages. */
import * as z from "zod";
import { BATCH_KINDS, type BatchKind, PRIORITIES, type Priority } from "../job/batch.ts";
import type { JobKey } from "../job/job.ts";
import { type Db, type Row, sql } from "./db.ts";
import { Hold, selectHold } from "./holds.ts";
import { toKey } from "./release.ts";
import { HOST_DOWN } from "./wake.ts";

/** A running batch as dispatch sees it. */
export type DispatchableBatch = {
  readonly id: string;
  readonly kind: BatchKind;
  readonly pending: number;
  readonly queued: number;
  readonly ratePerSecond: number;
  /** Rows a trial may still send; null: no trial. */
  readonly trialLeft: number | null;
  readonly priority: Priority;
};

/** The running batches of a target, the most urgent first and the oldest of those, and what holds them all back. */
export async function listDispatchable(
  db: Db,
  target: string,
): Promise<{ batches: DispatchableBatch[]; hold: Hold | null }> {
  const [batches, holds] = await db.batch([
    sql(
      `SELECT id, kind, pending, queued, rate_per_second, trial_left, priority FROM batches
       WHERE target = ?1 AND state = 'running'
       ORDER BY CASE priority WHEN 'high' THEN 0 WHEN 'low' THEN 2 ELSE 1 END, created_at, id LIMIT 200`,
      target,
    ),
    selectHold(target),
  ]);
  const hold = holds?.rows[0];
  return {
    batches: (batches?.rows ?? []).map(toDispatchable),
    hold: hold ? Hold.parse(hold) : null,
  };
}

const KindColumn = z.enum(BATCH_KINDS);
const PriorityColumn = z.enum(PRIORITIES);

const toDispatchable = (row: Row): DispatchableBatch => ({
  id: String(row.id),
  kind: KindColumn.parse(row.kind),
  pending: Number(row.pending),
  queued: Number(row.queued),
  ratePerSecond: Number(row.rate_per_second),
  trialLeft: row.trial_left === null ? null : Number(row.trial_left),
  priority: PriorityColumn.parse(row.priority),
});

/** The jobs that one send names. ?1 batch, ?2 id of the send. */
const NAMED = `FROM dispatches d
  CROSS JOIN json_each(d.lines) m
  CROSS JOIN jobs j ON j.batch_id = d.batch_id AND j.line = m.value
  WHERE d.batch_id = ?1 AND d.id = ?2`;

/** A send is new, its time still 0, only within the transaction that makes it. */
const IS_NEW = "AND d.sent_at = 0";

/**
 * Marks the next `limit` pending jobs of a running batch as queued and returns their keys. The walk goes by
 * primary key from a line that only release and replay move back: without it one top-up of a batch of a
 * million rows read all of them. The lines are written down first, and everything else is counted from those.
 *
 * A trial's rest is read here and not handed in: of two who dispatch at once both would have read the same.
 * Repeated under one id it moves nothing, so that a repetition after a lost answer cannot carry the cursor past a
 * job that was put back in between, nor send one of a batch that was stopped.
 */
export async function queueJobs(
  db: Db,
  given: { batchId: string; dispatchId: string; now: number; limit: number },
): Promise<JobKey[]> {
  const results = await db.batch([
    sql(
      `INSERT INTO dispatches (batch_id, id, lines, sent_at)
       SELECT ?1, ?2, json_group_array(line), 0 FROM (
         SELECT j.line FROM jobs j WHERE j.batch_id = ?1 AND j.state = 'pending'
           AND j.line >= (SELECT dispatch_line FROM batches WHERE id = ?1 AND state = 'running')
         ORDER BY j.line
         LIMIT coalesce((SELECT max(0, min(?3, coalesce(trial_left, ?3))) FROM batches WHERE id = ?1), 0))
       HAVING count(*) > 0
       ON CONFLICT DO NOTHING`,
      given.batchId,
      given.dispatchId,
      given.limit,
    ),
    sql(
      `UPDATE batches SET pending = pending - c.n, queued = queued + c.n, dispatch_line = c.last_line + 1,
         trial_left = trial_left - c.n
       FROM (SELECT count(*) AS n, max(j.line) AS last_line ${NAMED} ${IS_NEW}) c
       WHERE batches.id = ?1 AND c.n > 0`,
      given.batchId,
      given.dispatchId,
    ),
    sql(
      `UPDATE jobs SET state = 'queued', state_at = ?3
       WHERE batch_id = ?1 AND state = 'pending' AND line IN (SELECT j.line ${NAMED} ${IS_NEW})`,
      given.batchId,
      given.dispatchId,
      given.now,
    ),
    sql(
      "UPDATE dispatches SET sent_at = ?3 WHERE batch_id = ?1 AND id = ?2 AND sent_at = 0",
      given.batchId,
      given.dispatchId,
      given.now,
    ),
    sql(
      `SELECT j.batch_id, j.line ${NAMED} AND j.state = 'queued' AND j.state_at = ?3`,
      given.batchId,
      given.dispatchId,
      given.now,
    ),
  ]);
  return (results.at(-1)?.rows ?? []).map(toKey);
}

/** Sends that are old enough to ask after. Only of batches that run. */
export async function listStaleDispatches(
  db: Db,
  given: { target: string; before: number; startedAt: number; limit: number },
): Promise<{ batchId: string; id: string }[]> {
  const { rows } = await db.run(
    sql(
      `SELECT d.batch_id, d.id FROM batches b CROSS JOIN dispatches d ON d.batch_id = b.id
       WHERE b.target = ?1 AND b.state = 'running' AND (d.sent_at <= ?2 OR d.sent_at < ?3) LIMIT ?4`,
      given.target,
      given.before,
      given.startedAt,
      given.limit,
    ),
  );
  return rows.map((row) => ({ batchId: String(row.batch_id), id: String(row.id) }));
}

/**
 * The jobs of one old send that are still `queued`: their messages are lost, or as good as lost. They are
 * marked as sent now, and a send without such jobs is forgotten.
 */
export async function requeueStale(
  db: Db,
  given: { batchId: string; id: string; now: number; before: number; startedAt: number },
): Promise<JobKey[]> {
  const stale = `${NAMED} AND j.state = 'queued'`;
  const results = await db.batch([
    sql(
      `UPDATE jobs SET state_at = ?3 WHERE batch_id = ?1 AND state = 'queued' AND (state_at <= ?4 OR state_at < ?5)
       AND line IN (SELECT j.line ${stale})`,
      given.batchId,
      given.id,
      given.now,
      given.before,
      given.startedAt,
    ),
    sql(
      `UPDATE dispatches SET sent_at = ?3 WHERE batch_id = ?1 AND id = ?2`,
      given.batchId,
      given.id,
      given.now,
    ),
    sql(`SELECT j.batch_id, j.line ${stale} AND j.state_at = ?3`, given.batchId, given.id, given.now),
    sql(
      `DELETE FROM dispatches WHERE batch_id = ?1 AND id = ?2 AND NOT EXISTS (SELECT 1 ${stale})`,
      given.batchId,
      given.id,
    ),
  ]);
  return (results[2]?.rows ?? []).map(toKey);
}

/**
 * Waiting jobs that no message will fetch: their wait was too long for a delayed message, or the message is
 * overdue, or it was lost with the process before this one, or the media host they wait for is back early. Marked
 * `queued`, so that each is sent once.
 */
export async function queueDueJobs(
  db: Db,
  given: {
    target: string;
    dispatchId: string;
    now: number;
    startedAt: number;
    delayedMessageMs: number;
    lostMs: number;
    limit: number;
  },
): Promise<JobKey[]> {
  const results = await db.batch([
    sql(
      `INSERT INTO dispatches (batch_id, id, lines, sent_at)
       SELECT b, ?7, json_group_array(l), 0 FROM (
         SELECT j.batch_id AS b, j.line AS l FROM jobs j INDEXED BY jobs_waiting
         CROSS JOIN batches x ON x.id = j.batch_id
         WHERE j.state IN ('retryable', 'snoozed') AND j.scheduled_at <= ?1 AND x.state = 'running' AND x.target = ?2
           AND (j.scheduled_at - j.state_at > ?3 OR j.scheduled_at <= ?1 - ?4 OR j.state_at < ?5
             OR j.error ->> '$.code' = '${HOST_DOWN}')
         ORDER BY j.scheduled_at LIMIT ?6)
       GROUP BY b ON CONFLICT DO NOTHING`,
      given.now,
      given.target,
      given.delayedMessageMs,
      given.lostMs,
      given.startedAt,
      given.limit,
      given.dispatchId,
    ),
    sql(
      `UPDATE batches SET queued = queued + c.n, retryable = retryable - c.r, snoozed = snoozed - c.n + c.r
       FROM (SELECT j.batch_id AS b, count(*) AS n, sum(j.state = 'retryable') AS r
         ${SENT_DUE} ${IS_NEW} GROUP BY j.batch_id) c
       WHERE batches.id = c.b`,
      given.target,
      given.dispatchId,
    ),
    sql(
      `UPDATE jobs SET state = 'queued', scheduled_at = NULL, state_at = ?3
       WHERE (batch_id, line) IN (SELECT j.batch_id, j.line ${SENT_DUE} ${IS_NEW})`,
      given.target,
      given.dispatchId,
      given.now,
    ),
    sql(
      `UPDATE dispatches SET sent_at = ?3 WHERE id = ?2 AND sent_at = 0
         AND batch_id IN (SELECT id FROM batches WHERE target = ?1 AND state = 'running')`,
      given.target,
      given.dispatchId,
      given.now,
    ),
    sql(
      `SELECT j.batch_id, j.line ${SENT_DUE} AND j.state = 'queued' AND j.state_at = ?3`,
      given.target,
      given.dispatchId,
      given.now,
    ),
  ]);
  return (results.at(-1)?.rows ?? []).map(toKey);
}

/** The jobs named by one round of due ones, over all running batches. ?1 target, ?2 id of the sends. */
const SENT_DUE = `FROM batches x
  CROSS JOIN dispatches d ON d.batch_id = x.id AND d.id = ?2
  CROSS JOIN json_each(d.lines) m
  CROSS JOIN jobs j ON j.batch_id = d.batch_id AND j.line = m.value
  WHERE x.target = ?1 AND x.state = 'running'`;

/** What was sent of a batch that is over: nobody will miss it, and a million rows leave thousands of these. */
export const dropDispatches = async (db: Db, batchId: string): Promise<void> =>
  void (await db.run(
    sql(
      `DELETE FROM dispatches WHERE batch_id = ?1
         AND EXISTS (SELECT 1 FROM batches WHERE id = ?1 AND state = 'finished')`,
      batchId,
    ),
  ));
