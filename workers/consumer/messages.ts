/** A Cloudflare `MessageBatch` as jobs: parsed once, one message a job, what cannot be read set apart. */
import { type JobKey, jobId } from "../../shared/job/job.ts";
import { JobMessage } from "../../shared/job/message.ts";

export type Delivered = {
  /** The first message of each job, by job id. */
  readonly byJob: ReadonlyMap<string, { readonly key: JobKey; readonly message: Message<unknown> }>;
  /** A second message for a job of this delivery, or no message of ours: nothing is lost by an ack. */
  readonly surplus: readonly Message<unknown>[];
};

export function readMessages(messages: MessageBatch<unknown>): Delivered {
  const byJob = new Map<string, { key: JobKey; message: Message<unknown> }>();
  const surplus: Message<unknown>[] = [];
  for (const message of messages.messages) {
    const body = JobMessage.safeParse(message.body);
    const key = body.success ? { batchId: body.data.b, line: body.data.l } : null;
    if (key === null || byJob.has(jobId(key))) surplus.push(message);
    else byJob.set(jobId(key), { key, message });
  }
  return { byJob, surplus };
}
