/** A Cloudflare `MessageBatch` as jobs: parsed once, one message a job, everything else set apart. */
import type { BatchKind } from "../../shared/job/batch.ts";
import { type JobKey, jobId } from "../../shared/job/job.ts";
import { JobMessage, WakeMessage } from "../../shared/job/message.ts";

export type DeliveredJob = {
  readonly key: JobKey;
  /** As far as the message says. */
  readonly kind: BatchKind;
  readonly message: Message<unknown>;
};

export type Delivered = {
  /** The first message of each job, by job id. */
  readonly byJob: ReadonlyMap<string, DeliveredJob>;
  /** A second message for a job of this delivery, a wake, or no message of ours: nothing is lost by an ack. */
  readonly surplus: readonly Message<unknown>[];
  /** How many of those ask for a dispatch. */
  readonly wakes: number;
  /** The messages of these jobs. */
  pick(keys: readonly JobKey[]): DeliveredJob[];
};

export function readMessages(messages: MessageBatch<unknown>): Delivered {
  const byJob = new Map<string, DeliveredJob>();
  const surplus: Message<unknown>[] = [];
  let wakes = 0;
  for (const message of messages.messages) {
    const body = JobMessage.safeParse(message.body);
    const key = body.success ? { batchId: body.data.b, line: body.data.l } : null;
    if (key !== null && !byJob.has(jobId(key))) {
      byJob.set(jobId(key), { key, kind: body.data?.k ?? "submit", message });
      continue;
    }
    surplus.push(message);
    if (key === null && WakeMessage.safeParse(message.body).success) wakes += 1;
  }
  const pick = (keys: readonly JobKey[]) =>
    keys.flatMap((key) => {
      const one = byJob.get(jobId(key));
      return one ? [one] : [];
    });
  return { byJob, surplus, wakes, pick };
}
