/**
 * What people do to a batch, one conditional statement each: it names the states that it starts from, and
 * nothing comes back where the batch was in another. Each begins a new run epoch, so that a halt or a claim
 * of the time before counts no more.
 */
import * as z from "zod";
import { BATCH_STATES, type BatchState } from "../job/batch.ts";
import { type Db, type Statement, sql } from "./db.ts";

export type BatchVerb = "pause" | "resume" | "cancel" | "start";

/** The states that each verb starts from. */
export const EXPECTED_STATES: Readonly<Record<BatchVerb, readonly BatchState[]>> = {
  pause: ["validating", "running"],
  resume: ["paused", "halted"],
  cancel: ["receiving", "validating", "planned", "running", "paused", "halted"],
  start: ["planned"],
};

type Aim = { readonly target: string; readonly id: string; readonly now: number };

/** No new call is started from the next renewal on; what is under way ends by its answer. */
export const pauseBatch = (db: Db, aim: Aim): Promise<BatchState | null> =>
  move(db, "pause", sql(`UPDATE batches SET state = 'paused', ${NEW_EPOCH}`, aim.id, aim.target));

/**
 * Lets a paused or halted batch go on where it stopped: intake if the file is not read to its end, else its
 * jobs. If the last of them ended meanwhile, the batch is finished: no settle will come to say so. A trial is
 * over with it where its first rows are through: whoever resumes has seen them. One that was halted or paused
 * before goes on as a trial, or mending a key would run the whole file unseen.
 */
export const resumeBatch = (db: Db, aim: Aim): Promise<BatchState | null> =>
  move(
    db,
    "resume",
    sql(
      `UPDATE batches SET
         state = CASE WHEN NOT (${HAS_RUN}) THEN 'validating' WHEN ${OPEN_JOBS} > 0 THEN 'running' ELSE 'finished' END,
         finished_at = CASE WHEN ${HAS_RUN} AND ${OPEN_JOBS} = 0 THEN ?3 END,
         trial_left = CASE WHEN trial_left = 0 AND ${OPEN_JOBS} = pending THEN NULL ELSE trial_left END,
         rate_mark_at = ?3, rate_mark_done = completed + dead + running / 2,
         intake_at = CASE WHEN ${HAS_RUN} THEN intake_at ELSE ?3 END,
         halted = NULL, waiting = NULL, ${NEW_EPOCH}`,
      aim.id,
      aim.target,
      aim.now,
    ),
  );

/**
 * Its open jobs are turned to `cancelled` by the sweep, in pieces: there may be a million. The sweep goes by the
 * counters, which intake sets only at its end, so a batch that never ran is counted here. So are its rows: a
 * slice that was cut off has recorded some that it had not yet counted.
 */
export const cancelBatch = (db: Db, aim: Aim): Promise<BatchState | null> =>
  move(
    db,
    "cancel",
    sql(
      `UPDATE batches SET state = 'cancelled', finished_at = ?3, halted = NULL, waiting = NULL,
         pending = CASE WHEN ${HAS_RUN} THEN pending ELSE ${jobsIn("pending")} END,
         completed = CASE WHEN ${HAS_RUN} THEN completed ELSE ${jobsIn("completed")} END,
         unchanged = CASE WHEN ${HAS_RUN} THEN unchanged ELSE ${jobsIn("completed")} END,
         rows_total = CASE WHEN ${HAS_RUN} THEN rows_total ELSE rows_invalid + ${ALL_JOBS} END,
         rows_valid = CASE WHEN ${HAS_RUN} THEN rows_valid ELSE ${ALL_JOBS} END,
         dispatch_line = 0, ${NEW_EPOCH}`,
      aim.id,
      aim.target,
      aim.now,
    ),
  );

/** Runs a planned batch as planned, a trial's number of first rows included; if all is unchanged, it is done. */
export const startBatch = (db: Db, aim: Aim): Promise<BatchState | null> =>
  move(
    db,
    "start",
    sql(
      `UPDATE batches SET state = CASE WHEN ${OPEN_JOBS} > 0 THEN 'running' ELSE 'finished' END, started_at = ?3,
         finished_at = CASE WHEN ${OPEN_JOBS} = 0 THEN ?3 END, trial_left = options ->> '$.first', ${NEW_EPOCH}`,
      aim.id,
      aim.target,
      aim.now,
    ),
  );

/** What Sequence now says of the collection, for every batch that shows it. */
export async function markCollectionPublished(
  db: Db,
  given: { target: string; collectionId: number; published: boolean },
): Promise<void> {
  await db.run(
    sql(
      `UPDATE batches SET collection_published = ?3
       WHERE target = ?1 AND collection_id = ?2 AND collection_published <> ?3`,
      given.target,
      given.collectionId,
      given.published ? 1 : 0,
    ),
  );
}

const NEW_EPOCH = "run_epoch = run_epoch + 1";
/** Not intake's own `done`: that is written before its last step, and a pause may come between the two. */
const HAS_RUN = "started_at IS NOT NULL";

const OPEN_JOBS = "(pending + queued + running + retryable + snoozed)";

/** A job that is completed before its batch ever ran is one that needed no run: an unchanged one. */
const jobsIn = (state: "pending" | "completed"): string =>
  `(SELECT count(*) FROM jobs WHERE batch_id = ?1 AND state = '${state}')`;

const ALL_JOBS = "(SELECT count(*) FROM jobs WHERE batch_id = ?1)";

const Moved = z.object({ state: z.enum(BATCH_STATES) });

/** @returns the state that the batch is in now, or null where it was in none of the expected ones. */
async function move(db: Db, verb: BatchVerb, update: Statement): Promise<BatchState | null> {
  const expected = EXPECTED_STATES[verb].map((state) => `'${state}'`).join(", ");
  const { rows } = await db.run({
    ...update,
    sql: `${update.sql} WHERE id = ?1 AND target = ?2 AND state IN (${expected}) RETURNING state`,
  });
  return rows[0] ? Moved.parse(rows[0]).state : null;
}
