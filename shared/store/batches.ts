/** Batches as the sweep asks after them. People's own changes of a batch's state stand in batch-control.ts. */
import { type Db, sql } from "./db.ts";
import { endTrials, finishBatches } from "./settle.ts";

/** Validating batches whose intake has not moved for a while, or since before this process began. */
export async function listStalledIntakes(
  db: Db,
  given: { target: string; now: number; before: number; startedAt: number },
): Promise<string[]> {
  const { rows } = await db.run(
    sql(
      `UPDATE batches SET intake_at = ?4
       WHERE target = ?1 AND state = 'validating' AND (intake_at <= ?2 OR intake_at < ?3) RETURNING id`,
      given.target,
      given.before,
      given.startedAt,
      given.now,
    ),
  );
  return rows.map((row) => String(row.id));
}

export async function listCancelledWithOpenJobs(db: Db, target: string): Promise<string[]> {
  const { rows } = await db.run(
    sql(
      `SELECT id FROM batches WHERE target = ?1 AND state = 'cancelled'
         AND pending + queued + retryable + snoozed > 0 LIMIT 10`,
      target,
    ),
  );
  return rows.map((row) => String(row.id));
}

/**
 * Ends running batches that have no open job left, and trials whose first rows are through, wherever the last
 * one went: where a rescue buried it, no settle comes to say so.
 */
export async function finishIdleBatches(db: Db, given: { target: string; now: number }): Promise<void> {
  const { rows } = await db.run(
    sql(
      `SELECT json_group_array(id) AS ids FROM batches
       WHERE target = ?1 AND state = 'running' AND queued + running + retryable + snoozed = 0
         AND (pending = 0 OR trial_left = 0)`,
      given.target,
    ),
  );
  const ids = String(rows[0]?.ids ?? "[]");
  if (ids !== "[]") await db.batch([endTrials(ids, given.now), finishBatches(ids, given.now)]);
}
