/** The jobs of one delivery at work: `JOB_CONCURRENCY` side by side, their outcomes recorded as they come. */
import { type JobKey, jobId } from "../../shared/job/job.ts";
import { LIMITS } from "../../shared/limits.ts";
import type { ClaimedJob } from "../../shared/store/claim.ts";
import type { SettledBatch } from "../../shared/store/settle.ts";
import type { ConsumerContext } from "./context.ts";
import type { Delivery } from "./delivery.ts";
import type { Places } from "./places.ts";
import { type JobResult, putDown, runJob } from "./run-job.ts";
import { createSettler } from "./settler.ts";

/** What is on record by now. */
export type Recorded = {
  readonly results: readonly JobResult[];
  readonly isSettled: (key: JobKey) => boolean;
  readonly batches: ReadonlyMap<string, SettledBatch>;
};

export type Work = {
  /** Everything is done and recorded, as far as D1 took it. */
  readonly done: Promise<Recorded>;
  /** Every job has begun, or will never be begun. Never rejects. */
  readonly allBegun: Promise<void>;
};

/**
 * @param first is done before any job: the probe.
 * @param places are shared with other deliveries; null: this one has `JOB_CONCURRENCY` of its own.
 */
export function startWork(
  claimed: readonly ClaimedJob[],
  delivery: Delivery,
  { first, places }: { first: () => Promise<void>; places: Places | null },
  ctx: ConsumerContext,
): Work {
  const settler = createSettler(ctx, delivery.leaseId);
  const results: JobResult[] = [];
  const begun = Promise.withResolvers<void>();

  const runOne = async (job: ClaimedJob): Promise<void> => {
    // A job too late to start is put down again.
    const tooLate = ctx.now() - delivery.startedAt > LIMITS.startJobsForMs;
    const result = tooLate ? putDown(job) : await runJob(job, delivery, ctx);
    results.push(result);
    settler.add(result);
  };
  const runAll = async (): Promise<Recorded> => {
    try {
      await first();
      await (places === null
        ? runInLanes(claimed, ctx.config.jobConcurrency, runOne)
        : runInPlaces(claimed, places, runOne, begun.resolve));
      const { settled, batches } = await settler.finish();
      return { results, isSettled: (key) => settled.has(jobId(key)), batches };
    } finally {
      delivery.end();
      begun.resolve();
    }
  };
  const done = runAll();
  // Whoever asks for it hears of its failure; until then it is not to count as nobody's.
  done.catch(() => undefined);
  return { done, allBegun: begun.promise };
}

type RunOne = (job: ClaimedJob) => Promise<void>;

async function runInLanes(claimed: readonly ClaimedJob[], lanes: number, runOne: RunOne): Promise<void> {
  const queue = claimed.values();
  const runInTurn = async (): Promise<void> => {
    for (const job of queue) await runOne(job);
  };
  await Promise.all(Array.from({ length: lanes }, runInTurn));
}

async function runInPlaces(
  claimed: readonly ClaimedJob[],
  places: Places,
  runOne: RunOne,
  allBegun: () => void,
): Promise<void> {
  const running: Promise<void>[] = [];
  for (const job of claimed) {
    const leave = await places.enter();
    running.push(runOne(job).finally(leave));
  }
  allBegun();
  await Promise.all(running);
}
