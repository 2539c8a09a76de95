/** Dead letters that nobody will replay: marked, and after their days taken away. */
import * as z from "zod";
import { LIMITS } from "../limits.ts";
import { type Db, sql } from "./db.ts";
import { type DeadLetterFilter, whereOf } from "./dead-letter-filter.ts";

const Found = z.object({ n: z.number(), oldest: z.number(), newest: z.number() });
export type Discardable = z.infer<typeof Found>;

/** What the filter finds open now. Also what cannot be replayed: a platform's orphan, or of a cancelled batch. */
export async function countDiscardable(
  db: Db,
  target: string,
  filter: DeadLetterFilter,
): Promise<Discardable> {
  const where = whereOf(filter);
  const { rows } = await db.run(
    sql(
      `SELECT count(*) AS n, coalesce(min(d.id), 0) AS oldest, coalesce(max(d.id), 0) AS newest
       FROM dead_letters d WHERE d.target = ? AND d.state = 'open'${where.text}`,
      target,
      ...where.params,
    ),
  );
  return Found.parse(rows[0]);
}

/**
 * Marks open letters that match and were there at the call; their jobs stay dead, and counted as such. In pieces by
 * id, each of which looks only for what is still open.
 * @returns how many were marked.
 */
export async function discardLetters(
  db: Db,
  given: { target: string; filter: DeadLetterFilter; oldest: number; newest: number },
): Promise<number> {
  const where = whereOf(given.filter);
  let discarded = 0;
  for (let from = given.oldest - 1; from < given.newest; from += LIMITS.selectionPiece) {
    const { changes } = await db.run(
      sql(
        `UPDATE dead_letters SET state = 'discarded' WHERE state = 'open' AND id IN (
           SELECT d.id FROM dead_letters d WHERE d.target = ? AND d.state = 'open' AND d.id > ? AND d.id <= ?${where.text})`,
        given.target,
        from,
        Math.min(given.newest, from + LIMITS.selectionPiece),
        ...where.params,
      ),
    );
    discarded += changes;
  }
  return discarded;
}

/**
 * Takes away letters from before a time, up to `limit`. An open one stays as long as its batch is not over: it may be
 * all that somebody has to go on with. Edits stay with their batch: a row's next edit builds on the one before.
 * @returns how many were taken away.
 */
export async function pruneLetters(
  db: Db,
  given: { target: string; before: number; limit: number },
): Promise<number> {
  const { rows } = await db.run(
    sql(
      `SELECT id FROM (
         SELECT d.id, d.created_at FROM dead_letters d
         WHERE d.target = ?1 AND d.state IN ('replayed', 'discarded') AND d.created_at < ?2
         UNION ALL
         SELECT d.id, d.created_at FROM dead_letters d LEFT JOIN batches b ON b.id = d.batch_id
         WHERE d.target = ?1 AND d.state = 'open' AND d.created_at < ?2
           AND coalesce(b.state, 'finished') IN ('finished', 'cancelled'))
       ORDER BY created_at LIMIT ?3`,
      given.target,
      given.before,
      given.limit,
    ),
  );
  if (rows.length === 0) return 0;
  const { changes } = await db.run(
    sql(
      "DELETE FROM dead_letters WHERE id IN (SELECT value FROM json_each(?1)) AND created_at < ?2",
      JSON.stringify(rows.map(({ id }) => id)),
      given.before,
    ),
  );
  return changes;
}

/** Takes away replays that ended before a time, a piece of their letters at a time. @returns how many rows went. */
export async function pruneReplays(
  db: Db,
  given: { target: string; before: number; limit: number },
): Promise<number> {
  const over = `SELECT id FROM replays WHERE target = ?1 AND state IN ('finished', 'aborted') AND ended_at < ?2`;
  const [letters, replays] = await db.batch([
    sql(
      `DELETE FROM replay_jobs WHERE (replay_id, letter_id) IN (SELECT k.replay_id, k.letter_id
         FROM (${over}) o CROSS JOIN replay_jobs k ON k.replay_id = o.id LIMIT ?3)`,
      given.target,
      given.before,
      given.limit,
    ),
    sql(
      `DELETE FROM replays WHERE id IN (${over})
         AND NOT EXISTS (SELECT 1 FROM replay_jobs k WHERE k.replay_id = replays.id)`,
      given.target,
      given.before,
    ),
  ]);
  return (letters?.changes ?? 0) + (replays?.changes ?? 0);
}
