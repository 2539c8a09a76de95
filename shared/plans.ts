/**
 * What Cloudflare's two Workers plans carry, as far as Mintline meets it. Read 2026-11-23 from
 * https://developers.cloudflare.com/{queues,d1,workers}/platform/{pricing,limits}/.
 */
export const PLANS = ["free", "paid"] as const;
export type WorkersPlan = (typeof PLANS)[number];

/** Each message is written, read and deleted: three operations. A retry reads it once more. */
export const QUEUE_OPERATIONS_PER_MESSAGE = 3;

export const FREE_PLAN = {
  queueOperationsPerDay: 10_000,
  d1RowsWrittenPerDay: 100_000,
  /** Outside requests of one invocation; a job with media makes about ten with its redirects and second tries. */
  subrequests: 50,
  d1QueriesPerInvocation: 50,
  cpuMsPerInvocation: 10,
  /** Fixed; on Workers Paid up to 14 days. */
  queueRetentionHours: 24,
  /** 10,000 / 3 leaves 3,333; intake, wakes and retries take the rest. */
  itemsPerDay: 3_000,
} as const;

/** One sentence for people: `npm run deploy` says it before it acts, `doctor` afterwards. */
export const FREE_PLAN_TEXT =
  `Workers Free carries about ${FREE_PLAN.itemsPerDay.toLocaleString("en")} items a day ` +
  `(${FREE_PLAN.queueOperationsPerDay.toLocaleString("en")} queue operations, ${QUEUE_OPERATIONS_PER_MESSAGE} a message), ` +
  `one job a delivery (${FREE_PLAN.subrequests} subrequests), ` +
  `${FREE_PLAN.cpuMsPerInvocation} ms of CPU an invocation (keep a file to a few hundred rows), ` +
  `and keeps messages for ${FREE_PLAN.queueRetentionHours} hours.`;
