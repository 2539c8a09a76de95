/** `npm start` pointed at the bench's upstream as it would be at Sequence: METADATA_URL, a key, a media host. */
import type { ChildProcess } from "node:child_process";
import { rmSync } from "node:fs";
import { makeKey } from "../../emulator/keys.ts";
import type { Client } from "../../shared/api/client.ts";
import type { Batch } from "../../shared/api/contract.ts";
import { start, temporaryState } from "../support/start.ts";
import { must, untilResting } from "../support/workers.ts";
import { type Lap, measureLap, type RaceGiven } from "./rivals/race.ts";
import type { Service } from "./rivals/work.ts";
import { csvOf, rowsOf } from "./rows.ts";
import type { RunningUpstream } from "./upstream/start.ts";

export const COLLECTION_ID = 900;

export const serviceAt = async ({ url }: RunningUpstream): Promise<Service> => ({
  url,
  key: await makeKey({ project: 1 }),
  collectionId: COLLECTION_ID,
});

export type MintlineStack = {
  readonly url: string;
  readonly client: Client;
  readonly pid: number;
  readonly stateDir: string;
  /** @returns the batch at rest. @throws where it did not end as it should */
  publish(file: Uint8Array<ArrayBuffer>): Promise<Batch>;
  stop(): Promise<void>;
};

export const variablesFor = (upstream: RunningUpstream, service: Service): Record<string, string> => ({
  METADATA_URL: upstream.url,
  JWT_ACCESS_KEY: service.key,
  MEDIA_PRIVATE_HOSTS: upstream.host,
  COLLECTION_ID: String(COLLECTION_ID),
});

/** As many jobs at once as the settings allow in one delivery; the local queue hands over one at a time. */
export const inFlightVariables = (inFlight: number): Record<string, string> => ({
  QUEUE_BATCH_SIZE: String(Math.min(100, inFlight)),
  JOB_CONCURRENCY: String(Math.min(100, inFlight)),
});

export async function withMintline<T>(
  variables: Record<string, string>,
  work: (stack: MintlineStack) => Promise<T>,
): Promise<T> {
  const state = await temporaryState();
  let child: ChildProcess | null = null;
  const remember = (spawned: ChildProcess) => {
    child = spawned;
  };
  const endChild = () => {
    if (child?.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGKILL");
    rmSync(state.dir, { recursive: true, force: true });
  };
  process.once("exit", endChild);
  try {
    const started = await start(state.dir, variables, "local", remember);
    try {
      return await work({
        url: started.url,
        client: started.client,
        pid: (child as ChildProcess | null)?.pid ?? -1,
        stateDir: state.dir,
        publish: (file) => publish(started.client, file),
        stop: async () => void (await started.stop()),
      });
    } finally {
      await started.stop();
    }
  } finally {
    process.off("exit", endChild);
    await state.remove();
  }
}

async function publish(client: Client, file: Uint8Array<ArrayBuffer>): Promise<Batch> {
  const { id } = must(await client.submit(file, { query: {} }));
  const batch = await untilResting(client, id);
  if (batch.state === "finished" && batch.jobs.completed === batch.rows.total) return batch;
  const { items } = must(await client.deadLetters({ batchId: id, limit: 3 }));
  throw new Error(`Expected all rows published, got ${JSON.stringify([batch, items])}`);
}

/** From the first byte of the request to the answer that says `finished`: intake, queue and settling in it. */
export const raceMintline = (given: RaceGiven, more: Record<string, string> = {}): Promise<Lap> =>
  withMintline(
    { ...variablesFor(given.upstream, given.service), ...inFlightVariables(given.inFlight), ...more },
    async (stack) => {
      await stack.publish(csvOf(rowsOf(given.upstream.url, given.warmUpRows, 1)));
      const file = csvOf(rowsOf(given.upstream.url, given.rows, 1_000_000));
      return measureLap(given.upstream, [stack.pid], given.rows, async () => {
        const startedAt = performance.now();
        const { jobs } = await stack.publish(file);
        return { seconds: (performance.now() - startedAt) / 1_000, published: jobs.completed };
      });
    },
  );
