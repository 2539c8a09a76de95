/** Following batches: polls as people do, with an end to the patience. */
import { setTimeout as wait } from "node:timers/promises";
import type { Batch } from "../../shared/api/contract.ts";
import { RESTING_STATES } from "../../shared/job/batch.ts";
import { pollMs, SECOND } from "./limits.ts";
import { must } from "./must.ts";
import type { Stage } from "./stage.ts";

export type Watch = {
  /** The end of the patience, in seconds. */
  readonly withinSeconds: number;
  /** Told every reading. */
  readonly reading?: (batch: Batch) => void;
  readonly everyMs?: number;
};

/** @throws with the batch as it stands, where it does not come true in time */
export async function untilBatch(
  stage: Stage,
  id: string,
  isThere: (batch: Batch) => boolean,
  { withinSeconds, reading, everyMs = pollMs }: Watch,
): Promise<Batch> {
  const giveUpAt = Date.now() + withinSeconds * SECOND;
  let last = "no answer";
  while (Date.now() < giveUpAt) {
    const answer = await stage.client().batch(id);
    // A connection that was closed for being idle is no news: the next look makes a new one.
    if (answer.ok || answer.error.reason !== "unreachable") {
      const batch = must(answer);
      reading?.(batch);
      if (isThere(batch)) return batch;
      last = asItStands(batch);
    }
    await wait(everyMs);
  }
  throw new Error(`gave up after ${withinSeconds} s: ${last}`);
}

export const untilResting = (stage: Stage, id: string, watch: Watch): Promise<Batch> =>
  untilBatch(stage, id, ({ state }) => RESTING_STATES.includes(state), watch);

export const untilDone = (stage: Stage, id: string, jobs: number, watch: Watch): Promise<Batch> =>
  untilBatch(
    stage,
    id,
    (batch) => batch.jobs.completed >= jobs || RESTING_STATES.includes(batch.state),
    watch,
  );

/** Until the first of its jobs is in somebody's hands. */
export const untilBegun = (stage: Stage, id: string): Promise<Batch> =>
  untilBatch(stage, id, ({ jobs }) => jobs.running + jobs.completed > 0, { withinSeconds: 60, everyMs: 20 });

/** Cancels what a run of a fixed time has left over, and waits until each job of it has its end. */
export async function cancelRest(stage: Stage, id: string): Promise<Batch> {
  must(await stage.client().steer(id, "cancel"));
  const hasEnded = ({ rows, jobs }: Batch): boolean =>
    jobs.cancelled + jobs.completed + jobs.dead === rows.valid;
  return untilBatch(stage, id, hasEnded, { withinSeconds: 60 });
}

function asItStands({ id, state, jobs, waiting, halted, ratePerSecond }: Batch): string {
  const counts = Object.entries(jobs).filter(([, count]) => count > 0);
  const shown = counts.map(([name, count]) => `${count} ${name}`).join(", ");
  const why = halted
    ? ` halted: ${halted.code}`
    : waiting
      ? ` waiting: ${waiting.reason} (${waiting.message})`
      : "";
  return `${id} is ${state} with ${shown}, ${ratePerSecond} a second${why}`;
}
