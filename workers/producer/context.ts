/** What every part of the producer is handed: bindings made usable, configuration checked, time. */
import { type Config, type ConfigProblem, readConfig } from "../../shared/config.ts";
import { dispatch } from "../../shared/dispatch.ts";
import type { IntakeMessage, JobMessage, ReplayMessage } from "../../shared/job/message.ts";
import { createLog, type Log } from "../../shared/log.ts";
import { ok, type Result } from "../../shared/result.ts";
import type { Role } from "../../shared/roles.ts";
import { createSequence, type Sequence } from "../../shared/sequence/client.ts";
import { createIndexer, type Indexer } from "../../shared/sequence/indexer.ts";
import { type Db, openDb } from "../../shared/store/db.ts";
import { sweep } from "./sweep/sweep.ts";

export type ProducerContext = {
  readonly config: Config;
  readonly db: Db;
  readonly bucket: R2Bucket;
  readonly jobs: Queue<JobMessage>;
  readonly intake: Queue<IntakeMessage | ReplayMessage>;
  readonly sequence: Sequence;
  readonly fetch: typeof fetch;
  readonly now: () => number;
  readonly log: Log;
};

/** Who is asking, as far as their token says. */
export type Caller = { readonly name: string; readonly role: Role };

/** Hono's types for our app: the bindings, and what the middleware leaves for the routes. */
export type App = {
  Bindings: ProducerEnv;
  Variables: { requestId: string; ctx: ProducerContext; caller: Caller };
};

/** The runtime hands out one env an isolate, so keyed by it the configuration is checked once. */
const configs = new WeakMap<ProducerEnv, Result<Config, readonly ConfigProblem[]>>();

function configOf(env: ProducerEnv): Result<Config, readonly ConfigProblem[]> {
  const known = configs.get(env) ?? readConfig(env);
  configs.set(env, known);
  return known;
}

/** One invocation's context, or every problem of the configuration at once. */
export function openContext(
  env: ProducerEnv,
  given: { log?: Log; now?: () => number } = {},
): Result<ProducerContext, readonly ConfigProblem[]> {
  const config = configOf(env);
  if (!config.ok) return config;
  const now = given.now ?? Date.now;
  const send: typeof fetch = (input, init) => fetch(input, init);
  return ok({
    config: config.value,
    db: openDb(env.DB),
    bucket: env.BUCKET,
    jobs: env.JOBS,
    intake: env.INTAKE,
    sequence: createSequence({ ...config.value, fetch: send, now }),
    fetch: send,
    now,
    log: given.log ?? createLog({ worker: "producer" }),
  });
}

/** The public half of Sequence; null where no public key is configured. */
export function indexerOf({ config, fetch: send, now }: ProducerContext): Indexer | null {
  const key = config.projectAccessKey;
  return key === null ? null : createIndexer({ ...config, fetch: send, now }, key);
}

/** Fills the queue after something made room or made work. Never throws: the sweep does the same again. */
export const dispatchNow = (ctx: ProducerContext): Promise<void> =>
  unasked(ctx, "dispatch.failed", () => dispatch({ ...ctx, target: ctx.config.target }));

/** A sweep out of turn, for what should not wait for the next one. */
export const sweepNow = (ctx: ProducerContext): Promise<void> =>
  unasked(ctx, "sweep.failed", () => sweep(ctx));

/** Hands a batch to intake. A message that could not be sent is sent again by the sweep. */
export const tellIntake = (ctx: ProducerContext, batchId: string): Promise<void> =>
  unasked(ctx, "intake.send_failed", () => ctx.intake.send({ v: 1, b: batchId }));

/** Work that nobody who asked waits for: its failure is logged and belongs to no answer. */
async function unasked(ctx: ProducerContext, event: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    ctx.log.error(event, { error });
  }
}
