/**
 * How soon after 10,000 rows were handed in the first token is public, beyond what the upstream takes itself; and how
 * soon after a million rows were validated the first job of them begins.
 */
import { setTimeout as wait } from "node:timers/promises";
import type { Client } from "../../../shared/api/client.ts";
import { must } from "../../support/workers.ts";
import { atMost, judged } from "../figures.ts";
import { inFlightVariables, variablesFor, withMintline } from "../mintline-stack.ts";
import { csvOf, rowsOf, shortCsvOf } from "../rows.ts";
import type { RunningUpstream } from "../upstream/start.ts";
import { IN_FLIGHT, type Run } from "./run.ts";

const LATENCY_MS = 100;
/** GetCollection, the picture, CreateToken, CreateAsset and the upload have been answered when UpdateToken comes. */
const ANSWERED_BEFORE = 5;

export const firstTokenRun: Run = {
  name: "first-token",
  measures: "time from submitting 10,000 rows to the first published token",
  always: true,
  async perform({ quick, upstream, service }) {
    await upstream.set({ latencyMs: LATENCY_MS, callsPerSecond: null });
    const rows = quick ? 1_000 : 10_000;
    const file = csvOf(rowsOf(upstream.url, rows, 1_000_000));
    const variables = { ...variablesFor(upstream, service), ...inFlightVariables(IN_FLIGHT) };
    const first = await withMintline(variables, async ({ client, publish }) => {
      await publish(csvOf(rowsOf(upstream.url, 200, 1)));
      await upstream.reset();
      const submittedAt = performance.timeOrigin + performance.now();
      const { id } = must(await client.submit(file, { query: {} }));
      const seconds = ((await firstPublished(upstream)) - submittedAt) / 1_000;
      must(await client.steer(id, "cancel"));
      return [
        judged(
          "first published token after submitting 10,000 rows",
          seconds - (ANSWERED_BEFORE * LATENCY_MS) / 1_000,
          "s",
          atMost(2),
          `${rows} rows; ${seconds.toFixed(2)} s with the upstream's ${ANSWERED_BEFORE} × ${LATENCY_MS} ms`,
        ),
      ];
    });
    if (quick) return first;
    await upstream.set({ latencyMs: 0, callsPerSecond: null });
    const began = await withMintline(variables, ({ client }) => firstJobOfAMillion(client, upstream));
    return [
      ...first,
      judged(
        "first job after validation of 1,000,000 rows",
        began.afterRunning,
        "s",
        atMost(2),
        `its first call; ${began.afterLastRow.toFixed(2)} s after the last row was counted, with all that is asked of the whole file`,
      ),
    ];
  },
};

type Began = { readonly afterRunning: number; readonly afterLastRow: number };

/** Into a collection of which nothing is known yet; cancelled as soon as it has begun. Seconds. */
async function firstJobOfAMillion(client: Client, upstream: RunningUpstream): Promise<Began> {
  const rows = 1_000_000;
  await upstream.reset();
  const { id } = must(await client.submit(shortCsvOf(upstream.url, rows, 10_000_000), { query: {} }));
  let lastRowAt: number | null = null;
  for (;;) {
    const askedAt = performance.timeOrigin + performance.now();
    const batch = must(await client.batch(id));
    const left = rows - batch.rows.total;
    if (left === 0) lastRowAt ??= askedAt;
    if (!["validating", "running"].includes(batch.state)) {
      throw new Error(`Expected ${rows} rows to run, the batch is ${batch.state}`);
    }
    const { firstWriteAt } = await upstream.account();
    if (firstWriteAt !== null && batch.startedAt !== null) {
      must(await client.steer(id, "cancel"));
      return {
        afterRunning: (firstWriteAt - Date.parse(batch.startedAt)) / 1_000,
        afterLastRow: (firstWriteAt - (lastRowAt ?? firstWriteAt)) / 1_000,
      };
    }
    await wait(left > 70_000 ? 500 : 100);
  }
}

async function firstPublished(upstream: RunningUpstream): Promise<number> {
  for (;;) {
    const { firstPublishedAt } = await upstream.account();
    if (firstPublishedAt !== null) return firstPublishedAt;
    await wait(10);
  }
}
