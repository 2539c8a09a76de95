/** Both Workers with real queues, D1 and R2 in this process's workerd, pointed at any Sequence; time by signal. */
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
  // Read only by who runs Workers: it is 15 MB, and others want no more from here than `must`.
  const { createTestHarness } = await import("wrangler");
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
export const untilResting = (client: Client, id: string): Promise<Batch> =>
  untilBatch(client, id, ({ state }) => RESTING.includes(state));

/**
 * Asks often while it may be a matter of moments and seldom later: each look is work for the Workers that are looked
 * at, and forty in a second would take a good part of a core from what is waited for.
 */
export async function untilBatch(
  client: Client,
  id: string,
  isThere: (batch: Batch) => boolean,
): Promise<Batch> {
  for (let pauseMs = 10; ; pauseMs = Math.min(pauseMs * 1.5, 200)) {
    const batch = must(await client.batch(id));
    if (isThere(batch)) return batch;
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

export const csv = (header: string, rows: readonly string[]): Uint8Array<ArrayBuffer> =>
  new TextEncoder().encode(`${[header, ...rows].join("\n")}\n`);
