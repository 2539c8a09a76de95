/** Replays: dead letters put back to work, each once, by a selection that is frozen at the call. */
import * as z from "zod";
import { LIMITS } from "../limits.ts";
import { type Db, type Statement, sql } from "./db.ts";
import { type DeadLetterFilter, whereOf } from "./dead-letters.ts";

/** A selection that is frozen: letters that match and are there already, so none that came of the replay itself. */
export type NewReplay = {
  readonly id: string;
  readonly target: string;
  readonly filter: DeadLetterFilter;
  /** The newest letter that counts, as `countReplayable` found it. */
  readonly newestLetter: number;
  readonly now: number;
};

/** `running` while a job of it is open; counted from the jobs, so it cannot drift from what they do. */
export type ReplayRow = {
  readonly id: string;
  readonly selected: number;
  readonly done: number;
  readonly completed: number;
  readonly deadAgain: number;
};

/**
 * Open letters whose job is there and dead; a platform's orphan has none and cannot be replayed. From the letters
 * to the jobs: left to itself SQLite would read all jobs of a named batch and look for a letter of each.
 */
const SELECTABLE = `
  FROM dead_letters d
  CROSS JOIN batches b ON b.id = d.batch_id
  CROSS JOIN jobs j ON j.batch_id = d.batch_id AND j.line = d.line
  WHERE d.target = ? AND d.state = 'open' AND j.state = 'dead'`;

export type Replayable = {
  readonly selected: number;
  /** Left out because their batch was cancelled. */
  readonly cancelled: number;
  readonly newestLetter: number;
};

/** What the filter selects now. */
export async function countReplayable(db: Db, target: string, filter: DeadLetterFilter): Promise<Replayable> {
  const where = whereOf(filter);
  const { rows } = await db.run(
    sql(
      `SELECT count(*) FILTER (WHERE b.state <> 'cancelled') AS selected,
         count(*) FILTER (WHERE b.state = 'cancelled') AS cancelled,
         coalesce(max(d.id), 0) AS newestLetter ${SELECTABLE}${where.text}`,
      target,
      ...where.params,
    ),
  );
  return z.object({ selected: z.number(), cancelled: z.number(), newestLetter: z.number() }).parse(rows[0]);
}

/**
 * Puts every selected dead letter's job back to `pending`: no attempt spent, claims and outputs kept. In
 * pieces, because a million at once would take D1 past its 30 s; each piece is one transaction over letters
 * that are still open, so that doing any of it twice changes nothing.
 * @returns how many jobs were put back.
 */
export async function replayJobs(db: Db, replay: NewReplay): Promise<number> {
  await db.run(recordReplay(replay));
  let after = 0;
  for (;;) {
    const letters = await selectLetters(db, replay, after);
    const last = letters.at(-1);
    if (last === undefined) break;
    await db.batch(replayLetters(replay, JSON.stringify(letters)));
    if (letters.length < LIMITS.replayPiece) break;
    after = last;
  }
  const { rows } = await db.run(sql("SELECT selected FROM replays WHERE id = ?1", replay.id));
  return z.object({ selected: z.number() }).parse(rows[0]).selected;
}

const recordReplay = ({ id, target, filter, now }: NewReplay): Statement =>
  sql(
    `INSERT INTO replays (id, target, filter, selected, created_at)
     VALUES (?1, ?2, ?3, 0, ?4) ON CONFLICT (id) DO NOTHING`,
    id,
    target,
    JSON.stringify(filter),
    now,
  );

async function selectLetters(db: Db, replay: NewReplay, after: number): Promise<number[]> {
  const where = whereOf(replay.filter);
  const { rows } = await db.run(
    sql(
      `SELECT d.id ${SELECTABLE} AND b.state <> 'cancelled' AND d.id > ? AND d.id <= ?${where.text}
       ORDER BY d.id LIMIT ?`,
      replay.target,
      after,
      replay.newestLetter,
      ...where.params,
      LIMITS.replayPiece,
    ),
  );
  return rows.map((row) => z.object({ id: z.number() }).parse(row).id);
}

/** What of a piece is still to be done. ?1 the letters' ids as JSON. */
const PIECE = `
  FROM json_each(?1) k
  CROSS JOIN dead_letters d ON d.id = k.value
  CROSS JOIN batches b ON b.id = d.batch_id
  CROSS JOIN jobs j ON j.batch_id = d.batch_id AND j.line = d.line
  WHERE d.state = 'open' AND j.state = 'dead' AND b.state <> 'cancelled'`;

/**
 * The counters go first, because their change is computed from what is still to be done; the letters last,
 * because they are what makes a piece still to be done. A finished batch runs again, and its trial, if it was one,
 * is over; a paused or halted one keeps its state, and its jobs wait for `resume`. A trial's row is to be sent
 * once more. The speed is measured anew: what is done has become less. `rescues` begins again with the attempts: else the first
 * crash after a replay would bury the job as `job.crashed`.
 */
const replayLetters = ({ id, now }: NewReplay, letters: string): Statement[] => [
  sql(`UPDATE replays SET selected = selected + (SELECT count(*) ${PIECE}) WHERE id = ?2`, letters, id),
  sql(
    `INSERT INTO replay_jobs (replay_id, batch_id, line) SELECT ?2, d.batch_id, d.line ${PIECE}`,
    letters,
    id,
  ),
  sql(
    `UPDATE batches SET dead = dead - c.n, pending = pending + c.n,
       dispatch_line = min(dispatch_line, c.first_line),
       trial_left = CASE state WHEN 'finished' THEN NULL ELSE trial_left + c.n END, rate_mark_at = 0,
       run_epoch = run_epoch + (state = 'finished'),
       finished_at = CASE state WHEN 'finished' THEN NULL ELSE finished_at END,
       state = CASE state WHEN 'finished' THEN 'running' ELSE state END
     FROM (SELECT d.batch_id, count(*) AS n, min(d.line) AS first_line ${PIECE} GROUP BY d.batch_id) AS c
     WHERE batches.id = c.batch_id`,
    letters,
  ),
  sql(
    `UPDATE jobs SET state = 'pending', attempt = 0, rescues = 0, error = NULL, scheduled_at = NULL, state_at = ?2
     WHERE (batch_id, line) IN (SELECT d.batch_id, d.line ${PIECE})`,
    letters,
    now,
  ),
  sql(
    `UPDATE dead_letters SET state = 'replayed'
     WHERE id IN (SELECT value FROM json_each(?1)) AND state = 'open'
       AND EXISTS (SELECT 1 FROM replay_jobs r WHERE r.replay_id = ?2
         AND r.batch_id = dead_letters.batch_id AND r.line = dead_letters.line)`,
    letters,
    id,
  ),
];

const ReplayCounts = z.object({
  id: z.string(),
  selected: z.number(),
  completed: z.number(),
  dead: z.number(),
  cancelled: z.number(),
});

/** Reads as many rows as the replay selected: a replay is watched by few and not for long. */
export async function readReplay(db: Db, target: string, id: string): Promise<ReplayRow | null> {
  const { rows } = await db.run(
    sql(
      `SELECT r.id, r.selected,
         count(*) FILTER (WHERE j.state = 'completed') AS completed,
         count(*) FILTER (WHERE j.state = 'dead') AS dead,
         count(*) FILTER (WHERE j.state = 'cancelled') AS cancelled
       FROM replays r
       LEFT JOIN replay_jobs k ON k.replay_id = r.id
       LEFT JOIN jobs j ON j.batch_id = k.batch_id AND j.line = k.line
       WHERE r.id = ?1 AND r.target = ?2 GROUP BY r.id`,
      id,
      target,
    ),
  );
  if (!rows[0]) return null;
  const { selected, completed, dead, cancelled } = ReplayCounts.parse(rows[0]);
  return { id, selected, completed, deadAgain: dead, done: completed + dead + cancelled };
}
