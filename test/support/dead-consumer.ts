/** A consumer that is never heard of again, and what a restart makes of its jobs. */
import { expect } from "vitest";
import type { JobKey } from "../../shared/job/job.ts";
import { rescueJobs } from "../../shared/store/release.ts";
import { type ConsumerVariables, db, deliver, onlyJob } from "./consumer.ts";
import { d1With } from "./d1.ts";

/** Runs the delivery with a D1 that takes the claim and then refuses every settle, as a dead isolate would. */
export async function dieAfterCalls(
  keys: readonly JobKey[],
  variables: ConsumerVariables = {},
): Promise<void> {
  const broken = d1With((statements, really, call) =>
    call === 1 ? really(statements) : Promise.reject(new Error("D1 is gone")),
  );
  const said = await deliver(keys, { variables, env: { DB: broken } });
  expect(said.acked).toEqual([]);
}

/** As the first sweep after a restart does it: the lease counts as lost although it still has time to run. */
export async function rescueAfterRestart(batchId: string): Promise<void> {
  const leaseId = String((await onlyJob(batchId)).leaseId);
  await rescueJobs(db, { leaseId, now: Date.now(), startedAt: Date.now() + 1 });
}
