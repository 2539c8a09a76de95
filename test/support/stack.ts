/** Both Workers with an emulator behind them. */
import { makeKey } from "../../emulator/keys.ts";
import { type EmulatorOptions, startEmulator } from "../../emulator/server.ts";
import { emulatorAt, type TestEmulator } from "./emulator.ts";
import { csv, type RunningWorkers, startWorkers } from "./workers.ts";

export { csv, must, untilBatch, untilResting } from "./workers.ts";

export type Stack = RunningWorkers & { readonly emulator: TestEmulator };

export async function startStack(
  given: { emulator?: EmulatorOptions; variables?: Record<string, string> } = {},
): Promise<Stack> {
  const emulator = await startEmulator(given.emulator);
  const key = await makeKey({ project: 1 });
  const workers = await startWorkers(key, {
    EMULATOR_URL: emulator.url,
    MEDIA_PRIVATE_HOSTS: new URL(emulator.url).host,
    ...given.variables,
  });
  return {
    ...workers,
    emulator: emulatorAt(emulator.url, key),
    async close() {
      await workers.close();
      await emulator.close();
    },
  };
}

/** A CSV of `count` rows whose pictures the emulator's media host draws. */
export const generatedCsv = (emulator: TestEmulator, count: number, from = 1): Uint8Array<ArrayBuffer> =>
  csv(
    "tokenId,name,image,attributes[Kind]",
    Array.from({ length: count }, (_, index) => {
      const id = from + index;
      return `${id},Relic ${id},${emulator.url}/media/generated/${id}.png,Cup`;
    }),
  );
