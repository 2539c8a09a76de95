/** A batch's row as the API shows it. Everything is computed from that one row: no I/O, no clock. */
import { type Batch, Plan } from "../../../shared/api/contract.ts";
import { type JobCounts, openJobs } from "../../../shared/job/batch.ts";
import type { BatchRow } from "../../../shared/store/batch-views.ts";
import { iso, isoOrNull } from "./time.ts";

export function batchView(row: BatchRow): Batch {
  const jobs = countsOf(row);
  return {
    id: row.id,
    name: row.name,
    target: row.target,
    collectionId: row.collection_id,
    collectionPublished: row.collection_published,
    state: row.state,
    kind: row.kind,
    sourceId: row.source_batch,
    followUps: { publish: row.publish_batch, unpublish: row.unpublish_batch, verify: row.verify_batch },
    priority: row.priority,
    rows: { total: row.rows_total, valid: row.rows_valid, invalid: row.rows_invalid },
    jobs,
    outcomes: { created: row.created, updated: row.updated, unchanged: row.unchanged },
    progress: progressOf(row),
    ratePerSecond: rateOf(row),
    etaSeconds: etaOf(row, openJobs(jobs)),
    waiting: row.waiting && {
      ...row.waiting,
      since: iso(row.waiting.since),
      until: isoOrNull(row.waiting.until),
    },
    halted: row.halted,
    format: row.format,
    mapping: row.mapping,
    warnings: row.warnings,
    drifts: row.drifts,
    plan: row.plan === null ? null : Plan.parse(row.plan),
    publish: row.publish,
    createdAt: iso(row.created_at),
    startedAt: isoOrNull(row.started_at),
    finishedAt: isoOrNull(row.finished_at),
  };
}

/** Whether the batch will look different without anybody doing anything: clients ask again only then. */
export const isMoving = ({ state, jobs }: Batch): boolean =>
  state === "receiving" ||
  state === "validating" ||
  state === "running" ||
  // A pause or cancellation whose last calls are still out.
  jobs.running > 0 ||
  (state === "cancelled" && openJobs(jobs) > 0);

/** A batch that is being read or has no speed yet: soon enough for a progress bar. */
const ASK_SOON_SECONDS = 1;
/** A hundredth of what is left moves a bar by one; seldom enough for a long run, often enough for who looks on. */
const ASK_SECONDS = { most: 10, share: 0.01 } as const;
/** Where somebody else is waited for: not before they said, but soon enough to see that it goes on. */
const WAITING_SECONDS = { unknown: 5, most: 30 } as const;

/** When to ask again, in seconds; null: it will look the same until somebody does something. */
export function askAgainSeconds(batch: Batch, now: number): number | null {
  if (!isMoving(batch)) return null;
  const { waiting, etaSeconds } = batch;
  if (waiting !== null) {
    const left = waiting.until === null ? WAITING_SECONDS.unknown : (Date.parse(waiting.until) - now) / 1000;
    return clamp(Math.ceil(left), WAITING_SECONDS.most);
  }
  if (etaSeconds === null) return ASK_SOON_SECONDS;
  return clamp(Math.round(etaSeconds * ASK_SECONDS.share), ASK_SECONDS.most);
}

const clamp = (seconds: number, most: number): number => Math.min(most, Math.max(ASK_SOON_SECONDS, seconds));

const countsOf = (row: BatchRow): JobCounts => ({
  pending: row.pending,
  queued: row.queued,
  running: row.running,
  retryable: row.retryable,
  snoozed: row.snoozed,
  completed: row.completed,
  dead: row.dead,
  cancelled: row.cancelled,
});

const doneOf = (row: BatchRow): number => row.completed + row.dead + row.cancelled;

/** Rounded down, so that 1 is said only when it is true. */
function progressOf(row: BatchRow): number {
  if (row.rows_valid === 0) return row.state === "finished" ? 1 : 0;
  return Math.floor((doneOf(row) / row.rows_valid) * 10_000) / 10_000;
}

/** While it runs, the speed last measured; afterwards, the average of the whole. */
function rateOf(row: BatchRow): number {
  const ended = row.state === "finished" && row.started_at !== null && row.finished_at !== null;
  const seconds = ended ? ((row.finished_at ?? 0) - (row.started_at ?? 0)) / 1000 : 0;
  const rate = seconds > 0 ? doneOf(row) / seconds : row.rate_per_second;
  return Math.round(rate * 100) / 100;
}

/** Null where a number would be a guess: nothing was measured yet, or something else is being waited for. */
function etaOf(row: BatchRow, open: number): number | null {
  if (row.state === "finished") return 0;
  if (row.state !== "running" || row.waiting !== null || row.rate_per_second <= 0) return null;
  // What runs counts as half done, as it does for the speed.
  return Math.ceil((open - row.running / 2) / row.rate_per_second);
}
