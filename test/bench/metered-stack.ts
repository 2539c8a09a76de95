/**
 * The stack of `npm start` with a meter round each Worker's bindings (metered/): the same sources, configuration and
 * `wrangler dev`, only `main` is another. The sweep comes when it is called, so that it can be counted by itself.
 */
import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { projectDir } from "../../cli/stack/project.ts";
import { untilReady } from "../../cli/stack/readiness.ts";
import { writeRunFiles } from "../../cli/stack/run-files.ts";
import { completeVariables } from "../../cli/stack/stack.ts";
import { lockStateDir, stateDir } from "../../cli/stack/state-dir.ts";
import { startMigrating, startWorkers } from "../../cli/stack/wrangler.ts";
import { type Client, createClient } from "../../shared/api/client.ts";
import { freePort } from "../support/start.ts";

const StatementCounts = z.object({ times: z.number(), rowsRead: z.number(), rowsWritten: z.number() });
const Counts = z.object({
  requests: z.number(),
  deliveries: z.number(),
  d1Calls: z.number(),
  d1Statements: z.number(),
  d1RowsRead: z.number(),
  d1RowsWritten: z.number(),
  messagesSent: z.number(),
  messagesDelivered: z.number(),
  r2ClassA: z.number(),
  r2ClassB: z.number(),
  objectRequests: z.number(),
  objectRowsWritten: z.number(),
  statements: z.record(z.string(), StatementCounts),
});
export type Counts = z.infer<typeof Counts>;
const BothCounts = z.object({ producer: Counts, consumer: Counts });
export type BothCounts = z.infer<typeof BothCounts>;

export type MeteredStack = {
  readonly client: Client;
  readonly url: string;
  counts(): Promise<BothCounts>;
  sweep(): Promise<void>;
};

const READY_WITHIN_MS = 120_000;

export async function withMeteredStack<T>(
  directory: string,
  variables: Record<string, string>,
  queueBatchSize: number,
  work: (stack: MeteredStack) => Promise<T>,
): Promise<T> {
  const state = stateDir(directory);
  const lock = await lockStateDir(state.root);
  if (!lock) throw new Error(`Another stack runs on ${directory}.`);
  try {
    const run = { variables: completeVariables(variables, null, Date.now()), queueBatchSize };
    await writeRunFiles(projectDir, state, run);
    await putMeters(state);
    const environment = { PATH: process.env.PATH, HOME: process.env.HOME };
    const { code } = await startMigrating(state, environment).ended;
    if (code !== 0) throw new Error(`Migrating ended with ${code}: ${state.migrationsLog}`);
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const workers = startWorkers(state, environment, port);
    const end = () => void workers.stop();
    process.once("exit", end);
    try {
      const late = await untilReady(`${url}/healthz`, workers, READY_WITHIN_MS, new AbortController().signal);
      if (late)
        throw new Error(`Not ready: ${JSON.stringify(late)}; ${await readFile(workers.logFile, "utf8")}`);
      workers.rememberFamily();
      return await work({
        url,
        client: createClient({ url, token: "local" }),
        counts: async () => BothCounts.parse(await (await fetch(`${url}/bench/counts`)).json()),
        async sweep() {
          const answer = await fetch(`${url}/cdn-cgi/local/scheduled?cron=*+*+*+*+*`);
          if (!answer.ok) throw new Error(`Expected the sweep to run, got HTTP ${answer.status}.`);
          await answer.text();
        },
      });
    } finally {
      process.off("exit", end);
      await workers.stop();
    }
  } finally {
    lock.release();
  }
}

const Config = z.looseObject({ main: z.string() });

async function putMeters(state: ReturnType<typeof stateDir>): Promise<void> {
  const meters = "test/bench/metered";
  await cp(join(projectDir, meters), join(state.run, meters), { recursive: true });
  await rewrite(state.producerConfig, {
    main: `${meters}/producer.ts`,
    services: [{ binding: "CONSUMER", service: "mintline-consumer" }],
  });
  await rewrite(state.consumerConfig, { main: `../../${meters}/consumer.ts` });
}

async function rewrite(path: string, changes: Record<string, unknown>): Promise<void> {
  const config = Config.parse(JSON.parse(await readFile(path, "utf8")));
  await writeFile(path, JSON.stringify({ ...config, ...changes }), { mode: 0o600 });
}
