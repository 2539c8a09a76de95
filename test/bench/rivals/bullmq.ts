/**
 * BullMQ as its documentation advises for I/O: one Worker with the wanted concurrency, `addBulk` in thousands (one
 * round trip each), attempts with exponential back-off and jitter, jobs kept so that their state and result can be
 * asked for. What an attempt has done is written to the job only where it fails, so a good job pays nothing for it.
 */
import { Queue, UnrecoverableError, Worker } from "bullmq";
import { Redis } from "ioredis";
import type { Row } from "../rows.ts";
import { ATTEMPTS, mayPass, type Progress, type Service, startWork, waitMs } from "./work.ts";

const ROWS_AT_ONCE = 1_000;
type Data = { readonly row: Row; readonly progress: Progress };

export type BullMq = {
  /** From `addBulk` to the last job's end. @returns tokens by state, asked of the queue */
  run(rows: readonly Row[]): Promise<Record<string, number>>;
  close(): Promise<void>;
};

export async function startBullMq(service: Service, inFlight: number, redisPort: number): Promise<BullMq> {
  const connect = () => new Redis({ host: "127.0.0.1", port: redisPort, maxRetriesPerRequest: null });
  const connections = [connect(), connect()] as const;
  const queue = new Queue<Data, string>("publish", { connection: connections[0] });
  const work = startWork(service, inFlight);
  let left = 0;
  let ended = Promise.withResolvers<void>();
  const one = (): void => {
    left -= 1;
    if (left === 0) ended.resolve();
  };
  const worker = new Worker<Data, string>(
    "publish",
    async (job) => {
      const { row, progress } = job.data;
      try {
        await work.publish(row, progress);
        return progress.assetUrl ?? "";
      } catch (error) {
        if (!mayPass(error)) throw new UnrecoverableError(String(error));
        await job.updateData({ row, progress });
        throw error;
      }
    },
    {
      connection: connections[1],
      concurrency: inFlight,
      settings: { backoffStrategy: (attempts) => waitMs(attempts, Math.random()) },
    },
  );
  worker.on("completed", one);
  worker.on("failed", (job, error) => {
    const isLast = (job?.attemptsMade ?? 0) >= ATTEMPTS || error instanceof UnrecoverableError;
    if (isLast) one();
  });
  await worker.waitUntilReady();
  return {
    async run(rows) {
      const before = await queue.getJobCounts("completed", "failed");
      left = rows.length;
      ended = Promise.withResolvers();
      const opts = { attempts: ATTEMPTS, backoff: { type: "custom" } };
      for (let from = 0; from < rows.length; from += ROWS_AT_ONCE) {
        const some = rows.slice(from, from + ROWS_AT_ONCE);
        await queue.addBulk(some.map((row) => ({ name: "publish", data: { row, progress: {} }, opts })));
      }
      await ended.promise;
      const after = await queue.getJobCounts("completed", "failed");
      const grown = (state: string): number => (after[state] ?? 0) - (before[state] ?? 0);
      return { published: grown("completed"), failed: grown("failed") };
    },
    async close() {
      await worker.close();
      await queue.close();
      for (const connection of connections) connection.disconnect();
    },
  };
}
