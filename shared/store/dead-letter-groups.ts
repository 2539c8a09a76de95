/** Dead letters by their cause: a hundred thousand of them are a dozen things to do. Nothing here writes. */
import * as z from "zod";
import { type Db, sql } from "./db.ts";
import { causesOf } from "./dead-letter-causes.ts";
import { type DeadLetterFilter, type DeadLetterState, whereOf } from "./dead-letter-filter.ts";

const GroupRow = z.object({
  fingerprint: z.string(),
  n: z.number(),
  first_at: z.number(),
  last_at: z.number(),
  step: z.string(),
  code: z.string(),
  message: z.string(),
  next: z.string(),
  http_status: z.number().nullable(),
  host: z.string().nullable(),
  newest_batch: z.string(),
  newest_line: z.number(),
  oldest_batch: z.string(),
  oldest_line: z.number(),
});
/** Text and hint are those of its newest letter; the samples are that and the oldest. Times in epoch ms. */
export type GroupRow = z.infer<typeof GroupRow>;

/** Where a page of groups begins: behind this one. */
export type GroupPlace = readonly [count: number, fingerprint: string];

/** The largest first. Counted from an index that holds all it takes, so that no letter is read but the samples. */
export async function groupDeadLetters(
  db: Db,
  given: {
    target: string;
    state: DeadLetterState;
    filter: DeadLetterFilter;
    after: GroupPlace | null;
    limit: number;
  },
): Promise<GroupRow[]> {
  const where = whereOf(given.filter);
  const causes = await causesOf(db, given.target, given.state, given.filter);
  const meant = causes === null ? "" : " AND d.fingerprint IN (SELECT value FROM json_each(?))";
  // Left to itself SQLite takes the index that is in the order of the groups, and looks up every letter's batch.
  const by = given.filter.batchId === undefined ? "" : " INDEXED BY dead_letters_batch";
  const { rows } = await db.run(
    sql(
      `WITH g AS (
         SELECT d.fingerprint, count(*) AS n, min(d.created_at) AS first_at, max(d.created_at) AS last_at,
           min(d.id) AS oldest, max(d.id) AS newest
         FROM dead_letters d${by} WHERE d.target = ? AND d.state = '${given.state}'${meant}${where.text} GROUP BY d.fingerprint
         HAVING (count(*), d.fingerprint) < (?, ?) ORDER BY n DESC, d.fingerprint DESC LIMIT ?)
       SELECT g.fingerprint, g.n, g.first_at, g.last_at, d.step, d.code, d.message, d.next, d.http_status, d.host,
         d.batch_id AS newest_batch, d.line AS newest_line, o.batch_id AS oldest_batch, o.line AS oldest_line
       FROM g CROSS JOIN dead_letters d ON d.id = g.newest CROSS JOIN dead_letters o ON o.id = g.oldest
       ORDER BY g.n DESC, g.fingerprint DESC`,
      given.target,
      ...(causes === null ? [] : [JSON.stringify(causes)]),
      ...where.params,
      given.after?.[0] ?? Number.MAX_SAFE_INTEGER,
      given.after?.[1] ?? "",
      given.limit,
    ),
  );
  return rows.map((row) => GroupRow.parse(row));
}
