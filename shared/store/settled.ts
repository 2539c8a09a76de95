/** The rows that a settle may touch, as every statement of one computes them: see `settle.ts`. */

/**
 * The rows a settle may touch and what they become. In a cancelled batch nothing goes back to work: only an
 * answer that is already there (completed, dead) still counts. ?1 settlements, ?2 lease.
 */
export const SETTLED = `
  WITH s AS (
    SELECT j.batch_id, j.line, j.token_id, j.args, b.target, b.kind, b.source_batch, v.value AS v,
      CASE WHEN b.state = 'cancelled' AND v.value ->> 'state' IN ('pending', 'retryable', 'snoozed')
        THEN 'cancelled' ELSE v.value ->> 'state' END AS state
    FROM json_each(?1) v
    CROSS JOIN jobs j ON j.batch_id = v.value ->> 'b' AND j.line = v.value ->> 'l'
    CROSS JOIN batches b ON b.id = j.batch_id
    WHERE j.state = 'running' AND j.lease_id = ?2)`;
