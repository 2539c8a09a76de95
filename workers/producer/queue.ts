/**
 * The producer's own queue: one message, one batch whose intake is to go on, one replay that has more to put back,
 * or one refresh. The only place here that says ack and retry.
 */
import { IntakeMessage, ReplayMessage } from "../../shared/job/message.ts";
import { createLog } from "../../shared/log.ts";
import { dispatchNow, indexerOf, openContext, type ProducerContext } from "./context.ts";
import { runIntake } from "./intake/intake.ts";
import { isRefreshId, runRefresh } from "./refresh/run.ts";
import { runReplay } from "./replay.ts";

/** After a defect or an outage of D1 or R2: long enough to pass, short enough that nobody gives up waiting. */
const AFTER_FAILURE_SECONDS = 5;
/** A configuration is mended by a person and a deploy. */
const AFTER_CONFIG_SECONDS = 60;

export async function consumeIntake(
  messages: MessageBatch<IntakeMessage | ReplayMessage>,
  env: ProducerEnv,
): Promise<void> {
  const ctx = openContext(env);
  if (!ctx.ok) {
    createLog({ worker: "producer" }).error("config.invalid", { problems: ctx.error });
    return messages.retryAll({ delaySeconds: AFTER_CONFIG_SECONDS });
  }
  for (const message of messages.messages) await take(message, ctx.value);
}

async function take(message: Message<unknown>, ctx: ProducerContext): Promise<void> {
  const replay = ReplayMessage.safeParse(message.body);
  if (replay.success) {
    const { r: replayId } = replay.data;
    return attempt(message, ctx, ["replay.failed", { replayId }], () => runReplay(ctx, replayId, "next"));
  }
  const parsed = IntakeMessage.safeParse(message.body);
  if (!parsed.success) {
    // Another version's, most likely: the batch stands in D1 and the sweep sends a message that we understand.
    ctx.log.error("intake.unreadable_message", { body: message.body });
    return message.ack();
  }
  const { b: id } = parsed.data;
  if (isRefreshId(id)) {
    return attempt(message, ctx, ["refresh.failed", { refreshId: id }], () =>
      runRefresh(id, refreshContext(ctx)),
    );
  }
  return attempt(message, ctx, ["intake.failed", { batchId: id }], () => takeBatch(id, ctx));
}

async function attempt(
  message: Message<unknown>,
  ctx: ProducerContext,
  [event, of]: readonly [event: string, of: Readonly<Record<string, string>>],
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
    message.ack();
  } catch (error) {
    ctx.log.error(event, { ...of, delivery: message.attempts, error });
    message.retry({ delaySeconds: AFTER_FAILURE_SECONDS });
  }
}

const sendTo =
  (ctx: ProducerContext) =>
  async (b: string, delaySeconds?: number): Promise<void> =>
    void (await ctx.intake.send({ v: 1, b }, { delaySeconds }));

const takeBatch = (id: string, ctx: ProducerContext): Promise<void> =>
  runIntake(id, { ...ctx, sendIntake: sendTo(ctx), dispatch: () => dispatchNow(ctx) });

const refreshContext = (ctx: ProducerContext) => ({
  ...ctx,
  target: ctx.config.target,
  indexer: indexerOf(ctx),
  send: sendTo(ctx),
});
