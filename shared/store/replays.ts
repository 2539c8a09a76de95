/**
 * Replays as objects: what is selected, frozen at the call. Who puts the jobs back and takes them back:
 * `replay-jobs.ts`; how far each has come: `replay-progress.ts`.
 */
import * as z from "zod";
import { LIMITS } from "../limits.ts";
import { json } from "./columns.ts";
import { type Db, type Statement, sql } from "./db.ts";
import { DeadLetterFilter, whereOf } from "./dead-letter-filter.ts";
import { putBackLetters } from "./replay-jobs.ts";

/** A selection that is frozen: letters that match and are there already, so none that came of the replay itself. */
export type NewReplay = {
  readonly id: string;
  readonly target: string;
  readonly filter: DeadLetterFilter;
  /** The newest and the oldest letter that count, as `countReplayable` found them. */
  readonly newestLetter: number;
  readonly oldestLetter?: number;
  /** Jobs put back a second; null: at once. */
  readonly perSecond?: number | null;
  readonly by?: string;
  readonly now: number;
};

const ReplayRow = z.object({
  id: z.string(),
  target: z.string(),
  filter: json(DeadLetterFilter),
  state: z.enum(["selecting", "running", "finished", "aborted"]),
  per_second: z.number().nullable(),
  created_by: z.string(),
  newest_letter: z.number(),
  selected_to: z.number(),
  selected: z.number(),
  put_to: z.number(),
  put_back: z.number(),
  left_out: z.number(),
  completed: z.number(),
  dead_again: z.number(),
  cancelled: z.number(),
  counted_at: z.number(),
  created_at: z.number(),
  ended_at: z.number().nullable(),
});
/** One replay. `put_back` of `selected` were put back, `left_out` never will be; of the former the three counts ended. */
export type ReplayRow = z.infer<typeof ReplayRow>;
const COLUMNS = Object.keys(ReplayRow.shape).join(", ");

/**
 * Open letters whose job is there and dead, and that no other replay is about to put back; a platform's orphan has
 * none and cannot be replayed. From the letters to the jobs: left to itself SQLite would read all jobs of a named
 * batch and look for a letter of each.
 */
const SELECTABLE = `dead_letters d
  CROSS JOIN batches b ON b.id = d.batch_id
  CROSS JOIN jobs j ON j.batch_id = d.batch_id AND j.line = d.line
  WHERE d.target = ? AND d.state = 'open' AND j.state = 'dead'
    AND NOT EXISTS (SELECT 1 FROM replay_jobs w WHERE w.letter_id = d.id AND w.state = 'waiting')`;

export type Replayable = {
  readonly selected: number;
  /** Left out because their batch was cancelled. */
  readonly cancelled: number;
  readonly oldestLetter: number;
  readonly newestLetter: number;
};

/** What the filter selects now. */
export async function countReplayable(db: Db, target: string, filter: DeadLetterFilter): Promise<Replayable> {
  const where = whereOf(filter);
  const { rows } = await db.run(
    sql(
      `SELECT count(*) FILTER (WHERE b.state <> 'cancelled') AS selected,
         count(*) FILTER (WHERE b.state = 'cancelled') AS cancelled,
         coalesce(min(d.id), 0) AS oldestLetter, coalesce(max(d.id), 0) AS newestLetter FROM ${SELECTABLE}${where.text}`,
      target,
      ...where.params,
    ),
  );
  const Counted = z.object({
    selected: z.number(),
    cancelled: z.number(),
    oldestLetter: z.number(),
    newestLetter: z.number(),
  });
  return Counted.parse(rows[0]);
}

/**
 * Bounds for a selection that nobody needs counted beforehand: to count a hundred thousand letters takes as long as to
 * select them. Null where it must be counted, because who names letters of a cancelled batch is told how many.
 */
export async function selectionBounds(
  db: Db,
  target: string,
  { batchId, jobs }: DeadLetterFilter,
): Promise<Pick<Replayable, "oldestLetter" | "newestLetter"> | null> {
  if (jobs !== undefined) return null;
  const { rows } = await db.run(
    sql(
      `SELECT coalesce((SELECT min(id) FROM dead_letters), 0) AS oldestLetter,
         coalesce((SELECT max(id) FROM dead_letters), 0) AS newestLetter,
         EXISTS (SELECT 1 FROM batches WHERE id = ?2 AND target = ?1 AND state = 'cancelled') AS isCancelled`,
      target,
      batchId ?? "",
    ),
  );
  const Bounds = z.object({ oldestLetter: z.number(), newestLetter: z.number(), isCancelled: z.number() });
  const { isCancelled, ...bounds } = Bounds.parse(rows[0]);
  return isCancelled === 1 ? null : bounds;
}

/**
 * Writes the replay down and freezes its selection: nothing is put back yet. Done twice it is done once.
 * @returns how many letters were selected.
 */
export async function selectReplay(db: Db, replay: NewReplay): Promise<number> {
  await db.run(recordReplay(replay));
  const row = await readReplayRow(db, replay.target, replay.id);
  return row === null ? 0 : goOnSelecting(db, row);
}

/** Also where the request that began the selection was cut off. */
export async function goOnSelecting(db: Db, row: ReplayRow): Promise<number> {
  for (let from = row.selected_to; from < row.newest_letter; from += LIMITS.selectionPiece) {
    await db.batch(selectPiece(row, from, Math.min(row.newest_letter, from + LIMITS.selectionPiece)));
  }
  const { rows } = await db.run(
    sql(
      `UPDATE replays SET selected = CASE state WHEN 'selecting'
           THEN (SELECT count(*) FROM replay_jobs k WHERE k.replay_id = ?1) ELSE selected END,
         state = CASE state WHEN 'selecting' THEN 'running' ELSE state END
       WHERE id = ?1 AND (state <> 'selecting' OR selected_to >= newest_letter) RETURNING selected`,
      row.id,
    ),
  );
  return Number(rows[0]?.selected ?? 0);
}

const recordReplay = (replay: NewReplay): Statement =>
  sql(
    `INSERT INTO replays (id, target, filter, state, per_second, created_by, selected_to, newest_letter, selected,
       created_at, moved_at)
     VALUES (?1, ?2, ?3, 'selecting', ?4, ?5, ?6, min(?7, coalesce((SELECT max(id) FROM dead_letters), 0)), 0, ?8, ?8)
     ON CONFLICT (id) DO NOTHING`,
    replay.id,
    replay.target,
    JSON.stringify(replay.filter),
    replay.perSecond ?? null,
    replay.by ?? "",
    Math.max(0, (replay.oldestLetter ?? 1) - 1),
    replay.newestLetter,
    replay.now,
  );

/** One piece, from the place where it begins: done twice, or by two at once, it selects nothing more. */
function selectPiece({ id, target, filter }: ReplayRow, from: number, to: number): Statement[] {
  const where = whereOf(filter);
  return [
    sql(
      `INSERT INTO replay_jobs (replay_id, letter_id, batch_id, line, state)
       SELECT r.id, d.id, d.batch_id, d.line, 'waiting'
       FROM (SELECT id FROM replays WHERE id = ? AND state = 'selecting' AND selected_to = ?) r
       CROSS JOIN ${SELECTABLE} AND b.state <> 'cancelled'
         AND d.id > ? AND d.id <= ?${where.text}
       ON CONFLICT DO NOTHING`,
      id,
      from,
      target,
      from,
      to,
      ...where.params,
    ),
    sql(
      "UPDATE replays SET selected_to = ?3 WHERE id = ?1 AND state = 'selecting' AND selected_to = ?2",
      id,
      from,
      to,
    ),
  ];
}

/**
 * Selects and puts back at once, whatever the pace: every selected letter's job goes to `pending`, no attempt spent,
 * claims and outputs kept.
 * @returns how many letters the replay selected.
 */
export async function replayJobs(db: Db, replay: NewReplay): Promise<number> {
  const selected = await selectReplay(db, replay);
  while ((await putBackLetters(db, { id: replay.id, limit: LIMITS.replayPiece, now: replay.now })) > 0);
  return selected;
}

export async function readReplayRow(db: Db, target: string, id: string): Promise<ReplayRow | null> {
  const { rows } = await db.run(
    sql(`SELECT ${COLUMNS} FROM replays WHERE id = ?1 AND target = ?2`, id, target),
  );
  return rows[0] ? ReplayRow.parse(rows[0]) : null;
}

/** Newest first. */
export async function listReplays(
  db: Db,
  given: { target: string; before: string | null; limit: number },
): Promise<ReplayRow[]> {
  const { rows } = await db.run(
    sql(
      `SELECT ${COLUMNS} FROM replays WHERE target = ?1 AND (?2 IS NULL OR id < ?2) ORDER BY id DESC LIMIT ?3`,
      given.target,
      given.before,
      given.limit,
    ),
  );
  return rows.map((row) => ReplayRow.parse(row));
}
