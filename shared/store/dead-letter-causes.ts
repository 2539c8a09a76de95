/**
 * Which causes a filter by step, code or host means. A fingerprint says all three, and there are few of them: found by
 * leaping through their index, they make a page of a rare code as cheap as one of a frequent one.
 */
import { type Db, sql } from "./db.ts";
import type { DeadLetterFilter, DeadLetterState } from "./dead-letter-filter.ts";

/** With more causes than this it is cheaper to walk through the letters. */
const CAUSES_MAX = 500;

/** @returns null where the letters are better found otherwise: by batch, by job, or because there are too many causes. */
export async function causesOf(
  db: Db,
  target: string,
  state: DeadLetterState,
  { step, code, host, batchId, jobs, fingerprint }: DeadLetterFilter,
): Promise<readonly string[] | null> {
  const isByCause = step !== undefined || code !== undefined || host !== undefined;
  if (!isByCause || batchId !== undefined || jobs !== undefined || fingerprint !== undefined) return null;
  const mine = `target = ?1 AND state = '${state}'`;
  const { rows } = await db.run(
    sql(
      `WITH RECURSIVE f(cause) AS (
         SELECT min(fingerprint) FROM dead_letters WHERE ${mine}
         UNION ALL
         SELECT (SELECT min(fingerprint) FROM dead_letters WHERE ${mine} AND fingerprint > f.cause) FROM f
         WHERE f.cause IS NOT NULL LIMIT ${CAUSES_MAX + 2})
       SELECT cause, cause = '' OR (SELECT (?2 IS NULL OR d.step = ?2) AND (?3 IS NULL OR d.code = ?3)
           AND (?4 IS NULL OR coalesce(d.host, '') = ?4)
         FROM dead_letters d WHERE ${mine} AND d.fingerprint = f.cause LIMIT 1) AS is_meant
       FROM f WHERE cause IS NOT NULL`,
      target,
      step ?? null,
      code ?? null,
      host ?? null,
    ),
  );
  if (rows.length > CAUSES_MAX) return null;
  return rows.filter(({ is_meant }) => is_meant === 1).map(({ cause }) => String(cause));
}
