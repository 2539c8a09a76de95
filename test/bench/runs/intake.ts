/**
 * Intake at four sizes as dry runs, so that nothing upstream is disturbed: from the request to `planned`. Meanwhile the
 * batch is asked for twice a second, as somebody asks who watches it, and each answer is timed. After each size the
 * same GET is timed again; then, on the same state, the rows that it reads are counted.
 */
import { Agent, get } from "node:http";
import { text } from "node:stream/consumers";
import { setTimeout as wait } from "node:timers/promises";
import { Batch } from "../../../shared/api/contract.ts";
import { must } from "../../support/workers.ts";
import { atLeast, atMost, type Figure, judged, told } from "../figures.ts";
import { withMeteredStack } from "../metered-stack.ts";
import { type MintlineStack, variablesFor, withMintline } from "../mintline-stack.ts";
import { percentile } from "../percentiles.ts";
import { watchPeak } from "../processes.ts";
import { shortCsvOf } from "../rows.ts";
import type { Run, RunGiven } from "./run.ts";

const SIZES = {
  full: [1_000, 10_000, 100_000, 1_000_000],
  quick: [1_000, 10_000],
} as const satisfies Record<string, readonly number[]>;
const GETS = { full: 1_000, quick: 200 } as const;

export type Taken = {
  readonly rows: number;
  readonly id: string;
  /** From the request; and from its answer, when the file is stored and validating begins. */
  readonly seconds: number;
  readonly validatingSeconds: number;
  readonly status: Latency;
  /** Of the GETs while rows were read; null where it took too short for any. */
  readonly during: Latency | null;
};
type Latency = { readonly p50: number; readonly p99: number };

export const intakeRun: Run = {
  name: "intake",
  measures: "intake and batch status at 1 k, 10 k, 100 k and 1 M rows",
  always: true,
  async perform(given) {
    const { upstream, service, quick } = given;
    await upstream.set({ latencyMs: 0, callsPerSecond: null });
    await upstream.reset();
    const variables = variablesFor(upstream, service);
    return withMintline(variables, async (stack) => {
      const gets = GETS[quick ? "quick" : "full"];
      const one = await takeIn(stack, given, 1, gets);
      // Again, warm: the first answers of a fresh runtime are slow for reasons of their own.
      const idle = await timeStatus(stack, one.id, gets);
      const watch = watchPeak([stack.pid]);
      const taken: Taken[] = [];
      for (const rows of SIZES[quick ? "quick" : "full"]) taken.push(await takeIn(stack, given, rows, gets));
      const peakBytes = watch.stop();
      await stack.stop();
      const read = await rowsRead(stack.stateDir, variables, taken);
      return figuresOf(idle, taken, read, peakBytes);
    });
  },
};

async function takeIn(
  stack: MintlineStack,
  { upstream, tell }: RunGiven,
  rows: number,
  gets: number,
): Promise<Taken> {
  const file = shortCsvOf(upstream.url, rows, 1);
  const startedAt = performance.now();
  const { id } = must(await stack.client.submit(file, { query: { dryRun: "true" } }));
  const receivedAt = performance.now();
  const { state, times } = await watched(stack, id, rows);
  const endedAt = performance.now();
  if (state !== "planned") throw new Error(`Expected ${rows} rows planned, the batch is ${state}`);
  const seconds = (endedAt - startedAt) / 1_000;
  tell(`${rows} rows planned in ${seconds.toFixed(2)} s`);
  const status = await timeStatus(stack, id, gets);
  const validatingSeconds = (endedAt - receivedAt) / 1_000;
  return { rows, id, seconds, validatingSeconds, status, during: times.length > 0 ? latencyOf(times) : null };
}

/**
 * As people watch, and only the last rows more closely, so that the end is not found half a second late: the rows
 * counted move with each slice, of 70,000 such rows at most. More closely still would measure the watching, for which
 * intake stands back.
 */
async function watched(
  { url }: MintlineStack,
  id: string,
  rows: number,
): Promise<{ state: Batch["state"]; times: number[] }> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const times: number[] = [];
  for (;;) {
    const askedAt = performance.now();
    const answer = await getStatus(`${url}/v1/batches/${id}`, agent);
    const ms = performance.now() - askedAt;
    const batch = Batch.parse(JSON.parse(answer));
    if (batch.state !== "validating") {
      agent.destroy();
      return { state: batch.state, times };
    }
    const left = rows - batch.rows.total;
    const pause = left > 70_000 ? 500 : 100;
    if (pause === 500) times.push(ms);
    await wait(pause);
  }
}

const latencyOf = (times: readonly number[]): Latency => ({
  p50: percentile(times, 50),
  p99: percentile(times, 99),
});

/** One after the other on one connection, as somebody who waits for the batch asks; some unmeasured ones first. */
async function timeStatus({ url }: MintlineStack, id: string, gets: number): Promise<Latency> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const times: number[] = [];
  for (let index = 0; index < gets + WARM_UP_GETS; index += 1) {
    const startedAt = performance.now();
    await getStatus(`${url}/v1/batches/${id}`, agent);
    if (index >= WARM_UP_GETS) times.push(performance.now() - startedAt);
  }
  agent.destroy();
  return latencyOf(times);
}
const WARM_UP_GETS = 50;

/** Asked again where an idle connection was closed just as it was taken up: that is no answer that came late. */
function getStatus(url: string, agent: Agent): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = get(url, { agent, headers: { authorization: "Bearer local" } }, (answer) => {
      text(answer).then(resolve, reject);
      if (answer.statusCode !== 200) reject(new Error(`HTTP ${answer.statusCode} from ${url}`));
    });
    asked.once("error", (error) => {
      if (asked.reusedSocket && "code" in error && error.code === "ECONNRESET") {
        getStatus(url, agent).then(resolve, reject);
      } else reject(error);
    });
  });
}

/** By size, on the state that the run has left. */
const rowsRead = (stateDir: string, variables: Record<string, string>, taken: readonly Taken[]) =>
  withMeteredStack(stateDir, variables, 10, async ({ client, counts }) => {
    const read = new Map<number, number>();
    for (const { rows, id } of taken) {
      const before = (await counts()).producer.d1RowsRead;
      must(await client.batch(id));
      read.set(rows, (await counts()).producer.d1RowsRead - before);
    }
    return read;
  });

export function figuresOf(
  idle: Latency,
  taken: readonly Taken[],
  read: ReadonlyMap<number, number>,
  peakBytes: number,
): Figure[] {
  const at = (rows: number): Taken | undefined => taken.find((one) => one.rows === rows);
  const largest = at(1_000_000);
  const hundredK = at(100_000);
  const judgedOnes =
    largest && hundredK
      ? [
          judged(
            "intake at 1 M rows",
            largest.rows / largest.seconds,
            "rows/s",
            atLeast(40_000),
            "from the request to planned",
          ),
          judged(
            "intake at 1 M rows: time per row against 100 k",
            largest.seconds / largest.rows / (hundredK.seconds / hundredK.rows),
            "×",
            atMost(1.1),
          ),
          judged(
            "batch status at 1 M jobs: p99 against the same GET on the idle stack",
            largest.status.p99 / idle.p99,
            "×",
            atMost(2),
          ),
          judged(
            "batch status while 1 M rows are read: p50 against the same GET on the idle stack",
            largest.during && largest.during.p50 / idle.p50,
            "×",
            atMost(3),
            "asked twice a second",
          ),
          judged(
            "batch status while 1 M rows are read: p99 against the same GET on the idle stack",
            largest.during && largest.during.p99 / idle.p99,
            "×",
            atMost(3),
          ),
          judged("batch status at 1 M jobs: rows read", read.get(1_000_000) ?? null, "", atMost(5)),
        ]
      : [];
  return [
    ...judgedOnes,
    told("batch status on the idle stack, p50", idle.p50, "ms"),
    told("batch status on the idle stack, p99", idle.p99, "ms"),
    ...taken.flatMap(({ rows, seconds, validatingSeconds, status, during }) => {
      const size = rows.toLocaleString("en-US");
      return [
        told(`intake of ${size} rows`, rows / seconds, "rows/s", `${seconds.toFixed(2)} s`),
        told(
          `intake of ${size} rows, once received`,
          rows / validatingSeconds,
          "rows/s",
          `${validatingSeconds.toFixed(2)} s`,
        ),
        ...(during
          ? [
              told(`batch status while ${size} rows are read, p50`, during.p50, "ms"),
              told(`batch status while ${size} rows are read, p99`, during.p99, "ms"),
            ]
          : []),
        told(`batch status at ${size} jobs, p50`, status.p50, "ms"),
        told(`batch status at ${size} jobs, p99`, status.p99, "ms", `${read.get(rows)} rows read`),
      ];
    }),
    told("intake, peak memory", peakBytes / 1_000_000, "MB", "resident, whole process tree"),
  ];
}
