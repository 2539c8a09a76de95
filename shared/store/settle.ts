/**
 * Recording what became of jobs: one batch of statements for all outcomes of a delivery. Every change is
 * computed from the rows that still match state and lease, so a settle done twice, or by a holder that lost
 * its lease, changes nothing.
 */
import type { BatchKind, Halted, Waiting } from "../job/batch.ts";
import type { Drift } from "../job/drift.ts";
import type { Evidence } from "../job/failure.ts";
import { fingerprintOf } from "../job/fingerprint.ts";
import type { AttemptRecord, JobError, JobKey, JobOutcome, JobOutputs, JobState, Step } from "../job/job.ts";
import { LIMITS } from "../limits.ts";
import { type Db, type Row, type Statement, sql } from "./db.ts";
import { settleFollowUps } from "./follow-up-settle.ts";
import { rateColumns } from "./rate.ts";
import { SETTLED } from "./settled.ts";

/** What a job becomes. `pending`: released, put back between two steps. */
export type Settlement = JobKey & {
  readonly state: Extract<JobState, "pending" | "retryable" | "snoozed" | "completed" | "dead">;
  readonly attempt: number;
  readonly step: Step | null;
  readonly outputs: JobOutputs;
  readonly attempts: readonly AttemptRecord[];
  readonly scheduledAt: number | null;
  readonly outcome: JobOutcome | null;
  readonly error: JobError | null;
  readonly evidence: Evidence | null;
  /** Said of a follow-up's jobs only. */
  readonly kind?: BatchKind;
  readonly drifts?: readonly Drift[];
  /** The job of a later batch that holds the token, which was therefore left alone. */
  readonly supersededBy?: string | null;
};

export type Halt = { readonly batchId: string; readonly runEpoch: number; readonly halted: Halted };

export type Settle = {
  readonly leaseId: string;
  readonly now: number;
  readonly settlements: readonly Settlement[];
  readonly halts: readonly Halt[];
  /** What snoozed jobs wait for, by batch. */
  readonly waiting: ReadonlyMap<string, Waiting>;
  /** The delivery is over: its lease goes. */
  readonly last: boolean;
};

/** A batch as a settle left it: enough to tell whether dispatch has room, and whether it just ended. */
export type SettledBatch = {
  readonly id: string;
  readonly state: string;
  readonly pending: number;
  readonly queued: number;
  readonly ratePerSecond: number;
  readonly finishedAt: number | null;
};

export async function settleJobs(db: Db, settle: Settle): Promise<SettledBatch[]> {
  const rows = JSON.stringify(settle.settlements.map(toWire));
  const batchIds = JSON.stringify([...new Set(settle.settlements.map(({ batchId }) => batchId))]);
  const isFollowUp = settle.settlements.some(({ kind = "submit" }) => kind !== "submit");
  const results = await db.batch([
    moveCounters(rows, settle),
    ...(isFollowUp ? settleFollowUps(rows, settle.leaseId, settle.now) : []),
    writeDeadLetters(rows, settle),
    writeJobs(rows, settle),
    ...settle.halts.map((halt) => haltBatch(halt)),
    ...[...settle.waiting].map(([batchId, waiting]) => setWaiting(batchId, waiting)),
    endTrials(batchIds, settle.now),
    finishBatches(batchIds, settle.now),
    ...(settle.last ? [giveBackLease(settle.leaseId)] : []),
    sql(
      `SELECT id, state, pending, queued, rate_per_second, finished_at FROM batches
       WHERE id IN (SELECT value FROM json_each(?1))`,
      batchIds,
    ),
  ]);
  return (results.at(-1)?.rows ?? []).map(toSettledBatch);
}

/** The counters, and the speed. */
const moveCounters = (rows: string, settle: Settle): Statement =>
  sql(
    `${SETTLED}
     UPDATE batches SET
       running = running - d.n, pending = pending + d.n_pending, retryable = retryable + d.n_retryable,
       snoozed = snoozed + d.n_snoozed, completed = completed + d.n_completed, dead = dead + d.n_dead,
       cancelled = cancelled + d.n_cancelled,
       created = created + d.n_created, updated = updated + d.n_updated, unchanged = unchanged + d.n_unchanged,
       waiting = CASE WHEN d.n_completed > 0 AND snoozed + d.n_snoozed = 0 THEN NULL ELSE waiting END,
       dispatch_line = min(dispatch_line, coalesce(d.first_pending, dispatch_line)),
       trial_left = trial_left + d.n_pending,
       ${rateColumns({ gained: "d.n_completed + d.n_dead", running: "running - d.n" })}
     FROM (SELECT batch_id, count(*) AS n, sum(state = 'pending') AS n_pending, sum(state = 'retryable') AS n_retryable,
         sum(state = 'snoozed') AS n_snoozed, sum(state = 'completed') AS n_completed, sum(state = 'dead') AS n_dead,
         sum(state = 'cancelled') AS n_cancelled,
         sum(state = 'completed' AND v ->> 'outcome' = 'created') AS n_created,
         sum(state = 'completed' AND v ->> 'outcome' = 'updated') AS n_updated,
         sum(state = 'completed' AND v ->> 'outcome' = 'unchanged') AS n_unchanged,
         min(CASE WHEN state = 'pending' THEN line END) AS first_pending
       FROM s GROUP BY batch_id) d
     WHERE batches.id = d.batch_id`,
    rows,
    settle.leaseId,
    settle.now,
  );

const writeDeadLetters = (rows: string, settle: Settle): Statement =>
  sql(
    `${SETTLED}
     INSERT INTO dead_letters (target, batch_id, line, token_id, name, step, code, message, next, http_status, host,
       attempts, response, fingerprint, created_at)
     SELECT target, batch_id, line, token_id, args ->> '$.token.name', v ->> '$.error.step', v ->> '$.error.code',
       v ->> '$.error.message', v ->> '$.error.next', v ->> '$.error.httpStatus', v ->> '$.evidence.host',
       v ->> 'attempt', nullif(v -> 'evidence', 'null'), v ->> 'fingerprint', ?3
     FROM s WHERE state = 'dead'
     ON CONFLICT DO NOTHING`,
    rows,
    settle.leaseId,
    settle.now,
  );

const writeJobs = (rows: string, settle: Settle): Statement =>
  sql(
    `${SETTLED}
     UPDATE jobs SET state = s.state, lease_id = NULL, state_at = ?3, attempt = s.v ->> 'attempt',
       step = s.v ->> 'step', outputs = s.v -> 'outputs', attempts = s.v -> 'attempts',
       scheduled_at = CASE WHEN s.state IN ('retryable', 'snoozed') THEN s.v ->> 'scheduledAt' END,
       outcome = CASE WHEN s.state = 'completed' THEN s.v ->> 'outcome' END,
       error = nullif(s.v -> 'error', 'null')
     FROM s WHERE jobs.batch_id = s.batch_id AND jobs.line = s.line`,
    rows,
    settle.leaseId,
    settle.now,
  );

/** Counts only while the run it was met in is still the current one: a halt from before a resume is stale. */
const haltBatch = ({ batchId, runEpoch, halted }: Halt): Statement =>
  sql(
    `UPDATE batches SET state = 'halted', halted = ?2, waiting = NULL, run_epoch = run_epoch + 1
     WHERE id = ?1 AND state = 'running' AND run_epoch = ?3`,
    batchId,
    JSON.stringify(halted),
    runEpoch,
  );

/**
 * Only once nothing runs under it: a job whose outcome an earlier settle could not record is found again by its
 * lease alone, so a lease that went before it would leave it `running` for ever.
 */
const giveBackLease = (leaseId: string): Statement =>
  sql(
    `DELETE FROM leases WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM json_each(leases.jobs) m
       CROSS JOIN jobs j ON j.batch_id = m.value ->> 'b' AND j.line = m.value ->> 'l' WHERE j.lease_id = leases.id)`,
    leaseId,
  );

/** `since` is kept while the same reason goes on. */
const setWaiting = (batchId: string, waiting: Waiting): Statement =>
  sql(
    `UPDATE batches SET waiting = CASE WHEN waiting ->> 'reason' = ?2 ->> 'reason'
         THEN json_set(?2, '$.since', waiting -> 'since') ELSE ?2 END
     WHERE id = ?1 AND state = 'running' AND snoozed > 0`,
    batchId,
    JSON.stringify(waiting),
  );

/** A trial ends when its first rows are final and others are left: the batch rests until a person goes on. */
export const endTrials = (batchIds: string, now: number): Statement =>
  sql(
    `UPDATE batches SET state = 'paused', run_epoch = run_epoch + 1,
       waiting = json_object('reason', 'trial', 'host', NULL, 'since', ?2, 'until', NULL, 'message',
         'The first ' || (completed + dead) || ' rows are done; look at them, then resume.')
     WHERE id IN (SELECT value FROM json_each(?1)) AND state = 'running' AND trial_left = 0
       AND pending > 0 AND queued + running + retryable + snoozed = 0`,
    batchIds,
    now,
  );

/** The batch's end, also used where a cancel or a sweep took the last open job away. */
export const finishBatches = (batchIds: string, now: number): Statement =>
  sql(
    `UPDATE batches SET state = 'finished', finished_at = ?2, waiting = NULL, rate_windows = max(rate_windows, 1)
     WHERE id IN (SELECT value FROM json_each(?1)) AND state = 'running'
       AND pending + queued + running + retryable + snoozed = 0`,
    batchIds,
    now,
  );

const toWire = (one: Settlement) => {
  const { batchId, line, ...rest } = one;
  if (one.state !== "dead" || one.error === null) return { b: batchId, l: line, ...rest };
  const fingerprint = fingerprintOf({ ...one.error, host: one.evidence?.host ?? null });
  return { b: batchId, l: line, ...rest, fingerprint };
};

/** The same settlement with everything that may have grown cut away, for a row that D1 would not take. */
export function cutDown(one: Settlement, cause: string): Settlement {
  const error = {
    step: one.step ?? "create-token",
    code: "job.unwritable",
    message: `The outcome of this job could not be recorded: ${cause.slice(0, 500)}`,
    next: "Replay the job; if it comes back, report it with this message.",
    httpStatus: one.error?.httpStatus ?? null,
    retryable: false,
  } as const;
  const body = one.evidence?.body?.slice(0, LIMITS.evidenceBytes) ?? null;
  const evidence = one.evidence ? { ...one.evidence, url: null, body } : null;
  return { ...one, state: "dead", scheduledAt: null, outcome: null, attempts: [], error, evidence };
}

const toSettledBatch = (row: Row): SettledBatch => ({
  id: String(row.id),
  state: String(row.state),
  pending: Number(row.pending),
  queued: Number(row.queued),
  ratePerSecond: Number(row.rate_per_second),
  finishedAt: row.finished_at === null ? null : Number(row.finished_at),
});

/** What the counters say against what the jobs are: one exact count when a batch ends. Empty: they agree. */
export async function countDrift(db: Db, batchId: string): Promise<string[]> {
  const { rows } = await db.run(
    sql(
      `SELECT c.state, c.n, json_extract(json_object('completed', b.completed, 'dead', b.dead,
         'cancelled', b.cancelled), '$.' || c.state) AS counted
       FROM (SELECT state, count(*) AS n FROM jobs WHERE batch_id = ?1 GROUP BY state) c
       CROSS JOIN batches b ON b.id = ?1 AND b.state = 'finished'`,
      batchId,
    ),
  );
  return rows
    .filter((row) => row.n !== row.counted)
    .map((row) => `${row.state}: ${row.counted} counted, ${row.n} found`);
}
