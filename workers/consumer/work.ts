/** The jobs of one delivery at work: `JOB_CONCURRENCY` side by side, their outcomes recorded as they come. */
import { type JobKey, jobId } from "../../shared/job/job.ts";
import { LIMITS } from "../../shared/limits.ts";
import type { ClaimedJob } from "../../shared/store/claim.ts";
import type { SettledBatch } from "../../shared/store/settle.ts";
import type { ConsumerContext } from "./context.ts";
import type { Delivery } from "./delivery.ts";
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
  /** No more than a share of the jobs is still running, none waits for its start. Never rejects. */
  readonly fewLeft: Promise<void>;
  readonly left: () => number;
  /** Records what is there so far. */
  record(): Promise<Recorded>;
};

/** @param first is done before any job: the probe. */
export function startWork(
  claimed: readonly ClaimedJob[],
  delivery: Delivery,
  first: () => Promise<void>,
  ctx: ConsumerContext,
): Work {
  const settler = createSettler(ctx, delivery.leaseId);
  const results: JobResult[] = [];
  const few = Promise.withResolvers<void>();
  const left = (): number => claimed.length - results.length;
  const queue = claimed.values();

  const runOne = async (job: ClaimedJob): Promise<void> => {
    // A job too late to start is put down again.
    const tooLate = ctx.now() - delivery.startedAt > LIMITS.startJobsForMs;
    const result = tooLate ? putDown(job) : await runJob(job, delivery, ctx);
    results.push(result);
    settler.add(result);
    if (left() <= claimed.length * LIMITS.tailShare) few.resolve();
  };
  const runInTurn = async (): Promise<void> => {
    for (const job of queue) await runOne(job);
  };
  const recorded = ({ settled, batches }: Awaited<ReturnType<typeof settler.finish>>): Recorded => {
    const at = { settled: new Set(settled), results: [...results] };
    return { results: at.results, isSettled: (key) => at.settled.has(jobId(key)), batches };
  };
  const runAll = async (): Promise<Recorded> => {
    try {
      await first();
      await Promise.all(Array.from({ length: ctx.config.jobConcurrency }, runInTurn));
      return recorded(await settler.finish());
    } finally {
      delivery.end();
      few.resolve();
    }
  };
  const done = runAll();
  // Whoever asks for it hears of its failure; until then it is not to count as nobody's.
  done.catch(() => undefined);
  return { done, fewLeft: few.promise, left, record: async () => recorded(await settler.record()) };
}
