/** How far replays have come: counted from what became of their jobs, never guessed, and each job once. */
import { LIMITS, SECOND } from "../limits.ts";
import { type Db, type Statement, sql } from "./db.ts";
import { type ReplayRow, readReplayRow } from "./replays.ts";

/**
 * A replay as it is now: what its jobs have come to is counted first, where enough time has gone by for so many.
 * A job counts by what became of it after this replay: one that died again and was replayed by somebody else since
 * has died again here for good.
 */
export async function readReplay(db: Db, target: string, id: string, now: number): Promise<ReplayRow | null> {
  const row = await readReplayRow(db, target, id);
  if (row === null || row.state === "selecting") return row;
  const open = row.put_back - row.completed - row.dead_again - row.cancelled;
  const rest = row.put_back + row.left_out === row.selected;
  if (open === 0 && (!rest || row.ended_at !== null)) return row;
  if (open > 0 && now - row.counted_at < (open / LIMITS.replayCountsPerSecond) * SECOND) return row;
  // Nothing to mark while nothing has ended: a large replay that has just begun is asked for most.
  const { rows } = await db.run(sql(`SELECT 1 FROM (${ENDED}) WHERE ended IS NOT NULL LIMIT 1`, id));
  const marks = rows.length > 0 ? [countEnded(id, now), markEnded(id)] : [touchCounted(id, now)];
  await db.batch([...marks, endReplay(id, now)]);
  return readReplayRow(db, target, id);
}

/** What became of the jobs that are under way. A later letter says that a job died, whatever it is by now. */
const ENDED = `
  SELECT k.letter_id, CASE
      WHEN EXISTS (SELECT 1 FROM dead_letters n WHERE n.batch_id = k.batch_id AND n.line = k.line AND n.id > k.letter_id)
        THEN 'dead'
      WHEN j.state IN ('completed', 'dead', 'cancelled') THEN j.state END AS ended
  FROM replay_jobs k INDEXED BY replay_jobs_back
  CROSS JOIN jobs j ON j.batch_id = k.batch_id AND j.line = k.line
  WHERE k.replay_id = ?1 AND k.state = 'back'`;

const touchCounted = (id: string, now: number): Statement =>
  sql("UPDATE replays SET counted_at = ?2 WHERE id = ?1", id, now);

const countEnded = (id: string, now: number): Statement =>
  sql(
    `UPDATE replays SET completed = completed + e.c, dead_again = dead_again + e.d, cancelled = cancelled + e.x,
       counted_at = ?2
     FROM (SELECT count(*) FILTER (WHERE ended = 'completed') AS c, count(*) FILTER (WHERE ended = 'dead') AS d,
       count(*) FILTER (WHERE ended = 'cancelled') AS x FROM (${ENDED})) e
     WHERE replays.id = ?1`,
    id,
    now,
  );

const markEnded = (id: string): Statement =>
  sql(
    `UPDATE replay_jobs SET state = e.ended FROM (${ENDED}) e
     WHERE replay_jobs.replay_id = ?1 AND replay_jobs.letter_id = e.letter_id AND e.ended IS NOT NULL`,
    id,
  );

const endReplay = (id: string, now: number): Statement =>
  sql(
    `UPDATE replays SET state = CASE state WHEN 'running' THEN 'finished' ELSE state END, ended_at = ?2
     WHERE id = ?1 AND ended_at IS NULL AND state <> 'selecting' AND put_back + left_out = selected
       AND completed + dead_again + cancelled = put_back`,
    id,
    now,
  );

/** How many of a replay's jobs wait in batches that do not run: they go on when somebody resumes those. */
export async function countResting(db: Db, id: string): Promise<number> {
  const { rows } = await db.run(
    sql(
      `SELECT count(*) AS n FROM replay_jobs k INDEXED BY replay_jobs_back
       CROSS JOIN batches b ON b.id = k.batch_id
       WHERE k.replay_id = ?1 AND k.state = 'back' AND b.state IN ('paused', 'halted')`,
      id,
    ),
  );
  return Number(rows[0]?.n ?? 0);
}

/** Those that should have moved and have not since: their message was lost, with a crash or on the way. */
export async function listStalledReplays(
  db: Db,
  given: { target: string; before: number; startedAt: number; limit: number },
): Promise<string[]> {
  const { rows } = await db.run(
    sql(
      `SELECT id FROM replays WHERE target = ?1 AND state IN ('selecting', 'running')
         AND (state = 'selecting' OR put_back + left_out < selected) AND (moved_at <= ?2 OR moved_at < ?3)
       ORDER BY id LIMIT ?4`,
      given.target,
      given.before,
      given.startedAt,
      given.limit,
    ),
  );
  return rows.map(({ id }) => String(id));
}

/** Those that put nothing more back, and whose end nobody has asked for. */
export async function listRunningReplays(db: Db, target: string, limit: number): Promise<string[]> {
  const { rows } = await db.run(
    sql(
      `SELECT id FROM replays WHERE target = ?1 AND state IN ('running', 'aborted') AND ended_at IS NULL
         AND put_back + left_out = selected
       ORDER BY counted_at LIMIT ?2`,
      target,
      limit,
    ),
  );
  return rows.map(({ id }) => String(id));
}
