/** Holding back everything of a target while its Sequence is not to be asked. One row a target. */
import * as z from "zod";
import { type Db, type Statement, sql } from "./db.ts";

export const Hold = z.object({
  reason: z.enum(["rate_limited", "upstream_down"]),
  host: z.string(),
  /** Epoch ms, as `until`: when somebody tries again. */
  since: z.number(),
  until: z.number(),
  message: z.string(),
});
export type Hold = z.infer<typeof Hold>;

/** Begins or prolongs a hold; `since` is kept while the same reason goes on. */
export async function holdTarget(db: Db, target: string, hold: Hold): Promise<void> {
  await db.run(
    sql(
      `INSERT INTO holds (target, reason, host, since, until, message) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
       ON CONFLICT (target) DO UPDATE SET
         since = CASE WHEN reason = excluded.reason THEN min(since, excluded.since) ELSE excluded.since END,
         until = max(until, excluded.until), reason = excluded.reason, host = excluded.host,
         message = excluded.message`,
      target,
      hold.reason,
      hold.host,
      hold.since,
      hold.until,
      hold.message,
    ),
  );
}

/** Ends a hold: something got through, or nobody has prolonged it. */
export async function releaseHold(db: Db, target: string): Promise<void> {
  await db.run(sql("DELETE FROM holds WHERE target = ?1", target));
}

export async function readHold(db: Db, target: string): Promise<Hold | null> {
  const { rows } = await db.run(selectHold(target));
  return rows[0] ? Hold.parse(rows[0]) : null;
}

/** What dispatch asks in the same call as for its batches. */
export const selectHold = (target: string): Statement =>
  sql("SELECT reason, host, since, until, message FROM holds WHERE target = ?1", target);
