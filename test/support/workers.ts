/** Both Workers with real queues, D1 and R2 in this process's workerd, pointed at any Sequence; time by signal. */
import { createTestHarness } from "wrangler";
import type { CallFailure } from "../../shared/api/call.ts";
import { type Client, createClient } from "../../shared/api/client.ts";
import type { Batch } from "../../shared/api/contract.ts";
import type { Result } from "../../shared/result.ts";

export type RunningWorkers = {
  readonly client: Client;
  readonly url: string;
  /** The scheduled sweep, as `npm start` calls it. */
  sweep(): Promise<void>;
  /** What the Workers have logged, one text; no secret may stand in it. */
  logs(): string;
  close(): Promise<void>;
};

/** `variables` say which Sequence: METADATA_URL, or EMULATOR_URL where that stays blank. `key` is its secret key. */
export async function startWorkers(
  key: string,
  variables: Readonly<Record<string, string>>,
): Promise<RunningWorkers> {
  // Blank over the committed values, which are production's.
  const vars = { METADATA_URL: "", MAX_CALLS_PER_SECOND: "", ...variables };
  const worker = (configPath: string) => ({ configPath, vars, secrets: { JWT_ACCESS_KEY: key } });
  const harness = createTestHarness({
    workers: [worker("wrangler.toml"), worker("workers/consumer/wrangler.toml")],
  });
  const { url } = await harness.listen();
  await harness.getWorker<{ DB: never }>("mintline-producer").applyD1Migrations("DB");
  return {
    url: url.href,
    client: createClient({ url: url.href.replace(/\/$/, ""), token: "local" }),
    async sweep() {
      await harness.getWorker("mintline-producer").scheduled({ cron: "* * * * *" });
    },
    logs: () => JSON.stringify(harness.getLogs()),
    close: () => harness.close(),
  };
}

/** The value, or a test failure that shows what the server said. */
export function must<T>(result: Result<T, CallFailure>): T {
  if (result.ok) return result.value;
  throw new Error(JSON.stringify(result.error));
}

const RESTING = ["invalid", "planned", "paused", "halted", "cancelled", "finished"];

/** Polls as people do, until the batch rests; the time-out is the test's own. */
export async function untilResting(client: Client, id: string): Promise<Batch> {
  for (;;) {
    const batch = must(await client.batch(id));
    if (RESTING.includes(batch.state)) return batch;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

export const csv = (header: string, rows: readonly string[]): Uint8Array<ArrayBuffer> =>
  new TextEncoder().encode(`${[header, ...rows].join("\n")}\n`);
