/**
 * What a job uses, counted by meters round the Workers' bindings in deliveries as production makes them (10 messages,
 * 6 jobs side by side), and what a million of them cost at Cloudflare's published prices.
 */

import { temporaryState } from "../../support/start.ts";
import { must } from "../../support/workers.ts";
import { type Counted, quantitiesOfAMillion } from "../dollars.ts";
import { atMost, exactly, type Figure, judged, told } from "../figures.ts";
import { type BothCounts, type MeteredStack, withMeteredStack } from "../metered-stack.ts";
import { variablesFor } from "../mintline-stack.ts";
import { billBeyondIncluded, billOf, PRICES_READ_ON } from "../prices.ts";
import { usageOf } from "../processes.ts";
import { csvOf, rowsOf } from "../rows.ts";
import { type Account, writesOf } from "../upstream/account.ts";
import type { Run, RunGiven } from "./run.ts";

const JOBS_A_DELIVERY = 10;
/** People poll about so often; each poll is a request and a row read, so it is counted like the rest. */
const POLL_MS = 1_000;

export const countsRun: Run = {
  name: "counts",
  measures: "D1, queue, R2 and Sequence operations a job, and dollars per million",
  always: true,
  async perform(given) {
    const { upstream, service, quick, tell } = given;
    await upstream.set({ latencyMs: 5, callsPerSecond: null });
    const state = await temporaryState();
    try {
      const variables = { ...variablesFor(upstream, service), JOB_CONCURRENCY: "6" };
      return await withMeteredStack(state.dir, variables, JOBS_A_DELIVERY, async (stack) => {
        await publish(stack, given, 50, 1);
        await upstream.reset();
        const counted = await count(stack, given, quick ? 300 : 3_000);
        for (const line of dearest(counted)) tell(line);
        return figuresOf(counted, await upstream.account());
      });
    } finally {
      await state.remove();
    }
  },
};

async function count(stack: MeteredStack, given: RunGiven, rows: number): Promise<Counted> {
  const start = await stack.counts();
  const cpuBefore = usageOf([process.pid], "workerd").cpuMs;
  await publish(stack, given, rows, 1_000_000);
  const cpuMs = usageOf([process.pid], "workerd").cpuMs - cpuBefore;
  const done = await stack.counts();
  await stack.sweep();
  return { rows, work: grown(start, done), sweep: grown(done, await stack.counts()), cpuMs };
}

async function publish(
  stack: MeteredStack,
  { upstream }: RunGiven,
  rows: number,
  firstId: number,
): Promise<void> {
  const { id } = must(await stack.client.submit(csvOf(rowsOf(upstream.url, rows, firstId)), { query: {} }));
  for (;;) {
    const { state, jobs } = must(await stack.client.batch(id));
    if (state === "finished" && jobs.completed === rows) return;
    if (state === "finished" || state === "halted" || state === "invalid") {
      throw new Error(`Expected ${rows} rows published, got ${JSON.stringify([state, jobs])}`);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

export function figuresOf(counted: Counted, account: Account): Figure[] {
  const { rows, work } = counted;
  const { producer, consumer } = work;
  const all = (name: Exclude<keyof typeof producer, "statements">): number =>
    (producer[name] + consumer[name]) / rows;
  const aDelivery = consumer.messagesDelivered / consumer.deliveries;
  const quantities = quantitiesOfAMillion(counted);
  const bill = billOf(quantities);
  return [
    judged(
      "D1 rows written a job",
      all("d1RowsWritten"),
      "",
      atMost(6),
      "all told, with intake and the manifest",
    ),
    judged(
      "D1 calls a job in full deliveries of 10",
      consumer.d1Calls / rows,
      "",
      atMost(0.3),
      `the consumer's; ${aDelivery.toFixed(1)} jobs a delivery; with intake ${all("d1Calls").toFixed(3)}`,
    ),
    judged("Sequence calls a job without faults", writesOf(account) / rows, "", exactly(4)),
    judged(
      "dollars per million tokens",
      bill.dollars,
      "$",
      atMost(8),
      `prices of ${PRICES_READ_ON}, nothing included; beyond a month's included amounts $${billBeyondIncluded(quantities).dollars.toFixed(2)}`,
    ),
    ...bill.lines.map(({ of, quantity, dollars }) =>
      told(
        `dollars per million tokens: ${of}`,
        dollars,
        "$",
        `${Math.round(quantity).toLocaleString("en-US")}`,
      ),
    ),
    told("D1 rows read a job", all("d1RowsRead"), ""),
    told("D1 statements a job", all("d1Statements"), ""),
    told("queue operations a job", all("messagesSent") * 2 + all("messagesDelivered"), ""),
    told(
      "R2 operations a job",
      all("r2ClassA") + all("r2ClassB"),
      "",
      "pictures behind addresses, below 1 MB",
    ),
    told("Durable Object sessions a job", all("objectRequests"), ""),
    told(
      "workerd's CPU a job, six at a time",
      counted.cpuMs / rows,
      "ms",
      "with the local D1, R2 and queues in it",
    ),
  ];
}

/** Which statements write and read most: where to look first. */
function dearest({ rows, work }: Counted): string[] {
  const statements = [
    ...Object.entries(work.producer.statements),
    ...Object.entries(work.consumer.statements),
  ];
  return statements
    .toSorted(([, a], [, b]) => b.rowsWritten - a.rowsWritten || b.rowsRead - a.rowsRead)
    .slice(0, 12)
    .map(([text, { times, rowsRead, rowsWritten }]) => {
      const a = (count: number): string => (count / rows).toFixed(2).padStart(6);
      return `a job: ${a(rowsWritten)} written ${a(rowsRead)} read ${a(times)} times  ${text}`;
    });
}

function grown(before: BothCounts, after: BothCounts): BothCounts {
  const less = (a: BothCounts["producer"], b: BothCounts["producer"]): BothCounts["producer"] => {
    const { statements: were, ...countsBefore } = a;
    const { statements, ...countsAfter } = b;
    const minus = <T extends Record<string, number>>(one: T, other: Partial<T> | undefined): T =>
      Object.fromEntries(
        Object.entries(one).map(([name, value]) => [name, value - (other?.[name] ?? 0)]),
      ) as T;
    return {
      ...minus(countsAfter, countsBefore),
      statements: Object.fromEntries(
        Object.entries(statements).map(([text, counts]) => [text, minus(counts, were[text])]),
      ),
    };
  };
  return { producer: less(before.producer, after.producer), consumer: less(before.consumer, after.consumer) };
}
