/** One rival against the upstream: warmed up, measured, and held to have published each row exactly once. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type LineProcess, startLine } from "../line-process.ts";
import { usageOf, watchPeak } from "../processes.ts";
import type { Account } from "../upstream/account.ts";
import type { RunningUpstream } from "../upstream/start.ts";
import { RivalResult, type RivalTask } from "./main.ts";
import { startRedis } from "./redis.ts";
import type { Service } from "./work.ts";

export type RivalName = RivalTask["rival"] | "bare" | "mintline";

export type Lap = {
  readonly rows: number;
  readonly seconds: number;
  readonly jobsPerSecond: number;
  /** Of the whole process tree, what it keeps its status in among it. */
  readonly cpuMsPerJob: number;
  readonly peakBytes: number;
  readonly account: Account;
};

/** What is measured between the word to start and the last row's end. */
export async function measureLap(
  upstream: RunningUpstream,
  roots: readonly number[],
  rows: number,
  work: () => Promise<{ readonly seconds: number; readonly published: number }>,
): Promise<Lap> {
  await upstream.reset();
  const before = usageOf(roots).cpuMs;
  const watch = watchPeak(roots);
  const { seconds, published } = await work();
  const peakBytes = watch.stop();
  const cpuMsPerJob = (usageOf(roots).cpuMs - before) / rows;
  const account = await upstream.account();
  proveWhole(rows, published, account);
  return { rows, seconds, jobsPerSecond: rows / seconds, cpuMsPerJob, peakBytes, account };
}

/** A rival that skipped or doubled work has no figure. */
function proveWhole(rows: number, published: number, account: Account): void {
  const { created, published: seen, doubled } = account;
  if (published === rows && created === rows && seen === rows && doubled === 0) return;
  const got = JSON.stringify({ ownCount: published, created, published: seen, doubled });
  throw new Error(`Expected ${rows} tokens made and published once each, got ${got}.`);
}

export type RaceGiven = {
  readonly upstream: RunningUpstream;
  readonly service: Service;
  readonly inFlight: number;
  readonly warmUpRows: number;
  readonly rows: number;
};

export async function race(rival: RivalTask["rival"], given: RaceGiven): Promise<Lap> {
  const { upstream, service, inFlight } = given;
  const directory = await mkdtemp(join(tmpdir(), "mintline-bench-"));
  const redis = rival === "bullmq" ? await startRedis(directory) : null;
  const task: RivalTask = {
    rival,
    service,
    inFlight,
    directory,
    redisPort: redis?.port ?? null,
    warmUp: { rows: given.warmUpRows, firstId: 1 },
    measured: { rows: given.rows, firstId: 1_000_000 },
  };
  await upstream.reset();
  const child = startLine("test/bench/rivals/main.ts", { BENCH_TASK: JSON.stringify(task) });
  try {
    await readyLine(child);
    return await measureLap(upstream, [child.pid, ...(redis ? [redis.pid] : [])], given.rows, async () => {
      child.say("go");
      const { seconds, states } = RivalResult.parse(JSON.parse(await child.line()));
      return { seconds, published: states.published ?? 0 };
    });
  } finally {
    await child.stop();
    await redis?.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

async function readyLine(child: LineProcess): Promise<void> {
  const line = await child.line();
  if (line !== "ready") throw new Error(`Expected the rival to say ready, it said ${line}`);
}
