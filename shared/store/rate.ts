/**
 * The speed of a batch, measured by its settles and kept on its row, so that a poller computes nothing. In SQL:
 * the settle knows the counters only inside its statement.
 */

/** People want to know at once; so much after the start, and what they get is more than a guess. */
const FIRST_LOOK_MS = 250;
/**
 * At first the average since the start, afterwards one that forgets what is older than this: long beside the jitter of
 * deliveries, which end ten jobs at a time, short beside a change that people notice.
 */
const MEMORY_MS = 20_000;
/** One measure is at least so long, and counts by its length: at most half. */
const WINDOW_MS = 2_000;

/**
 * The first mark is the batch's start, so that what comes in together at first is counted over the time it took; after
 * a resume it is that moment, after a replay the first settle. ?3 is now.
 */
const MARK_AT =
  "(CASE WHEN rate_mark_at > 0 THEN rate_mark_at WHEN rate_windows = 0 THEN coalesce(started_at, ?3) ELSE ?3 END)";

/**
 * Columns of `UPDATE batches`. What runs counts as half done: deliveries end ten jobs at a time, and without that the
 * speed of a short run would be too low by all that is in hand.
 * @param given SQL: how many jobs this settle ends, and how many run after it.
 */
export function rateColumns(given: { gained: string; running: string }): string {
  const done = `(completed + dead + ${given.gained} + (${given.running}) / 2)`;
  const since = "(CASE WHEN rate_mark_at > 0 THEN rate_mark_done ELSE completed + dead END)";
  const ms = `(?3 - ${MARK_AT})`;
  const measured = `((${done} - ${since}) * 1000.0 / ${ms})`;
  const isOver = `(${ms} >= CASE rate_windows WHEN 0 THEN ${MEMORY_MS} ELSE ${WINDOW_MS} END)`;
  return `
    rate_per_second = CASE
      WHEN rate_windows = 0 AND ${ms} >= ${FIRST_LOOK_MS} THEN ${measured}
      WHEN ${isOver} THEN rate_per_second + (${measured} - rate_per_second) * min(0.5, ${ms} / ${MEMORY_MS}.0)
      ELSE rate_per_second END,
    rate_windows = rate_windows + ${isOver},
    rate_mark_done = CASE WHEN ${isOver} THEN ${done} ELSE ${since} END,
    rate_mark_at = CASE WHEN ${isOver} THEN ?3 ELSE ${MARK_AT} END`;
}
