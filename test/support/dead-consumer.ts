/** A consumer that is never heard of again, and what a restart makes of its jobs. */
import { env } from "cloudflare:workers";
import { expect } from "vitest";
import type { JobKey } from "../../shared/job/job.ts";
import { rescueJobs } from "../../shared/store/release.ts";
import { type ConsumerVariables, db, deliver, onlyJob } from "./consumer.ts";

/** Runs the delivery with a D1 that takes the claim and then refuses every settle, as a dead isolate would. */
export async function dieAfterCalls(
  keys: readonly JobKey[],
  variables: ConsumerVariables = {},
): Promise<void> {
  let batches = 0;
  const broken = new Proxy(env.DB, {
    get(target, name) {
      if (name === "batch") {
        return (statements: D1PreparedStatement[]) => {
          batches += 1;
          return batches === 1 ? target.batch(statements) : Promise.reject(new Error("D1 is gone"));
        };
      }
      const value = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  const said = await deliver(keys, { variables, env: { DB: broken } });
  expect(said.acked).toEqual([]);
}

/** As the first sweep after a restart does it: the lease counts as lost although it still has time to run. */
export async function rescueAfterRestart(batchId: string): Promise<void> {
  const leaseId = String((await onlyJob(batchId)).leaseId);
  await rescueJobs(db, { leaseId, now: Date.now(), startedAt: Date.now() + 1 });
}
