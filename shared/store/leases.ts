/** The time-limited right of one delivery to its jobs. A lease is one row, whatever the number of its jobs. */
import { BATCH_STATES, type BatchState } from "../job/batch.ts";
import { type Db, sql } from "./db.ts";

/** What a running delivery must know about its batches to stop in time. */
export type BatchPulse = { readonly id: string; readonly state: BatchState; readonly runEpoch: number };

/**
 * Prolongs a lease that has not run out and brings back the batches' states: one call for both, because it is
 * the only traffic of a delivery that waits.
 * @returns null when the lease has run out or was taken away: the holder must stop at once.
 */
export async function renewLease(
  db: Db,
  lease: { id: string; now: number; expiresAt: number; batchIds: readonly string[] },
): Promise<BatchPulse[] | null> {
  const [renewed, batches] = await db.batch([
    sql(
      "UPDATE leases SET expires_at = ?2 WHERE id = ?1 AND expires_at > ?3 RETURNING id",
      lease.id,
      lease.expiresAt,
      lease.now,
    ),
    sql(
      "SELECT id, state, run_epoch FROM batches WHERE id IN (SELECT value FROM json_each(?1))",
      JSON.stringify(lease.batchIds),
    ),
  ]);
  if (!renewed || renewed.rows.length === 0) return null;
  return (batches?.rows ?? []).map((row) => ({
    id: String(row.id),
    state: stateOf(row.state),
    runEpoch: Number(row.run_epoch),
  }));
}

/** Leases that ran out, or that were taken before this process began and so died with the one before. */
export async function findLostLeases(
  db: Db,
  given: { target: string; now: number; startedAt: number; limit: number },
): Promise<string[]> {
  const { rows } = await db.run(
    sql(
      "SELECT id FROM leases WHERE target = ?1 AND (expires_at <= ?2 OR taken_at < ?3) ORDER BY expires_at LIMIT ?4",
      given.target,
      given.now,
      given.startedAt,
      given.limit,
    ),
  );
  return rows.map((row) => String(row.id));
}

function stateOf(value: unknown): BatchState {
  const state = BATCH_STATES.find((known) => known === value);
  if (state === undefined) throw new Error(`unknown batch state ${String(value)}`);
  return state;
}
