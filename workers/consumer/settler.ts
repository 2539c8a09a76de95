/**
 * Collects the outcomes of a delivery and records them together: one call for many jobs, but no outcome
 * waits longer than a second. Says of each job whether it is on record.
 */
import type { Waiting } from "../../shared/job/batch.ts";
import { jobId } from "../../shared/job/job.ts";
import { LIMITS } from "../../shared/limits.ts";
import { isRefusal } from "../../shared/store/db.ts";
import { cutDown, type SettledBatch, type Settlement, settleJobs } from "../../shared/store/settle.ts";
import type { ConsumerContext } from "./context.ts";
import type { JobResult } from "./run-job.ts";

export type Settler = {
  add(result: JobResult): void;
  /** Records what is left and gives the lease back. */
  finish(): Promise<OnRecord>;
};

/** The ids of the jobs on record, and their batches. */
type OnRecord = {
  readonly settled: ReadonlySet<string>;
  readonly batches: ReadonlyMap<string, SettledBatch>;
};

export function createSettler(ctx: ConsumerContext, leaseId: string): Settler {
  let waiting: JobResult[] = [];
  let timer: ReturnType<typeof setTimeout> | null = null;
  let flushing: Promise<void> = Promise.resolve();
  const settled = new Set<string>();
  const batches = new Map<string, SettledBatch>();

  const flush = async (last: boolean): Promise<void> => {
    const group = waiting;
    waiting = [];
    if (timer !== null) clearTimeout(timer);
    timer = null;
    if (group.length === 0 && !last) return;
    for (const batch of await settleGroup(ctx, leaseId, group, last, settled)) batches.set(batch.id, batch);
    // What D1 did not take goes with the next group; after the last one the lease stays, and the sweep finds it.
    waiting.unshift(...group.filter(({ settlement }) => !settled.has(jobId(settlement))));
  };
  const enqueue = (last: boolean): Promise<void> => {
    flushing = flushing.then(() => flush(last));
    return flushing;
  };

  return {
    add(result) {
      waiting.push(result);
      timer ??= setTimeout(() => void enqueue(false), LIMITS.settleWithinMs);
    },
    async finish() {
      await enqueue(true);
      return { settled, batches };
    },
  };
}

/**
 * All at once; where D1 refuses the group for what stands in it, one by one, and the one that cannot be
 * written is buried with its evidence cut down, so that a single row never blocks its neighbours. Where D1 itself
 * is in trouble nothing is concluded: the outcomes wait for the next settle, or for a rescue.
 */
async function settleGroup(
  ctx: ConsumerContext,
  leaseId: string,
  group: readonly JobResult[],
  last: boolean,
  settled: Set<string>,
): Promise<SettledBatch[]> {
  try {
    const batches = await write(ctx, leaseId, group, last);
    for (const { settlement } of group) settled.add(jobId(settlement));
    return batches;
  } catch (error) {
    ctx.log.error("settle.failed", { jobs: group.length, error: String(error) });
    if (!isRefusal(error)) return [];
  }
  const batches: SettledBatch[] = [];
  for (const result of group) batches.push(...(await settleAlone(ctx, leaseId, result, settled)));
  return batches;
}

async function settleAlone(
  ctx: ConsumerContext,
  leaseId: string,
  result: JobResult,
  settled: Set<string>,
): Promise<SettledBatch[]> {
  for (const attempt of [asIs, reduced]) {
    try {
      const batches = await write(ctx, leaseId, [attempt(result)], false);
      settled.add(jobId(result.settlement));
      return batches;
    } catch (error) {
      ctx.log.error("settle.row_failed", { job: jobId(result.settlement), error: String(error) });
      if (!isRefusal(error)) return [];
    }
  }
  return [];
}

const asIs = (result: JobResult): JobResult => result;
const reduced = (result: JobResult): JobResult => ({
  ...result,
  settlement: cutDown(result.settlement, "D1 refused the row."),
});

const write = (
  ctx: ConsumerContext,
  leaseId: string,
  group: readonly JobResult[],
  last: boolean,
): Promise<SettledBatch[]> =>
  settleJobs(ctx.db, {
    leaseId,
    now: ctx.now(),
    settlements: group.map(({ settlement }) => settlement),
    halts: firstHalts(group),
    waiting: whatIsAwaited(group, ctx.now()),
    last,
  });

/** One halt a batch: the first tells the story, the others met the same wall. */
function firstHalts(group: readonly JobResult[]) {
  const halts = new Map(group.flatMap(({ halt }) => (halt ? [[halt.batchId, halt] as const] : [])).reverse());
  return [...halts.values()];
}

function whatIsAwaited(group: readonly JobResult[], now: number): Map<string, Waiting> {
  const awaited = new Map<string, Waiting>();
  for (const { settlement, verdict } of group) {
    if (verdict.kind !== "snooze" || verdict.reason === null) continue;
    const { reason, host, until } = verdict;
    awaited.set(settlement.batchId, describeWait(settlement, { reason, host, until }, now));
  }
  return awaited;
}

const describeWait = (
  settlement: Settlement,
  { reason, host, until }: Pick<Waiting, "reason" | "host" | "until">,
  now: number,
): Waiting => ({
  reason,
  host,
  since: now,
  until,
  message: settlement.error?.message ?? "The other side asked us to wait.",
});
