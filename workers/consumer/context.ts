/** What every part of the consumer is handed: bindings made usable, configuration checked, time and dice. */
import { type Config, type ConfigProblem, readConfig } from "../../shared/config.ts";
import type { JobMessage, WakeMessage } from "../../shared/job/message.ts";
import { createLog, type Log } from "../../shared/log.ts";
import { ok, type Result } from "../../shared/result.ts";
import { createSequence, type Sequence } from "../../shared/sequence/client.ts";
import { type Db, openDb } from "../../shared/store/db.ts";
import { listenForQuota } from "./gate/quota.ts";
import type { Quota } from "./gate/words.ts";
import type { UpstreamGate } from "./upstream-gate.ts";

export type ConsumerContext = {
  readonly config: Config;
  readonly db: Db;
  readonly bucket: R2Bucket;
  readonly jobs: Queue<JobMessage | WakeMessage>;
  readonly gate: DurableObjectNamespace<UpstreamGate>;
  readonly sequence: Sequence;
  /** What Sequence's headers last said of its limit. */
  readonly quota: () => Quota | null;
  readonly fetch: typeof fetch;
  readonly now: () => number;
  readonly random: () => number;
  readonly log: Log;
};

/** One delivery's context, or every problem of the configuration at once. */
export function openContext(
  env: ConsumerEnv,
  given: { now?: () => number; random?: () => number; fetch?: typeof fetch } = {},
): Result<ConsumerContext, readonly ConfigProblem[]> {
  const config = readConfig(env);
  if (!config.ok) return config;
  const now = given.now ?? Date.now;
  const send: typeof fetch = given.fetch ?? ((input, init) => fetch(input, init));
  const ear = listenForQuota(send);
  return ok({
    config: config.value,
    db: openDb(env.DB),
    bucket: env.BUCKET,
    jobs: env.JOBS,
    gate: env.GATE,
    sequence: createSequence({ ...config.value, fetch: (url, init) => ear.fetch(url, init), now }),
    quota: ear.last,
    fetch: send,
    now,
    random: given.random ?? Math.random,
    log: createLog({ worker: "consumer" }),
  });
}
