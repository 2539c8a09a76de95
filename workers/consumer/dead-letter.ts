/**
 * The platform's dead-letter queue. It brings only what crashed its consumer again and again, or what waited
 * too often for its turn; nothing is decided here, because D1 knows better: a job that is still open goes
 * back to `pending`, and only a message without any job is recorded.
 */
import { PLATFORM } from "../../shared/limits.ts";
import { buryOrphans, putBackJobs } from "../../shared/store/release.ts";
import type { ConsumerContext } from "./context.ts";
import { readMessages } from "./messages.ts";

export async function keepDeadLetters(messages: MessageBatch<unknown>, ctx: ConsumerContext): Promise<void> {
  const { byJob } = readMessages(messages);
  const keys = [...byJob.values()].map(({ key }) => key);
  for (let from = 0; from < keys.length; from += PLATFORM.sendBatchMessages) {
    const given = { keys: keys.slice(from, from + PLATFORM.sendBatchMessages), target: ctx.config.target };
    await buryOrphans(ctx.db, { ...given, now: ctx.now() });
    await putBackJobs(ctx.db, { ...given, now: ctx.now(), onlyStopped: false });
  }
  ctx.log.warn("dead_letter_queue.received", { messages: messages.messages.length });
  messages.ackAll();
}
