/**
 * Intake at four sizes as dry runs, so that nothing upstream is disturbed: from the request to `planned`. After each,
 * the same GET of the batch's status is timed; then, on the same state, the rows that it reads are counted.
 */
import { Agent, get } from "node:http";
import { must, untilResting } from "../../support/workers.ts";
import { atLeast, atMost, type Figure, judged, told } from "../figures.ts";
import { withMeteredStack } from "../metered-stack.ts";
import { type MintlineStack, variablesFor, withMintline } from "../mintline-stack.ts";
import { percentile } from "../percentiles.ts";
import { watchPeak } from "../processes.ts";
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

/** Shorter rows than the other runs': a million of them is still one body below 95 MB. */
function fileOf(upstreamUrl: string, rows: number): Uint8Array<ArrayBuffer> {
  const line = (id: number): string => `${id},Relic ${id},${upstreamUrl}/media/${id}.png,${id % 7}`;
  const lines = Array.from({ length: rows }, (_, index) => line(index + 1));
  return new TextEncoder().encode(["tokenId,name,image,Hue", ...lines, ""].join("\n"));
}

async function takeIn(
  stack: MintlineStack,
  { upstream, tell }: RunGiven,
  rows: number,
  gets: number,
): Promise<Taken> {
  const file = fileOf(upstream.url, rows);
  const startedAt = performance.now();
  const { id } = must(await stack.client.submit(file, { query: { dryRun: "true" } }));
  const receivedAt = performance.now();
  const { state } = await untilResting(stack.client, id);
  const endedAt = performance.now();
  if (state !== "planned") throw new Error(`Expected ${rows} rows planned, the batch is ${state}`);
  const seconds = (endedAt - startedAt) / 1_000;
  tell(`${rows} rows planned in ${seconds.toFixed(2)} s`);
  const status = await timeStatus(stack, id, gets);
  return { rows, id, seconds, validatingSeconds: (endedAt - receivedAt) / 1_000, status };
}

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
  return { p50: percentile(times, 50), p99: percentile(times, 99) };
}
const WARM_UP_GETS = 50;

/** Asked again where an idle connection was closed just as it was taken up: that is no answer that came late. */
function getStatus(url: string, agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    const asked = get(url, { agent, headers: { authorization: "Bearer local" } }, (answer) => {
      answer.resume().once("end", resolve);
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
          judged("batch status at 1 M jobs: rows read", read.get(1_000_000) ?? null, "", atMost(5)),
        ]
      : [];
  return [
    ...judgedOnes,
    told("batch status on the idle stack, p50", idle.p50, "ms"),
    told("batch status on the idle stack, p99", idle.p99, "ms"),
    ...taken.flatMap(({ rows, seconds, validatingSeconds, status }) => {
      const size = rows.toLocaleString("en-US");
      return [
        told(`intake of ${size} rows`, rows / seconds, "rows/s", `${seconds.toFixed(2)} s`),
        told(
          `intake of ${size} rows, once received`,
          rows / validatingSeconds,
          "rows/s",
          `${validatingSeconds.toFixed(2)} s`,
        ),
        told(`batch status at ${size} jobs, p50`, status.p50, "ms"),
        told(`batch status at ${size} jobs, p99`, status.p99, "ms", `${read.get(rows)} rows read`),
      ];
    }),
    told("intake, peak memory", peakBytes / 1_000_000, "MB", "resident, whole process tree"),
  ];
}
