/**
 * Refreshes of what indexers know: a walk over jobs in pieces, each piece a task at Sequence. Where the walk stands is
 * in `place`, moved by statements that name where it stood; a piece that is asked for twice does no harm.
 */
import * as z from "zod";
import { json } from "./columns.ts";
import { type Db, sql } from "./db.ts";

/** What is left of the walk. `task`: the piece under way, and where the walk goes on behind it. */
export const Place = z.object({
  contracts: z.array(z.object({ chainId: z.number(), contractAddress: z.string() })),
  /** Which of them is next for the piece that begins behind `batch`, `line`. */
  contract: z.number(),
  batch: z.string(),
  line: z.number(),
  /** Only what has been written since; epoch ms. */
  since: z.number(),
  task: z
    .object({ id: z.number(), tokens: z.number(), contract: z.number(), batch: z.string(), line: z.number() })
    .nullable(),
  tries: z.number(),
});
export type Place = z.infer<typeof Place>;

const RefreshError = z.object({ code: z.string(), message: z.string(), next: z.string() });
export type RefreshError = z.infer<typeof RefreshError>;

const RefreshRow = z.object({
  id: z.string(),
  collection_id: z.number(),
  batch_id: z.string().nullable(),
  state: z.enum(["running", "finished", "halted"]),
  place: z.string(),
  tokens: z.number(),
  done: z.number(),
  failed: z.number(),
  error: json(RefreshError).nullable(),
  created_at: z.number(),
  finished_at: z.number().nullable(),
});
export type RefreshRow = z.infer<typeof RefreshRow>;

const COLUMNS = Object.keys(RefreshRow.shape).join(", ");

export type NewRefresh = {
  readonly id: string;
  readonly target: string;
  readonly collectionId: number;
  /** Null: whatever has changed since the last refresh of the collection that came to its end. */
  readonly batchId: string | null;
  readonly contracts: Place["contracts"];
  readonly now: number;
};

/** Begins one, unless the same is running. @returns the one that runs now. */
export async function insertRefresh(db: Db, given: NewRefresh): Promise<RefreshRow> {
  const { target, collectionId, batchId } = given;
  const running = `FROM refreshes WHERE target = ?1 AND collection_id = ?2 AND state = 'running' AND batch_id IS ?3`;
  const place: Place = {
    ...{ contracts: given.contracts, contract: 0, batch: "", line: 0, since: 0, task: null, tries: 0 },
  };
  const [, found] = await db.batch([
    sql(
      `INSERT INTO refreshes (id, target, collection_id, batch_id, state, place, moved_at, created_at)
       SELECT ?4, ?1, ?2, ?3, 'running', json_set(?5, '$.since', CASE WHEN ?3 IS NOT NULL THEN 0 ELSE
         coalesce((SELECT max(created_at) FROM refreshes WHERE target = ?1 AND collection_id = ?2
           AND batch_id IS NULL AND state = 'finished' AND failed = 0), 0) END), ?6, ?6
       WHERE NOT EXISTS (SELECT 1 ${running}) ON CONFLICT DO NOTHING`,
      target,
      collectionId,
      batchId,
      given.id,
      JSON.stringify(place),
      given.now,
    ),
    sql(`SELECT ${COLUMNS} ${running} LIMIT 1`, target, collectionId, batchId),
  ]);
  return RefreshRow.parse(found?.rows[0]);
}

export async function readRefresh(db: Db, target: string, id: string): Promise<RefreshRow | null> {
  const { rows } = await db.run(
    sql(`SELECT ${COLUMNS} FROM refreshes WHERE id = ?1 AND target = ?2`, id, target),
  );
  return rows[0] ? RefreshRow.parse(rows[0]) : null;
}

export type RefreshMove = {
  readonly to: Place;
  readonly now: number;
  readonly add?: { readonly tokens?: number; readonly done?: number; readonly failed?: number };
  readonly end?: "finished" | "halted";
  readonly error?: RefreshError | null;
};

/** From the place at which the step found it. @returns whether it still stood there. */
export async function moveRefresh(
  db: Db,
  at: Pick<RefreshRow, "id" | "place">,
  move: RefreshMove,
): Promise<boolean> {
  const { tokens = 0, done = 0, failed = 0 } = move.add ?? {};
  const { changes } = await db.run(
    sql(
      `UPDATE refreshes SET place = ?3, moved_at = ?4, tokens = tokens + ?5, done = done + ?6, failed = failed + ?7,
         state = coalesce(?8, state), finished_at = CASE WHEN ?8 IS NULL THEN NULL ELSE ?4 END, error = ?9
       WHERE id = ?1 AND place = ?2 AND state = 'running'`,
      at.id,
      at.place,
      JSON.stringify(move.to),
      move.now,
      tokens,
      done,
      failed,
      move.end ?? null,
      move.error ? JSON.stringify(move.error) : null,
    ),
  );
  return changes > 0;
}

export type Piece = {
  readonly tokenIds: readonly string[];
  /** Where the next piece begins. */
  readonly batch: string;
  readonly line: number;
  readonly isLast: boolean;
};

/**
 * The next tokens that jobs have made, changed, published or hidden. One batch at a time, by its primary key; where it
 * has none left, the piece is empty and the next one begins with the batch after it.
 */
export async function readChanged(
  db: Db,
  given: {
    target: string;
    collectionId: number;
    batchId: string | null;
    at: Pick<Place, "batch" | "line" | "since">;
    limit: number;
  },
): Promise<Piece> {
  const { target, collectionId, batchId, at, limit } = given;
  const batch =
    at.batch || (await batchAfter(db, { target, collectionId, batchId, after: "", since: at.since }));
  if (batch === null) return { tokenIds: [], batch: at.batch, line: at.line, isLast: true };
  const { rows } = await db.run(
    sql(
      `SELECT line, token_id FROM jobs WHERE batch_id = ?1 AND line > ?2 AND state = 'completed'
         AND outcome IN ('created', 'updated') AND state_at >= ?3 ORDER BY line LIMIT ?4`,
      batch,
      at.line,
      at.since,
      limit,
    ),
  );
  const tokenIds = rows.map((row) => String(row.token_id));
  if (rows.length === limit) return { tokenIds, batch, line: Number(rows.at(-1)?.line), isLast: false };
  const next =
    batchId === null
      ? await batchAfter(db, { target, collectionId, batchId, after: batch, since: at.since })
      : null;
  return {
    tokenIds,
    batch: next ?? batch,
    line: next === null ? Number(rows.at(-1)?.line ?? at.line) : 0,
    isLast: next === null,
  };
}

/** Batches that could have changed something since: those that were over before are left out. */
async function batchAfter(
  db: Db,
  given: { target: string; collectionId: number; batchId: string | null; after: string; since: number },
): Promise<string | null> {
  if (given.batchId !== null) return given.batchId;
  const { rows } = await db.run(
    sql(
      `SELECT id FROM batches WHERE id > ?3 AND target = ?1 AND collection_id = ?2 AND started_at IS NOT NULL
         AND kind <> 'verify' AND coalesce(finished_at, ?4) >= ?4 ORDER BY id LIMIT 1`,
      given.target,
      given.collectionId,
      given.after,
      given.since,
    ),
  );
  return rows[0] ? String(rows[0].id) : null;
}

/** Running refreshes that nobody has moved for a while, or since before this process began. */
export async function listStalledRefreshes(
  db: Db,
  given: { target: string; now: number; before: number; startedAt: number },
): Promise<string[]> {
  const { rows } = await db.run(
    sql(
      `UPDATE refreshes SET moved_at = ?4
       WHERE target = ?1 AND state = 'running' AND (moved_at <= ?2 OR moved_at < ?3) RETURNING id`,
      given.target,
      given.before,
      given.startedAt,
      given.now,
    ),
  );
  return rows.map((row) => String(row.id));
}
