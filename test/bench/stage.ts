/** `npm start` for one measurement: a fresh state, its emulator's side door, a published collection; gone at the end. */
import { makeKey } from "../../emulator/keys.ts";
import type { Batch } from "../../shared/api/contract.ts";
import { emulatorAt, type TestEmulator } from "../support/emulator.ts";
import { type Started, start, temporaryState } from "../support/start.ts";
import { must, untilResting } from "../support/workers.ts";

export type Stage = {
  readonly stack: Started;
  readonly emulator: TestEmulator;
  readonly collectionId: number;
  /** Until it rests; throws where any row did not complete. */
  submit(file: Uint8Array<ArrayBuffer>): Promise<Batch>;
};

export async function onStage<T>(
  variables: Record<string, string>,
  work: (stage: Stage) => Promise<T>,
): Promise<T> {
  const state = await temporaryState();
  const stack = await start(state.dir, variables);
  try {
    const emulator = emulatorAt(stack.emulatorUrl ?? "", await makeKey({ project: 1 }));
    const collectionId = await emulator.makeCollection(true);
    return await work({
      stack,
      emulator,
      collectionId,
      async submit(file) {
        const query = { collectionId: String(collectionId) };
        const { id } = must(await stack.client.submit(file, { query }));
        const batch = await untilResting(stack.client, id);
        if (batch.jobs.completed === batch.rows.total) return batch;
        const { items } = must(await stack.client.deadLetters({ batchId: id, limit: 3 }));
        throw new Error(`Expected all rows completed, got ${JSON.stringify([batch, items])}`);
      },
    });
  } finally {
    await stack.stop();
    await state.remove();
  }
}

/** Calls of this method for the collection. */
export async function countCalls({ emulator, collectionId }: Stage, method: string): Promise<number> {
  return (await emulator.calls(collectionId)).filter((call) => call.method === method).length;
}
