/**
 * The speed of a batch, measured by its settles and kept on its row, so that a poller computes nothing. In SQL:
 * the settle knows the counters only inside its statement.
 */

/** One measure is at least so long: outcomes come by the delivery, and a shorter one would see one or none. */
const WINDOW_MS = 2_000;
/** Before the first is over people want to know all the same; this much, and it is more than a guess. */
const FIRST_LOOK_MS = 250;
/** What is older than this counts for little: long beside a delivery's jitter, short beside a night's pause. */
const MEMORY_MS = 20_000;

/**
 * The first mark is the batch's start, so that what comes in together at first is counted over the time it took; after
 * a resume it is the first settle. ?3 is now; `done` says what is done before and after this settle.
 */
const MARK_AT =
  "(CASE WHEN rate_mark_at > 0 THEN rate_mark_at WHEN rate_windows = 0 THEN coalesce(started_at, ?3) ELSE ?3 END)";

/**
 * Columns of `UPDATE batches`: the first measures weigh evenly, later ones by their length, at most half.
 * @param gained SQL: how many jobs this settle ends.
 */
export function rateColumns(gained: string): string {
  const done = `(completed + dead + ${gained})`;
  const since = `(CASE WHEN rate_mark_at > 0 THEN rate_mark_done ELSE completed + dead END)`;
  const ms = `(?3 - ${MARK_AT})`;
  const measured = `((${done} - ${since}) * 1000.0 / ${ms})`;
  const weight = `max(1.0 / (rate_windows + 1), min(0.5, ${ms} / ${MEMORY_MS}.0))`;
  return `
    rate_per_second = CASE
      WHEN ${ms} >= ${WINDOW_MS} THEN rate_per_second + (${measured} - rate_per_second) * ${weight}
      WHEN rate_windows = 0 AND ${ms} >= ${FIRST_LOOK_MS} THEN ${measured}
      ELSE rate_per_second END,
    rate_windows = rate_windows + (${ms} >= ${WINDOW_MS}),
    rate_mark_done = CASE WHEN ${ms} >= ${WINDOW_MS} THEN ${done} ELSE ${since} END,
    rate_mark_at = CASE WHEN ${ms} >= ${WINDOW_MS} THEN ?3 ELSE ${MARK_AT} END`;
}
