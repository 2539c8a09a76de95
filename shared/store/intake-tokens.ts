/**
 * What intake asks about tokens once the whole file is in D1: which rows name the same one, which are upstream
 * already, which have not changed. Each reads the batch by its primary key; there is no index on tokens, because
 * it would cost a row written for every job (design §3).
 */
import * as z from "zod";
import type { JobKey } from "../job/job.ts";
import { type Db, type Statement, sql } from "./db.ts";
import { type IntakeBatch, type Lines, placeParams, STILL_THERE } from "./intake.ts";
import { sameContent } from "./same-content.ts";

const Repeat = z.object({
  line: z.number(),
  token_id: z.string(),
  first_line: z.number(),
  ordinal: z.number(),
});

/** A row whose token id an earlier row has; `ordinal` counts the earlier ones. */
export type Repeat = {
  readonly line: number;
  readonly tokenId: string;
  readonly firstLine: number;
  readonly ordinal: number;
};

/**
 * Rows that repeat a token id, the last ones first: what is done to a row then changes the ordinal of none that
 * is still to come, and a page may be done twice.
 */
export async function listRepeats(db: Db, batchId: string, limit: number): Promise<Repeat[]> {
  const { rows } = await db.run(
    sql(
      `WITH twice AS (SELECT token_id, min(line) AS first_line FROM jobs WHERE batch_id = ?1
         GROUP BY token_id HAVING count(*) > 1)
       SELECT line, token_id, first_line, ordinal FROM (
         SELECT j.line, j.token_id, t.first_line,
           row_number() OVER (PARTITION BY j.token_id ORDER BY j.line) - 1 AS ordinal
         FROM twice t JOIN jobs j ON j.batch_id = ?1 AND j.token_id = t.token_id)
       WHERE ordinal > 0 ORDER BY line DESC LIMIT ?2`,
      batchId,
      limit,
    ),
  );
  return rows
    .map((row) => Repeat.parse(row))
    .map(({ token_id, first_line, ...rest }) => ({ ...rest, tokenId: token_id, firstLine: first_line }));
}

/** Takes rows out of a batch in validation. @param linesJson a JSON array of lines. */
export const deleteJobs = (batchId: string, linesJson: string): Statement =>
  sql(
    `DELETE FROM jobs WHERE batch_id = ?1 AND line IN (SELECT value FROM json_each(?2))
       AND EXISTS (SELECT 1 FROM batches WHERE id = ?1 AND state = 'validating')`,
    batchId,
    linesJson,
  );

/** `rowsJson`: a JSON array of `[line, oldTokenId, tokenId]`. What stands behind the token id stays as it was. */
export const renameTokens = (batchId: string, rowsJson: string): Statement =>
  sql(
    `WITH v AS MATERIALIZED (
       SELECT value ->> 0 AS line, value ->> 1 AS old_id, value ->> 2 AS token_id FROM json_each(?2))
     UPDATE jobs SET token_id = v.token_id, args = json_set(args, '$.tokenId', v.token_id) FROM v
     WHERE jobs.batch_id = ?1 AND jobs.line = v.line AND jobs.token_id = v.old_id`,
    batchId,
    rowsJson,
  );

export type Collection = { readonly target: string; readonly collectionId: number };

/** How many tokens of the collection this deployment knows to be its own. */
export async function countOwned(db: Db, { target, collectionId }: Collection): Promise<number> {
  const { rows } = await db.run(
    sql(
      `SELECT count(*) AS n FROM manifest m LEFT JOIN jobs p ON p.batch_id = m.batch_id AND p.line = m.line
       WHERE m.target = ?1 AND m.collection_id = ?2 AND (m.owned = 1 OR p.outputs ->> '$.token' IS NOT NULL)`,
      target,
      collectionId,
    ),
  );
  return Number(rows[0]?.n ?? 0);
}

/**
 * Notes tokens that are upstream although nothing of ours has touched them, as far as this batch names them: an
 * empty pointer with one claim, so that the first claim of ours is not the first touch, and looks.
 */
export const noteUpstream = (
  batchId: string,
  { target, collectionId }: Collection,
  idsJson: string,
): Statement =>
  sql(
    `INSERT INTO manifest (target, collection_id, token_id, batch_id, line, found)
     SELECT ?2, ?3, token_id, '', 0, 1 FROM jobs
     WHERE batch_id = ?1 AND token_id IN (SELECT value FROM json_each(?4))
     ON CONFLICT (target, collection_id, token_id) DO NOTHING`,
    batchId,
    target,
    collectionId,
    idsJson,
  );

/** Whether anything of this collection was ever touched from here; where not, nothing can be unchanged. */
export async function hasManifest(db: Db, { target, collectionId }: Collection): Promise<boolean> {
  const { rows } = await db.run(
    sql(
      "SELECT 1 FROM manifest WHERE target = ?1 AND collection_id = ?2 AND batch_id <> '' LIMIT 1",
      target,
      collectionId,
    ),
  );
  return rows.length > 0;
}

/** Which row each of these tokens was last taken for; none of a token that no job of ours has touched. */
export async function listHolders(
  db: Db,
  { target, collectionId }: Collection,
  idsJson: string,
): Promise<ReadonlyMap<string, JobKey>> {
  const { rows } = await db.run(
    sql(
      `SELECT token_id, batch_id, line FROM manifest WHERE target = ?1 AND collection_id = ?2 AND batch_id <> ''
         AND token_id IN (SELECT value FROM json_each(?3))`,
      target,
      collectionId,
      idsJson,
    ),
  );
  return new Map(
    rows.map((row) => [String(row.token_id), { batchId: String(row.batch_id), line: Number(row.line) }]),
  );
}

/** Whether anything is known of any token of this collection, be it ours or one that was found upstream. */
export async function isTouched(db: Db, { target, collectionId }: Collection): Promise<boolean> {
  const { rows } = await db.run(
    sql("SELECT 1 FROM manifest WHERE target = ?1 AND collection_id = ?2 LIMIT 1", target, collectionId),
  );
  return rows.length > 0;
}

/** The last of the next `limit` lines behind `after`, or null where there is none. */
export async function lineAhead(
  db: Db,
  batchId: string,
  after: number,
  limit: number,
): Promise<number | null> {
  const { rows } = await db.run(
    sql(
      `SELECT max(line) AS line FROM (SELECT line FROM jobs WHERE batch_id = ?1 AND line > ?2 ORDER BY line LIMIT ?3)`,
      batchId,
      after,
      limit,
    ),
  );
  const line = rows[0]?.line ?? null;
  return line === null ? null : Number(line);
}

export type UnchangedAim = {
  readonly after: number;
  readonly through: number;
  readonly publish: boolean;
  /** Media behind URLs must be asked again: such rows do not count as unchanged. */
  readonly refreshMedia: boolean;
  readonly now: number;
};

/**
 * Completes the jobs whose token an earlier job left exactly as they want it: the manifest points to a job that
 * completed with the same args and the same publicness. Its outputs become theirs; no call is made. A job that
 * wrote nothing (somebody else's token, which its batch was told to skip) left nothing as anybody wants it.
 *
 * Only while the batch stands where the page began: by then the earlier job may be another one, and who comes
 * late would complete a row behind the back of whoever has counted them meanwhile.
 */
export const completeUnchanged = (batch: IntakeBatch, aim: UnchangedAim): Statement =>
  sql(
    `UPDATE jobs SET state = 'completed', outcome = 'unchanged', outputs = same.outputs, state_at = ?10
     FROM (SELECT j.line, p.outputs FROM jobs j
       CROSS JOIN manifest m ON m.target = ?4 AND m.collection_id = ?5 AND m.token_id = j.token_id
       CROSS JOIN jobs p ON p.batch_id = m.batch_id AND p.line = m.line
       WHERE j.batch_id = ?1 AND j.line > ?6 AND j.line <= ?7 AND j.state = 'pending'
         AND p.state = 'completed' AND ${sameContent("p", "j")} AND p.outputs ->> '$.published' = ?8
         AND p.outputs ->> '$.token' IS NOT NULL
         AND (?9 = 0 OR NOT EXISTS (SELECT 1 FROM json_each(j.args, '$.media') x
           WHERE x.value ->> '$.source.kind' = 'url'))
         AND EXISTS (SELECT 1 FROM batches WHERE ${STILL_THERE})) same
     WHERE jobs.batch_id = ?1 AND jobs.line = same.line`,
    ...placeParams(batch),
    batch.target,
    batch.collectionId,
    aim.after,
    aim.through,
    aim.publish ? 1 : 0,
    aim.refreshMedia ? 1 : 0,
    aim.now,
  );

const Forecast = z.object({
  kind: z.enum(["create", "update", "foreign", "unchanged"]),
  jobs: z.number(),
  media: z.number(),
  bytes: z.number(),
});
/** Jobs of one kind, how many media they have, and the bytes of those that are known: the ones in a set. */
export type Forecast = z.infer<typeof Forecast>;

/** What a run of these lines would meet, as far as the manifest and the last listing can tell. */
export async function forecastJobs(
  db: Db,
  batch: IntakeBatch,
  { after, through }: Lines,
): Promise<Forecast[]> {
  const { rows } = await db.run(
    sql(
      `SELECT CASE
           WHEN j.state = 'completed' THEN 'unchanged'
           WHEN m.owned = 1 OR p.outputs ->> '$.token' IS NOT NULL THEN 'update'
           WHEN m.batch_id = '' AND m.found = 1 THEN 'foreign'
           ELSE 'create' END AS kind,
         count(*) AS jobs, sum(json_array_length(j.args, '$.media')) AS media,
         coalesce(sum((SELECT sum(x.value ->> '$.source.bytes') FROM json_each(j.args, '$.media') x)), 0) AS bytes
       FROM jobs j
       LEFT JOIN manifest m ON m.target = ?2 AND m.collection_id = ?3 AND m.token_id = j.token_id
       LEFT JOIN jobs p ON p.batch_id = m.batch_id AND p.line = m.line
       WHERE j.batch_id = ?1 AND j.line > ?4 AND j.line <= ?5 GROUP BY 1`,
      batch.id,
      batch.target,
      batch.collectionId,
      after,
      through,
    ),
  );
  return rows.map((row) => Forecast.parse(row));
}
