/**
 * One rival as a process: works through the warm-up, says `ready`, and at a word on stdin through the measured rows;
 * then prints one line of JSON and waits to be ended, so that what it used can still be read.
 */
import { createInterface } from "node:readline";
import * as z from "zod";
import { type Row, rowsOf } from "../rows.ts";
import { runPool } from "./pool.ts";

export const RivalTask = z.object({
  rival: z.enum(["guide", "pool", "bullmq"]),
  service: z.object({ url: z.string(), key: z.string(), collectionId: z.number() }),
  inFlight: z.number(),
  /** A folder of its own. */
  directory: z.string(),
  redisPort: z.number().nullable(),
  warmUp: z.object({ rows: z.number(), firstId: z.number() }),
  measured: z.object({ rows: z.number(), firstId: z.number() }),
});
export type RivalTask = z.infer<typeof RivalTask>;

export const RivalResult = z.object({ seconds: z.number(), states: z.record(z.string(), z.number()) });
export type RivalResult = z.infer<typeof RivalResult>;

type Runner = (rows: readonly Row[]) => Promise<Record<string, number>>;

if (import.meta.main) await main(RivalTask.parse(JSON.parse(process.env.BENCH_TASK ?? "null")));

async function main(task: RivalTask): Promise<void> {
  const words = createInterface(process.stdin)[Symbol.asyncIterator]();
  const rows = ({ rows: count, firstId }: RivalTask["measured"]): Row[] =>
    rowsOf(task.service.url, count, firstId);
  const run = await runnerOf(task);
  await run(rows(task.warmUp));
  const measured = rows(task.measured);
  console.log("ready");
  await words.next();
  const startedAt = performance.now();
  const states = await run(measured);
  const seconds = (performance.now() - startedAt) / 1_000;
  console.log(JSON.stringify({ seconds, states } satisfies RivalResult));
  await words.next();
}

async function runnerOf({ rival, service, inFlight, directory, redisPort }: RivalTask): Promise<Runner> {
  if (rival === "bullmq") {
    // Loaded only here: its 30 MB are not the script's.
    const { startBullMq } = await import("./bullmq.ts");
    return (await startBullMq(service, inFlight, redisPort ?? 0)).run;
  }
  let files = 0;
  return (rows) => {
    files += 1;
    const statusPath = `${directory}/status-${files}.sqlite`;
    return runPool(service, rows, { inFlight, statusPath, statusAtOnce: rival === "guide" ? 1 : 100 });
  };
}
