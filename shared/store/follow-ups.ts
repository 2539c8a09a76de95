/**
 * Follow-ups: batches of their own over the rows that another batch completed. Written down in one transaction that
 * also decides whether one is open already; their jobs are copied inside D1, in pieces that intake asks for.
 */
import * as z from "zod";
import type { BatchState, FollowUpKind, Priority } from "../job/batch.ts";
import type { Drift } from "../job/drift.ts";
import { type Db, type Statement, sql } from "./db.ts";
import { SUPERSEDED_CODE, SUPERSEDED_NEXT, supersededMessage } from "./follow-up-settle.ts";
import { type IntakeBatch, type IntakePlace, placeParams, STILL_THERE } from "./intake.ts";
import { HELD_BY } from "./superseded.ts";

/** From these on a batch has completed rows that can be followed up, also while others are still open. */
export const FOLLOWABLE: readonly BatchState[] = ["running", "paused", "halted", "cancelled", "finished"];

export type NewFollowUp = {
  readonly id: string;
  readonly target: string;
  readonly sourceId: string;
  readonly kind: FollowUpKind;
  /** Null: the source's. */
  readonly priority: Priority | null;
  /** Intake's state to begin with, as text. */
  readonly intakeState: string;
  readonly now: number;
};

/** `open`: what stands in its way: the same that is under way already, or its opposite. */
export type Begun = { readonly isNew: boolean; readonly open: { id: string; kind: FollowUpKind } | null };

/** Two flips at once would undo each other; a verify only reads. */
const IN_THE_WAY = {
  publish: "s.publish_batch, s.unpublish_batch",
  unpublish: "s.publish_batch, s.unpublish_batch",
  verify: "s.verify_batch",
} as const;

const Open = z.object({ id: z.string(), kind: z.enum(["publish", "unpublish", "verify"]) });

/** Begins a follow-up, unless one is open. Repeated after a lost answer it finds its own. */
export async function insertFollowUp(db: Db, given: NewFollowUp): Promise<Begun> {
  const open = `SELECT f.id, f.kind FROM batches s CROSS JOIN batches f
    WHERE s.id = ?1 AND s.target = ?2 AND f.id IN (${IN_THE_WAY[given.kind]}) AND f.finished_at IS NULL`;
  const [, , found] = await db.batch([
    sql(
      `INSERT INTO batches (id, target, name, state, kind, source_batch, collection_id, collection_published, options,
         fingerprint, source_key, intake_state, intake_at, created_at)
       SELECT ?3, target, name, 'validating', ?4, id, collection_id, collection_published,
         json_set(options, '$.publish', json(CASE ?4 WHEN 'publish' THEN 'true' ELSE 'false' END),
           '$.dryRun', json('false'), '$.first', NULL, '$.priority', coalesce(?5, priority)),
         '', '', ?6, ?7, ?7
       FROM batches WHERE id = ?1 AND target = ?2 AND kind = 'submit'
         AND state IN (${FOLLOWABLE.map((state) => `'${state}'`).join(", ")}) AND NOT EXISTS (${open})
       ON CONFLICT (id) DO NOTHING`,
      given.sourceId,
      given.target,
      given.id,
      given.kind,
      given.priority,
      given.intakeState,
      given.now,
    ),
    sql(
      `UPDATE batches SET ${given.kind}_batch = ?2
       WHERE id = ?1 AND EXISTS (SELECT 1 FROM batches WHERE id = ?2)`,
      given.sourceId,
      given.id,
    ),
    sql(open, given.sourceId, given.target),
  ]);
  const row = found?.rows[0];
  const one = row === undefined ? null : Open.parse(row);
  return { isNew: one?.id === given.id, open: one };
}

export type CopyAim = {
  readonly sourceId: string;
  readonly after: number;
  readonly through: number;
  readonly to: IntakePlace;
  readonly now: number;
};

/**
 * The source's jobs of one piece that are complete and made their token theirs. Materialized: who holds a token is
 * three rows to read, and SQLite would read them again wherever the answer is named. ?1 batch, ?4 source, ?5, ?6 lines.
 */
const COPIED = `
  WITH c AS MATERIALIZED (
    SELECT j.line, j.token_id, j.args, j.outputs, b.kind, b.options ->> '$.publish' AS publish, ${HELD_BY}
    FROM batches b
    CROSS JOIN jobs j ON j.batch_id = ?4 AND j.line > ?5 AND j.line <= ?6
    WHERE b.id = ?1 AND j.state = 'completed' AND j.outputs ->> '$.token' IS NOT NULL
      AND EXISTS (SELECT 1 FROM batches WHERE ${STILL_THERE}))`;

/** What is as it is wanted needs no call. A verify wants to look in any case. */
const NO_CALL =
  "(c.superseded_by IS NOT NULL OR c.kind <> 'verify' AND c.left_outputs ->> '$.published' = c.publish)";

/**
 * Copies one piece: a job for each completed row, on the same line, with what is known of its assets. A row whose
 * token a later batch holds is completed at once and said so in a warning; so is, without one, a row that is as it
 * is wanted. The last statement moves the place, and all of them only from where it stood.
 */
export const copyJobs = (batch: IntakeBatch, aim: CopyAim): { statements: Statement[]; move: Statement } => {
  const params = [...placeParams(batch), aim.sourceId, aim.after, aim.through] as const;
  return {
    statements: [
      sql(
        `INSERT INTO jobs (batch_id, line, token_id, args, args_hash, state, state_at, outputs, outcome)
         ${COPIED}
         SELECT ?1, c.line, c.token_id, c.args, '', CASE WHEN ${NO_CALL} THEN 'completed' ELSE 'pending' END,
           ?7, CASE WHEN c.superseded_by IS NULL THEN coalesce(c.left_outputs, c.outputs) END,
           CASE WHEN ${NO_CALL} THEN 'unchanged' END
         FROM c WHERE true ON CONFLICT (batch_id, line) DO NOTHING`,
        ...params,
        aim.now,
      ),
      sql(
        `INSERT INTO row_errors (batch_id, line, col, code, severity, message, next, value)
         SELECT ?1, c.line, '', '${SUPERSEDED_CODE}', 'warning', ${supersededMessage("c.kind", "c.token_id", "c.superseded_by")},
           ${SUPERSEDED_NEXT}, NULL
         FROM (SELECT j.line, j.token_id, b.kind, ${HELD_BY} FROM batches b
           CROSS JOIN jobs j ON j.batch_id = b.id AND j.line > ?4 AND j.line <= ?5
           WHERE b.id = ?1 AND j.state = 'completed' AND j.outputs IS NULL
             AND EXISTS (SELECT 1 FROM batches WHERE ${STILL_THERE})) c
         WHERE c.superseded_by IS NOT NULL ON CONFLICT DO NOTHING`,
        ...placeParams(batch),
        aim.after,
        aim.through,
      ),
    ],
    move: sql(
      `UPDATE batches SET intake_line = ?6, intake_state = ?7, intake_at = ?8, waiting = NULL,
         rows_total = rows_total + d.n, rows_valid = rows_valid + d.n, warnings = warnings + d.w
       FROM (SELECT (SELECT count(*) FROM jobs WHERE batch_id = ?1 AND line > ?4 AND line <= ?5) AS n,
         (SELECT count(*) FROM row_errors WHERE batch_id = ?1 AND line > ?4 AND line <= ?5) AS w) d
       WHERE ${STILL_THERE}`,
      ...placeParams(batch),
      aim.after,
      aim.through,
      aim.to.line,
      aim.to.state,
      aim.now,
    ),
  };
};

/** Of the collection as a whole: line 0. Only while intake stands where it looked. */
export const insertCollectionDrift = (batch: IntakeBatch, drift: Drift, now: number): Statement[] => [
  sql(
    `INSERT INTO drifts (batch_id, line, field, token_id, expected, got, next, found_at)
     SELECT ?1, 0, ?4, '', ?5, ?6, ?7, ?8 WHERE EXISTS (SELECT 1 FROM batches WHERE ${STILL_THERE})
     ON CONFLICT DO NOTHING`,
    ...placeParams(batch),
    drift.field,
    drift.expected,
    drift.got,
    drift.next,
    now,
  ),
  sql(`UPDATE batches SET drifts = 1 WHERE ${STILL_THERE}`, ...placeParams(batch)),
];

const DriftRow = z.object({
  batch_id: z.string(),
  line: z.number(),
  field: z.string(),
  token_id: z.string(),
  expected: z.string(),
  got: z.string(),
  next: z.string(),
  found_at: z.number(),
});
export type DriftRow = z.infer<typeof DriftRow>;

/** In the order of the file, the collection's first. */
export async function listDrifts(
  db: Db,
  given: { batchId: string; after: readonly [line: number, field: string]; limit: number },
): Promise<DriftRow[]> {
  const { rows } = await db.run(
    sql(
      `SELECT ${Object.keys(DriftRow.shape).join(", ")} FROM drifts
       WHERE batch_id = ?1 AND (line, field) > (?2, ?3) ORDER BY line, field LIMIT ?4`,
      given.batchId,
      given.after[0],
      given.after[1],
      given.limit,
    ),
  );
  return rows.map((row) => DriftRow.parse(row));
}
