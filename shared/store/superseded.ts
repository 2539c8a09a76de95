/**
 * Whether a follow-up's row is still its token's: what the manifest says of who holds the token. Fragments of SQL
 * over a job `j` and its batch `b`, also for whoever copies rows.
 *
 * It is, where the holder is of the same family (the source, or an earlier follow-up of it), or where an earlier
 * batch left the token as the source found it: a row that was unchanged is never taken, so it never holds. Ids of
 * batches begin with their time, so they say which is the later one; a publish that is replayed after an unpublish
 * must not undo it.
 */

import { sameContent } from "./same-content.ts";

const HOLDER = `FROM manifest y
  CROSS JOIN batches h ON h.id = y.batch_id
  CROSS JOIN jobs q ON q.batch_id = y.batch_id AND q.line = y.line
  WHERE y.target = b.target AND y.collection_id = b.collection_id AND y.token_id = j.token_id`;

const OURS = `(h.id <= b.id
  AND (coalesce(h.source_batch, h.id) = b.source_batch OR (coalesce(h.source_batch, h.id) < b.source_batch
    AND q.state = 'completed' AND ${sameContent("q", "j")})))`;

export const IS_SUPERSEDED = `EXISTS (SELECT 1 ${HOLDER} AND NOT ${OURS})`;

/** Somebody is writing to the token just now: what is read of it would be neither the old nor the new. */
export const IS_HELD_BUSY = `EXISTS (SELECT 1 ${HOLDER} AND q.state = 'running')`;

/** Columns about a claimed job's token; null for a submission's. */
export const HELD_NOW = `
  CASE WHEN b.kind <> 'submit' THEN (SELECT y.batch_id || ':' || y.line ${HOLDER}
    AND NOT ${OURS}) END AS superseded_by,
  CASE WHEN b.kind = 'verify' THEN (SELECT q.outputs ->> '$.published' ${HOLDER}
    AND q.state = 'completed') END AS left_public`;

/** Columns about the token of a source's job `j`, for the follow-up `b` that copies it. */
export const HELD_BY = `
  (SELECT y.batch_id || ':' || y.line ${HOLDER} AND NOT ${OURS}) AS superseded_by,
  (SELECT q.outputs ${HOLDER} AND q.state = 'completed' AND ${sameContent("q", "j")}
    AND ${OURS}) AS left_outputs`;
