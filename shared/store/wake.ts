/** Ending a wait early: what was waited for is there again. */
import { type Db, sql } from "./db.ts";

/** The code of a job that waits because its media host does not answer (`workers/consumer/media/`). */
export const HOST_DOWN = "media.host_down";

/**
 * Makes the jobs due that wait for this media host. They are found by their own media, since a job keeps no note of
 * hosts, and among waiting jobs only; `queueDueJobs` sends them.
 * @returns how many were woken.
 */
export async function wakeJobs(
  db: Db,
  given: { target: string; host: string; now: number },
): Promise<number> {
  const { changes } = await db.run(
    sql(
      `UPDATE jobs SET scheduled_at = ?3 WHERE (batch_id, line) IN (
         SELECT j.batch_id, j.line FROM jobs j INDEXED BY jobs_waiting
         CROSS JOIN batches b ON b.id = j.batch_id
         WHERE j.state IN ('retryable', 'snoozed') AND j.scheduled_at > ?3 AND j.error ->> '$.code' = '${HOST_DOWN}'
           AND b.target = ?1 AND b.state = 'running'
           AND EXISTS (SELECT 1 FROM json_each(j.args, '$.media') m
             WHERE instr(m.value ->> '$.source.url', '//' || ?2 || '/') > 0))
         AND state = 'snoozed'`,
      given.target,
      given.host,
      given.now,
    ),
  );
  return changes;
}
