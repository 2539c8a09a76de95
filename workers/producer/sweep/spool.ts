/**
 * Media on its way that a crash left behind. Its keys are nobody's, so only their age tells: no job lasts a day. What
 * R2 was still being given in parts it forgets by itself after a week.
 */
import { LIMITS } from "../../../shared/limits.ts";
import { SPOOL_PREFIX } from "../../../shared/media/store.ts";

/** Bounded by R2: a list names at most a thousand objects, and so many are deleted in one call. */
export async function sweepSpool({ bucket, now }: { bucket: R2Bucket; now: () => number }): Promise<number> {
  if (now() % LIMITS.spoolSweepEveryMs >= LIMITS.spoolSweepWithinMs) return 0;
  const { objects } = await bucket.list({ prefix: SPOOL_PREFIX });
  const before = now() - LIMITS.spoolLostMs;
  const lost = objects.filter(({ uploaded }) => uploaded.getTime() < before).map(({ key }) => key);
  if (lost.length > 0) await bucket.delete(lost);
  return lost.length;
}
