/**
 * What a settle records of a follow-up beside its jobs: drifts, rows that were left to a later batch, and at the
 * source whether its token is public now. Like all of a settle computed from the rows that still match the lease.
 */
import { type Statement, sql } from "./db.ts";
import { SETTLED } from "./settled.ts";

/** Before the jobs themselves are written. ?1 settlements, ?2 lease, ?3 now. */
export const settleFollowUps = (rows: string, leaseId: string, now: number): Statement[] => [
  sql(
    `${SETTLED}
     UPDATE batches SET drifts = drifts + d.n_drifts, warnings = warnings + d.n_skipped
     FROM (SELECT batch_id, sum(coalesce(json_array_length(v, '$.drifts'), 0)) AS n_drifts,
         sum(v ->> 'supersededBy' IS NOT NULL) AS n_skipped
       FROM s WHERE state = 'completed' GROUP BY batch_id) d
     WHERE batches.id = d.batch_id`,
    rows,
    leaseId,
  ),
  sql(
    `${SETTLED}
     INSERT INTO drifts (batch_id, line, field, token_id, expected, got, next, found_at)
     SELECT s.batch_id, s.line, d.value ->> 'field', s.token_id, d.value ->> 'expected', d.value ->> 'got',
       d.value ->> 'next', ?3
     FROM s CROSS JOIN json_each(s.v, '$.drifts') d WHERE s.state = 'completed'
     ON CONFLICT DO NOTHING`,
    rows,
    leaseId,
    now,
  ),
  sql(
    `${SETTLED}
     INSERT INTO row_errors (batch_id, line, col, code, severity, message, next, value)
     SELECT batch_id, line, '', '${SUPERSEDED_CODE}', 'warning', ${supersededMessage("kind", "token_id", "(v ->> 'supersededBy')")},
       ${SUPERSEDED_NEXT}, NULL
     FROM s WHERE state = 'completed' AND v ->> 'supersededBy' IS NOT NULL
     ON CONFLICT DO NOTHING`,
    rows,
    leaseId,
  ),
  sql(
    `${SETTLED}
     UPDATE jobs SET outputs = json_set(jobs.outputs, '$.published', json(CASE s.kind WHEN 'publish' THEN 'true' ELSE 'false' END))
     FROM s WHERE s.kind IN ('publish', 'unpublish') AND s.state = 'completed' AND s.v ->> 'outcome' = 'updated'
       AND jobs.batch_id = s.source_batch AND jobs.line = s.line`,
    rows,
    leaseId,
  ),
];

export const SUPERSEDED_CODE = "token.superseded";
export const SUPERSEDED_NEXT = `'Nothing to do, unless this row is to be the token''s again: then submit its file once more.'`;

/** SQL text; the arguments are SQL as well. */
export const supersededMessage = (kind: string, tokenId: string, by: string): string =>
  `'Left alone: token ' || ${tokenId} || ' now belongs to job ' || ${by} || ', and to ' || ${kind} || ' this row would undo that one.'`;
