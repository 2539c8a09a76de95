/**
 * Putting jobs back without a run of theirs: a message that found its batch stopped, a lease that ran out,
 * a message that the platform gave up on, a batch that was cancelled.
 */
import { fingerprintOf } from "../job/fingerprint.ts";
import { type JobKey, STEPS } from "../job/job.ts";
import { LIMITS } from "../limits.ts";
import { keysJson } from "./claim.ts";
import { type Db, type Row, type Statement, sql } from "./db.ts";

/**
 * `queued`, `retryable` and `snoozed` jobs go back to `pending`, where dispatch finds them again; a trial's row
 * is one that is still to be sent.
 * @param onlyStopped true: only in batches that do not run for this target (the message came too late);
 *   false: wherever they stand (the platform's dead-letter queue brought them).
 * @returns the keys of those that were put back.
 */
export async function putBackJobs(
  db: Db,
  given: { keys: readonly JobKey[]; target: string; now: number; onlyStopped: boolean },
): Promise<JobKey[]> {
  const matching = `
    FROM json_each(?1) m
    CROSS JOIN jobs j ON j.batch_id = m.value ->> 'b' AND j.line = m.value ->> 'l'
    CROSS JOIN batches b ON b.id = j.batch_id
    WHERE j.state IN ('queued', 'retryable', 'snoozed') AND b.state <> 'cancelled'
      AND (?3 = 0 OR b.state <> 'running' OR b.target <> ?2)`;
  const params = [keysJson(given.keys), given.target, given.onlyStopped ? 1 : 0] as const;
  const [, put] = await db.batch([
    sql(
      `UPDATE batches SET queued = queued - d.q, retryable = retryable - d.r, snoozed = snoozed - d.s,
         pending = pending + d.n, trial_left = trial_left + d.n, dispatch_line = min(dispatch_line, d.first_line)
       FROM (SELECT j.batch_id AS id, count(*) AS n, sum(j.state = 'queued') AS q, sum(j.state = 'retryable') AS r,
         sum(j.state = 'snoozed') AS s, min(j.line) AS first_line ${matching} GROUP BY j.batch_id) d
       WHERE batches.id = d.id`,
      ...params,
    ),
    sql(
      `UPDATE jobs SET state = 'pending', scheduled_at = NULL, state_at = ?4
       FROM (SELECT j.batch_id AS b, j.line AS l ${matching}) c WHERE jobs.batch_id = c.b AND jobs.line = c.l
       RETURNING batch_id, line`,
      ...params,
      given.now,
    ),
  ]);
  return (put?.rows ?? []).map(toKey);
}

/**
 * The jobs of one lost lease, by what is to become of them. That it is lost is asked again here: between the
 * sweep's finding and this its holder may have renewed it. ?1 lease, ?2 now, ?3 started.
 */
const IS_LOST = "x.id = ?1 AND (x.expires_at <= ?2 OR x.taken_at < ?3)";
const LOST = `
  FROM leases x, json_each(x.jobs) m
  CROSS JOIN jobs j ON j.batch_id = m.value ->> 'b' AND j.line = m.value ->> 'l'
  CROSS JOIN batches b ON b.id = j.batch_id
  WHERE ${IS_LOST} AND j.lease_id = x.id AND j.state = 'running'`;

const CRASHED = `j.rescues + 1 >= ${LIMITS.rescuesMax}`;

/**
 * Returns the jobs of a lease that ran out. Crashing costs no attempt, so each becomes `retryable`, due now,
 * with an attempt record `lost`; the tenth time it is buried, because a job that kills ten consumers is the
 * fault. In a cancelled batch it becomes `cancelled`.
 * @param startedAt leases taken before it are lost whatever they say (see `findLostLeases`).
 * @returns the keys that are due now; the caller sends their messages.
 */
export async function rescueJobs(db: Db, given: Rescue): Promise<JobKey[]> {
  const results = await db.batch([
    countRescued(given),
    buryCrashed(given),
    returnRescued(given),
    sql(
      `SELECT j.batch_id, j.line FROM leases x, json_each(x.jobs) m
       CROSS JOIN jobs j ON j.batch_id = m.value ->> 'b' AND j.line = m.value ->> 'l'
       WHERE ${IS_LOST} AND j.state = 'retryable' AND j.scheduled_at = ?2`,
      ...params(given),
    ),
    sql(`DELETE FROM leases AS x WHERE ${IS_LOST}`, ...params(given)),
  ]);
  return (results.at(-2)?.rows ?? []).map(toKey);
}

type Rescue = { readonly leaseId: string; readonly now: number; readonly startedAt: number };
const params = ({ leaseId, now, startedAt }: Rescue) => [leaseId, now, startedAt] as const;

const countRescued = (given: Rescue): Statement =>
  sql(
    `UPDATE batches SET running = running - d.n, dead = dead + d.n_dead, cancelled = cancelled + d.n_cancelled,
       retryable = retryable + d.n - d.n_dead - d.n_cancelled
     FROM (SELECT j.batch_id AS id, count(*) AS n, sum(${CRASHED}) AS n_dead,
         sum(NOT (${CRASHED}) AND b.state = 'cancelled') AS n_cancelled ${LOST} GROUP BY j.batch_id) d
     WHERE batches.id = d.id`,
    ...params(given),
  );

const CRASH_ERROR = {
  step: "create-token",
  code: "job.crashed",
  message: `The consumer died ${LIMITS.rescuesMax} times while it held this job.`,
  next: "Look at this row's media and values for something extraordinary, then replay it.",
  httpStatus: null,
  retryable: false,
} as const;

/** By the step that the job had come to. */
const CRASH_FINGERPRINTS = JSON.stringify(
  Object.fromEntries(STEPS.map((step) => [step, fingerprintOf({ ...CRASH_ERROR, step, host: null })])),
);

const buryCrashed = (given: Rescue): Statement =>
  sql(
    `INSERT INTO dead_letters (target, batch_id, line, token_id, name, step, code, message, next, attempts, fingerprint,
       created_at)
     SELECT b.target, j.batch_id, j.line, j.token_id, j.args ->> '$.token.name', coalesce(j.step, ?4), ?5, ?6, ?7,
       j.attempt, ?8 ->> coalesce(j.step, ?4), ?2
     ${LOST} AND ${CRASHED} ON CONFLICT DO NOTHING`,
    ...params(given),
    CRASH_ERROR.step,
    CRASH_ERROR.code,
    CRASH_ERROR.message,
    CRASH_ERROR.next,
    CRASH_FINGERPRINTS,
  );

const returnRescued = (given: Rescue): Statement =>
  sql(
    `UPDATE jobs SET rescues = rescues + 1, lease_id = NULL, state_at = ?2, state = c.state,
       scheduled_at = CASE WHEN c.state = 'retryable' THEN ?2 END,
       error = CASE WHEN c.state = 'dead' THEN ?4 ELSE error END,
       attempts = json_insert(coalesce(attempts, '[]'), '$[#]', json_object('attempt', attempt + 1,
         'startedAt', c.taken_at, 'endedAt', ?2, 'outcome', 'lost', 'steps', json('[]'), 'error', NULL,
         'until', c.expires_at))
     FROM (SELECT j.batch_id AS b, j.line AS l, x.taken_at, x.expires_at, CASE WHEN ${CRASHED} THEN 'dead'
         WHEN b.state = 'cancelled' THEN 'cancelled' ELSE 'retryable' END AS state ${LOST}) c
     WHERE jobs.batch_id = c.b AND jobs.line = c.l`,
    ...params(given),
    JSON.stringify(CRASH_ERROR),
  );

/**
 * Turns up to `limit` open jobs of a cancelled batch into `cancelled`; running ones end by their own settle. The
 * cursor is dispatch's, which a cancelled batch needs no more: without it each piece would walk through all the
 * pieces before it. Behind it nothing opens again, since in a cancelled batch everything ends as `cancelled`.
 * @returns how many were turned; 0: none is left.
 */
export async function cancelJobs(
  db: Db,
  given: { batchId: string; now: number; limit: number },
): Promise<number> {
  const isOpen = "j.state IN ('pending', 'queued', 'retryable', 'snoozed')";
  const piece = `SELECT j.line, j.state FROM batches b
    CROSS JOIN jobs j ON j.batch_id = b.id AND j.line >= b.dispatch_line
    WHERE b.id = ?1 AND b.state = 'cancelled' AND ${isOpen} ORDER BY j.line LIMIT ?2`;
  const [, turned] = await db.batch([
    sql(
      `UPDATE batches SET pending = pending - d.p, queued = queued - d.q, retryable = retryable - d.r,
         snoozed = snoozed - d.s, cancelled = cancelled + d.n
       FROM (SELECT count(*) AS n, coalesce(sum(state = 'pending'), 0) AS p, coalesce(sum(state = 'queued'), 0) AS q,
         coalesce(sum(state = 'retryable'), 0) AS r, coalesce(sum(state = 'snoozed'), 0) AS s FROM (${piece})) d
       WHERE batches.id = ?1`,
      given.batchId,
      given.limit,
    ),
    sql(
      `UPDATE jobs SET state = 'cancelled', scheduled_at = NULL, state_at = ?3
       WHERE batch_id = ?1 AND line IN (SELECT line FROM (${piece}))`,
      given.batchId,
      given.limit,
      given.now,
    ),
    sql(
      `UPDATE batches SET dispatch_line = coalesce((SELECT j.line FROM jobs j WHERE j.batch_id = ?1
         AND j.line >= batches.dispatch_line AND ${isOpen} ORDER BY j.line LIMIT 1), dispatch_line)
       WHERE id = ?1 AND state = 'cancelled'`,
      given.batchId,
    ),
  ]);
  return turned?.changes ?? 0;
}

const ORPHAN = {
  step: "create-token",
  code: "platform.orphan",
  message: "A message on the dead-letter queue names a job that is not recorded.",
  next: "Nothing to replay: check whether this queue was used by an older deployment.",
} as const;

/** Keys of messages that name no job, recorded so that not even a stray message vanishes unseen. */
export async function buryOrphans(
  db: Db,
  given: { keys: readonly JobKey[]; target: string; now: number },
): Promise<void> {
  await db.run(
    sql(
      `INSERT INTO dead_letters (target, batch_id, line, token_id, name, step, code, message, next, attempts, fingerprint,
         created_at)
       SELECT ?2, m.value ->> 'b', m.value ->> 'l', '', '', ?4, ?5, ?6, ?7, 0, ?8, ?3
       FROM json_each(?1) m WHERE NOT EXISTS (SELECT 1 FROM jobs j
         WHERE j.batch_id = m.value ->> 'b' AND j.line = m.value ->> 'l')
       ON CONFLICT DO NOTHING`,
      keysJson(given.keys),
      given.target,
      given.now,
      ORPHAN.step,
      ORPHAN.code,
      ORPHAN.message,
      ORPHAN.next,
      fingerprintOf({ ...ORPHAN, httpStatus: null, host: null }),
    ),
  );
}

export const toKey = (row: Row): JobKey => ({ batchId: String(row.batch_id), line: Number(row.line) });
