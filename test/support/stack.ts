/** Both Workers with real queues, D1 and R2 in this process's workerd, an emulator behind them, time by signal. */
import { createTestHarness } from "wrangler";
import { makeKey } from "../../emulator/keys.ts";
import { type EmulatorOptions, startEmulator } from "../../emulator/server.ts";
import type { CallFailure } from "../../shared/api/call.ts";
import { type Client, createClient } from "../../shared/api/client.ts";
import type { Batch } from "../../shared/api/contract.ts";
import type { Result } from "../../shared/result.ts";
import { emulatorAt, type TestEmulator } from "./emulator.ts";

export type Stack = {
  readonly client: Client;
  readonly url: string;
  readonly emulator: TestEmulator;
  /** The scheduled sweep, as `npm start` calls it. */
  sweep(): Promise<void>;
  /** What the Workers have logged, one text; no secret may stand in it. */
  logs(): string;
  close(): Promise<void>;
};

export async function startStack(
  given: { emulator?: EmulatorOptions; variables?: Record<string, string> } = {},
): Promise<Stack> {
  const emulator = await startEmulator(given.emulator);
  const key = await makeKey({ project: 1 });
  const vars = {
    METADATA_URL: "",
    MAX_CALLS_PER_SECOND: "",
    EMULATOR_URL: emulator.url,
    MEDIA_PRIVATE_HOSTS: new URL(emulator.url).host,
    ...given.variables,
  };
  const worker = (configPath: string) => ({ configPath, vars, secrets: { JWT_ACCESS_KEY: key } });
  const harness = createTestHarness({
    workers: [worker("wrangler.toml"), worker("workers/consumer/wrangler.toml")],
  });
  const { url } = await harness.listen();
  await harness.getWorker<{ DB: never }>("mintline-producer").applyD1Migrations("DB");
  return {
    url: url.href,
    client: createClient({ url: url.href.replace(/\/$/, ""), token: "local" }),
    emulator: emulatorAt(emulator.url, key),
    async sweep() {
      await harness.getWorker("mintline-producer").scheduled({ cron: "* * * * *" });
    },
    logs: () => JSON.stringify(harness.getLogs()),
    async close() {
      await harness.close();
      await emulator.close();
    },
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

/** A CSV of `count` rows whose pictures the emulator's media host draws. */
export const generatedCsv = (emulator: TestEmulator, count: number, from = 1): Uint8Array<ArrayBuffer> =>
  csv(
    "tokenId,name,image,attributes[Kind]",
    Array.from({ length: count }, (_, index) => {
      const id = from + index;
      return `${id},Relic ${id},${emulator.url}/media/generated/${id}.png,Cup`;
    }),
  );
