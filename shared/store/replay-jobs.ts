/**
 * What a replay does to jobs: puts them back to work, and takes back what has not begun where it is aborted. Each is
 * one transaction over a piece, computed from what is still to be done, so that doing any of it twice changes nothing.
 */
import * as z from "zod";
import { LIMITS } from "../limits.ts";
import { type Db, type Statement, sql } from "./db.ts";
import { finishBatches } from "./settle.ts";

type Piece = { readonly id: string; readonly from: number; readonly to: number; readonly now: number };

/**
 * Puts up to `limit` more of a replay's jobs back to `pending`: no attempt spent, claims and outputs kept. A letter
 * that is no longer open (discarded meanwhile, say), or whose batch was cancelled, is left out.
 * @returns how many letters were done with; 0: none is left to be put back, or somebody else is at it.
 */
export async function putBackLetters(
  db: Db,
  given: { id: string; limit: number; now: number },
): Promise<number> {
  const { rows } = await db.run(
    sql(
      `SELECT r.put_to, count(k.letter_id) AS n, max(k.letter_id) AS last FROM replays r
       LEFT JOIN (SELECT letter_id FROM replay_jobs WHERE replay_id = ?1 AND state = 'waiting'
           AND letter_id > (SELECT put_to FROM replays WHERE id = ?1) ORDER BY letter_id LIMIT ?2) k
       WHERE r.id = ?1 AND r.state = 'running'`,
      given.id,
      given.limit,
    ),
  );
  const Next = z.object({ put_to: z.number(), n: z.number(), last: z.number() });
  const next = Next.safeParse(rows[0]);
  if (!next.success) return 0;
  const piece = { id: given.id, from: next.data.put_to, to: next.data.last, now: given.now };
  const results = await db.batch(putBackPiece(piece));
  return (results.at(-1)?.changes ?? 0) > 0 ? next.data.n : 0;
}

/** ?1 replay, ?2 and ?3 the piece's bounds. */
const IN_PIECE = "k.replay_id = ?1 AND k.letter_id > ?2 AND k.letter_id <= ?3";
const IS_NEXT = "EXISTS (SELECT 1 FROM replays r WHERE r.id = ?1 AND r.state = 'running' AND r.put_to = ?2)";

/** `back` with a letter that is open is what this transaction has still to do. */
const TAKEN = `
  FROM replay_jobs k
  CROSS JOIN dead_letters d ON d.id = k.letter_id
  CROSS JOIN jobs j ON j.batch_id = d.batch_id AND j.line = d.line
  WHERE ${IN_PIECE} AND k.state = 'back' AND d.state = 'open' AND j.state = 'dead'`;

/**
 * The counters go before the jobs, because their change is computed from what is still to be done; the letters last,
 * because they are what makes a piece still to be done. A finished batch runs again, and its trial, if it was one,
 * is over; a paused or halted one keeps its state, and its jobs wait for `resume`. A trial's row is to be sent
 * once more. The speed is measured anew: what is done has become less. `rescues` begins again with the attempts:
 * else the first crash after a replay would bury the job as `job.crashed`.
 */
function putBackPiece({ id, from, to, now }: Piece): Statement[] {
  const piece = [id, from, to] as const;
  return [
    sql(
      `UPDATE replay_jobs AS k SET state = CASE WHEN EXISTS (SELECT 1 FROM dead_letters d
           CROSS JOIN batches b ON b.id = d.batch_id
           CROSS JOIN jobs j ON j.batch_id = d.batch_id AND j.line = d.line
           WHERE d.id = k.letter_id AND d.state = 'open' AND j.state = 'dead' AND b.state <> 'cancelled')
         THEN 'back' ELSE 'left' END
       WHERE ${IN_PIECE} AND k.state = 'waiting' AND ${IS_NEXT}`,
      ...piece,
    ),
    sql(
      `UPDATE batches SET dead = dead - c.n, pending = pending + c.n,
         dispatch_line = min(dispatch_line, c.first_line),
         trial_left = CASE state WHEN 'finished' THEN NULL ELSE trial_left + c.n END, rate_mark_at = 0,
         run_epoch = run_epoch + (state = 'finished'),
         finished_at = CASE state WHEN 'finished' THEN NULL ELSE finished_at END,
         state = CASE state WHEN 'finished' THEN 'running' ELSE state END
       FROM (SELECT d.batch_id, count(*) AS n, min(d.line) AS first_line ${TAKEN} GROUP BY d.batch_id) AS c
       WHERE batches.id = c.batch_id`,
      ...piece,
    ),
    sql(
      `UPDATE jobs SET state = 'pending', attempt = 0, rescues = 0, error = NULL, scheduled_at = NULL, state_at = ?4
       WHERE (batch_id, line) IN (SELECT d.batch_id, d.line ${TAKEN})`,
      ...piece,
      now,
    ),
    sql(
      `UPDATE dead_letters SET state = 'replayed' WHERE state = 'open'
         AND id IN (SELECT k.letter_id FROM replay_jobs k WHERE ${IN_PIECE} AND k.state = 'back')`,
      ...piece,
    ),
    sql(
      `UPDATE replays SET put_to = ?3, moved_at = ?4,
         put_back = put_back + (SELECT count(*) FROM replay_jobs k WHERE ${IN_PIECE} AND k.state = 'back'),
         left_out = left_out + (SELECT count(*) FROM replay_jobs k WHERE ${IN_PIECE} AND k.state = 'left')
       WHERE id = ?1 AND state = 'running' AND put_to = ?2`,
      ...piece,
      now,
    ),
  ];
}

/** A replay's job that has not begun: nobody has its message yet. */
const NOT_BEGUN = `
  FROM json_each(?2) m
  CROSS JOIN replay_jobs k ON k.replay_id = ?1 AND k.letter_id = m.value
  CROSS JOIN dead_letters d ON d.id = k.letter_id
  CROSS JOIN jobs j ON j.batch_id = d.batch_id AND j.line = d.line
  CROSS JOIN batches b ON b.id = j.batch_id
  WHERE k.state = 'back' AND b.state <> 'cancelled'`;

/**
 * Ends a replay: what waits is left as it is, and what was put back and has not begun is dead again as it was, its
 * letter open. What is queued or running goes on: nobody can call it back.
 * @returns false where it was over already.
 */
export async function abortReplay(
  db: Db,
  given: { id: string; target: string; now: number },
): Promise<boolean> {
  const [stopped] = await db.batch([
    sql(
      "UPDATE replays SET state = 'aborted', moved_at = ?3 WHERE id = ?1 AND target = ?2 AND state <> 'finished' RETURNING id",
      given.id,
      given.target,
      given.now,
    ),
    sql(
      `UPDATE replays SET left_out = left_out + n.n, selected = put_back + left_out + n.n
       FROM (SELECT count(*) AS n FROM replay_jobs WHERE replay_id = ?1 AND state = 'waiting') n
       WHERE id = ?1 AND target = ?2 AND state = 'aborted'`,
      given.id,
      given.target,
    ),
    sql(
      `UPDATE replay_jobs SET state = 'left' WHERE replay_id = ?1 AND state = 'waiting'
         AND EXISTS (SELECT 1 FROM replays r WHERE r.id = ?1 AND r.target = ?2 AND r.state = 'aborted')`,
      given.id,
      given.target,
    ),
  ]);
  if (stopped?.rows.length !== 1) return false;
  for (let after = 0; ; ) {
    const { letters, batchIds } = await listNotBegun(db, given.id, after);
    const last = letters.at(-1);
    if (last === undefined) return true;
    const batches = JSON.stringify(batchIds);
    await db.batch([...takeBack(given.id, letters, given.now), finishBatches(batches, given.now)]);
    after = last;
  }
}

type NotBegun = { readonly letters: readonly number[]; readonly batchIds: readonly string[] };

async function listNotBegun(db: Db, id: string, after: number): Promise<NotBegun> {
  const { rows } = await db.run(
    sql(
      `SELECT k.letter_id, k.batch_id FROM replay_jobs k INDEXED BY replay_jobs_back
       CROSS JOIN jobs j ON j.batch_id = k.batch_id AND j.line = k.line
       WHERE k.replay_id = ?1 AND k.state = 'back' AND k.letter_id > ?2 AND j.state = 'pending'
       ORDER BY k.letter_id LIMIT ?3`,
      id,
      after,
      LIMITS.replayPiece,
    ),
  );
  return {
    letters: rows.map(({ letter_id }) => Number(letter_id)),
    batchIds: [...new Set(rows.map(({ batch_id }) => String(batch_id)))],
  };
}

/** Each statement asks for what the one before has left to do; the replay's own row is the last to know. */
function takeBack(id: string, letters: readonly number[], now: number): Statement[] {
  const given = [id, JSON.stringify(letters)] as const;
  const pending = `${NOT_BEGUN} AND j.state = 'pending'`;
  return [
    sql(
      `UPDATE batches SET pending = pending - c.n, dead = dead + c.n, trial_left = max(0, trial_left - c.n),
         rate_mark_at = 0
       FROM (SELECT d.batch_id, count(*) AS n ${pending} AND d.state = 'replayed' GROUP BY d.batch_id) c
       WHERE batches.id = c.batch_id`,
      ...given,
    ),
    sql(
      `UPDATE dead_letters SET state = 'open' WHERE id IN (SELECT d.id ${pending} AND d.state = 'replayed')`,
      ...given,
    ),
    sql(
      `UPDATE jobs SET state = 'dead', attempt = c.attempts, state_at = ?3, error = c.error
       FROM (SELECT d.batch_id, d.line, d.attempts, json_object('step', d.step, 'code', d.code, 'message', d.message,
           'next', d.next, 'httpStatus', d.http_status, 'retryable', json('false')) AS error
         ${pending} AND d.state = 'open') c
       WHERE jobs.batch_id = c.batch_id AND jobs.line = c.line`,
      ...given,
      now,
    ),
    sql(
      `UPDATE replays SET put_back = put_back - c.n, left_out = left_out + c.n
       FROM (SELECT count(*) AS n ${NOT_BEGUN} AND j.state = 'dead' AND d.state = 'open') c WHERE replays.id = ?1`,
      ...given,
    ),
    sql(
      `UPDATE replay_jobs SET state = 'left'
       WHERE replay_id = ?1 AND letter_id IN (SELECT k.letter_id ${NOT_BEGUN} AND j.state = 'dead' AND d.state = 'open')`,
      ...given,
    ),
  ];
}
