/**
 * Taking jobs to work on them. One batch of statements claims all jobs of a delivery, moves the counters,
 * points the manifest at the claimants and reads everything their runs need.
 */
import { type JobKey, jobId } from "../job/job.ts";
import { type ClaimedJob, jobBefore, keyOf, toClaimedJob } from "./claimed-job.ts";
import { type Db, type Row, type Statement, sql } from "./db.ts";
import { sharedOfJob } from "./media-fetches.ts";
import { sameContent } from "./same-content.ts";
import { HELD_NOW, IS_HELD_BUSY, IS_SUPERSEDED } from "./superseded.ts";

export type { ClaimedBatch, ClaimedJob, JobBefore } from "./claimed-job.ts";

export type Claim = {
  readonly keys: readonly JobKey[];
  readonly leaseId: string;
  readonly target: string;
  readonly now: number;
  readonly expiresAt: number;
  /** A job due within this is taken now. */
  readonly toleranceMs: number;
};

/** What may be taken: sent or due, in a batch of this target that runs. ?1 keys, ?3 target, ?4 due before. */
const CLAIMABLE = `
  FROM json_each(?1) m
  CROSS JOIN jobs j ON j.batch_id = m.value ->> 'b' AND j.line = m.value ->> 'l'
  CROSS JOIN batches b ON b.id = j.batch_id
  WHERE b.state = 'running' AND b.target = ?3
    AND (j.state = 'queued' OR (j.state IN ('retryable', 'snoozed') AND j.scheduled_at <= ?4))`;

/**
 * Two jobs may carry the same token (in two batches, say): the one the manifest points to has the right. Of a
 * follow-up's also those that will write nothing: whose token belongs to a later batch by now, and that only read.
 */
const RIGHTFUL = `${CLAIMABLE}
    AND (EXISTS (SELECT 1 FROM manifest x WHERE x.target = b.target AND x.collection_id = b.collection_id
      AND x.token_id = j.token_id AND x.batch_id = j.batch_id AND x.line = j.line)
    OR b.kind <> 'submit' AND (${IS_SUPERSEDED} OR b.kind = 'verify' AND NOT ${IS_HELD_BUSY}))`;

/**
 * Claims what may be claimed of `keys`. Repeated with the same lease it changes nothing and returns the same
 * jobs, so a lost answer costs nothing.
 *
 * The manifest goes first and settles who of two jobs with one token may run: a token whose job is running
 * is not handed over, so no two runs ever work on one natural key. What the job before left behind is folded
 * into `owned` and `sent` here, at no further write. Before that, what this job had uploaded is forgotten if the
 * token was another's meanwhile: the bytes there may be theirs, and to upload again only costs a call.
 */
export async function claimJobs(db: Db, claim: Claim): Promise<ClaimedJob[]> {
  const keys = keysJson(claim.keys);
  const due = claim.now + claim.toleranceMs;
  const results = await db.batch([
    sql(
      `INSERT INTO leases (id, target, jobs, taken_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5)
       ON CONFLICT (id) DO NOTHING`,
      claim.leaseId,
      claim.target,
      keys,
      claim.now,
      claim.expiresAt,
    ),
    jobsBefore(keys, claim, due),
    forgetUploads(keys, claim, due),
    pointManifest(keys, claim, due),
    sql(
      `UPDATE batches SET queued = queued - d.q, retryable = retryable - d.r, snoozed = snoozed - d.s,
         running = running + d.n
       FROM (SELECT j.batch_id AS id, count(*) AS n, sum(j.state = 'queued') AS q,
               sum(j.state = 'retryable') AS r, sum(j.state = 'snoozed') AS s ${RIGHTFUL} GROUP BY j.batch_id) d
       WHERE batches.id = d.id`,
      keys,
      claim.leaseId,
      claim.target,
      due,
    ),
    sql(
      `UPDATE jobs SET state = 'running', lease_id = ?2, run_epoch = c.run_epoch, claims = claims + 1,
         scheduled_at = NULL, state_at = ?5
       FROM (SELECT j.batch_id AS b, j.line AS l, b.run_epoch ${RIGHTFUL}) c
       WHERE jobs.batch_id = c.b AND jobs.line = c.l`,
      keys,
      claim.leaseId,
      claim.target,
      due,
      claim.now,
    ),
    heldJobs(keys, claim),
  ]);
  const before = new Map((results[1]?.rows ?? []).map((row) => [jobId(keyOf(row)), jobBefore(row)]));
  return (results.at(-1)?.rows ?? []).map((row) => toClaimedJob(row, before.get(jobId(keyOf(row))) ?? null));
}

/**
 * Read before the manifest points to the claimants. A record counts only if it is the last word: not while its job
 * runs, and not where a run of it was lost, which may have sent anything.
 */
const jobsBefore = (keys: string, claim: Claim, due: number): Statement =>
  sql(
    `SELECT c.batch_id, c.line, p.outputs, p.args -> '$.media' AS media,
       p.state = 'completed' AND ${sameContent("p", "c")} AS is_done
     FROM (SELECT j.batch_id, j.line, j.token_id, j.args, b.target, b.collection_id ${CLAIMABLE}
       AND b.kind = 'submit') c
     CROSS JOIN manifest x ON x.target = c.target AND x.collection_id = c.collection_id AND x.token_id = c.token_id
     CROSS JOIN jobs p ON p.batch_id = x.batch_id AND p.line = x.line
     WHERE (p.batch_id <> c.batch_id OR p.line <> c.line) AND p.state <> 'running' AND p.outputs IS NOT NULL
       AND coalesce(p.attempts ->> '$[#-1].outcome', '') <> 'lost'`,
    keys,
    claim.leaseId,
    claim.target,
    due,
  );

/** The assets themselves stay known: to upload to them replaces, while a second asset would be one too many. */
const forgetUploads = (keys: string, claim: Claim, due: number): Statement =>
  sql(
    `UPDATE jobs SET outputs = json_set(outputs, '$.assets', (SELECT json_group_array(json_set(a.value,
         '$.url', NULL, '$.sha256', NULL, '$.bytes', NULL, '$.contentType', NULL))
       FROM json_each(jobs.outputs, '$.assets') a))
     FROM (SELECT j.batch_id AS b, j.line AS l ${CLAIMABLE} AND json_array_length(j.outputs, '$.assets') > 0
       AND b.kind = 'submit' AND EXISTS (SELECT 1 FROM manifest x WHERE x.target = b.target AND x.collection_id = b.collection_id
         AND x.token_id = j.token_id AND (x.batch_id <> j.batch_id OR x.line <> j.line))) c
     WHERE jobs.batch_id = c.b AND jobs.line = c.l`,
    keys,
    claim.leaseId,
    claim.target,
    due,
  );

const pointManifest = (keys: string, claim: Claim, due: number): Statement =>
  sql(
    `INSERT INTO manifest (target, collection_id, token_id, batch_id, line)
     SELECT b.target, b.collection_id, j.token_id, j.batch_id, j.line ${CLAIMABLE}
       AND (b.kind = 'submit' OR b.kind <> 'verify' AND NOT ${IS_SUPERSEDED})
     ON CONFLICT (target, collection_id, token_id) DO UPDATE SET
       batch_id = excluded.batch_id, line = excluded.line, claims = claims + 1,
       owned = max(owned, coalesce((SELECT p.outputs ->> 'token' IS NOT NULL FROM jobs p
         WHERE p.batch_id = manifest.batch_id AND p.line = manifest.line), 0)),
       sent = max(sent, coalesce((SELECT p.rescues > 0 OR coalesce(p.outputs ->> 'sent', 0) FROM jobs p
         WHERE p.batch_id = manifest.batch_id AND p.line = manifest.line), 0))
     WHERE NOT EXISTS (SELECT 1 FROM jobs p WHERE p.batch_id = manifest.batch_id
       AND p.line = manifest.line AND p.state = 'running')`,
    keys,
    claim.leaseId,
    claim.target,
    due,
  );

const heldJobs = (keys: string, { leaseId, now }: Claim): Statement =>
  sql(
    `SELECT j.batch_id, j.line, j.args, j.attempt, j.outputs, j.attempts, j.run_epoch, b.collection_id, b.options,
       x.claims AS key_claims, x.owned, x.sent, x.found, ${sharedOfJob("?3")} AS shared, b.kind,
       b.collection_published, ${HELD_NOW}
     FROM json_each(?1) m
     CROSS JOIN jobs j ON j.batch_id = m.value ->> 'b' AND j.line = m.value ->> 'l'
     CROSS JOIN batches b ON b.id = j.batch_id
     CROSS JOIN manifest x ON x.target = b.target AND x.collection_id = b.collection_id AND x.token_id = j.token_id
     WHERE j.lease_id = ?2`,
    keys,
    leaseId,
    now,
  );

/** Each key once: the statements count what they join to, and a key that came twice would be counted twice. */
export const keysJson = (keys: readonly JobKey[]): string =>
  JSON.stringify(
    [...new Map(keys.map((key) => [jobId(key), key])).values()].map(({ batchId, line }) => ({
      b: batchId,
      l: line,
    })),
  );

/** Why a message's job was not claimed, for whoever says ack or retry. */
export type Refusal = JobKey & {
  readonly why: "unknown" | "final" | "pending" | "running" | "early" | "token_busy" | "batch_stopped";
  /** Epoch ms; set where the job waits for a time. */
  readonly dueAt: number | null;
};

/** Looks up why jobs were refused. A delivery whose jobs were all claimed never calls it. */
export async function explainRefusals(
  db: Db,
  given: { keys: readonly JobKey[]; target: string; leaseId: string },
): Promise<Refusal[]> {
  const { rows } = await db.run(
    sql(
      `SELECT m.value ->> 'b' AS b, m.value ->> 'l' AS l, j.state, j.scheduled_at,
         (b.state = 'running' AND b.target = ?2) AS runs, b.state = 'cancelled' AS is_cancelled
       FROM json_each(?1) m
       LEFT JOIN jobs j ON j.batch_id = m.value ->> 'b' AND j.line = m.value ->> 'l'
       LEFT JOIN batches b ON b.id = j.batch_id
       WHERE j.lease_id IS NULL OR j.lease_id <> ?3`,
      keysJson(given.keys),
      given.target,
      given.leaseId,
    ),
  );
  return rows.map((row) => ({
    batchId: String(row.b),
    line: Number(row.l),
    why: whyRefused(row),
    dueAt: row.scheduled_at === null ? null : Number(row.scheduled_at),
  }));
}

function whyRefused(row: Row): Refusal["why"] {
  switch (row.state) {
    case null:
      return "unknown";
    case "completed":
    case "dead":
    case "cancelled":
      return "final";
    case "pending":
    case "running":
      return row.state;
    default:
      // The sweep turns it, and it never comes back.
      if (row.is_cancelled === 1) return "final";
      if (row.runs !== 1) return "batch_stopped";
      return row.state === "queued" ? "token_busy" : "early";
  }
}
