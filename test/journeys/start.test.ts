/** `npm start`: killed in the middle and started again, another target, a server that is not the emulator. */
import { afterEach, describe, expect, it } from "vitest";
import { makeKey } from "../../emulator/keys.ts";
import { type Emulator, startEmulator } from "../../emulator/server.ts";
import { emulatorAt } from "../support/emulator.ts";
import { generatedCsv, must, untilResting } from "../support/stack.ts";
import { type Started, start, temporaryState } from "../support/start.ts";

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function state(): Promise<string> {
  const { dir, remove } = await temporaryState();
  cleanups.push(remove);
  return dir;
}
async function startIn(dir: string, variables: Record<string, string> = {}): Promise<Started> {
  const started = await start(dir, variables);
  cleanups.push(() => started.kill().catch(() => undefined));
  return started;
}
const key = await makeKey({ project: 1 });
const sideDoor = (started: Started) => {
  if (started.emulatorUrl === null) throw new Error(`no emulator address in:\n${started.output()}`);
  return emulatorAt(started.emulatorUrl, key);
};
const atLeast = async (started: Started, id: string, completed: number) => {
  while (must(await started.client.batch(id)).jobs.completed < completed) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

describe("killed with SIGKILL in the middle of a batch of 500", () => {
  it("finishes after the restart with 500 published and nothing doubled", async () => {
    const dir = await state();
    const first = await startIn(dir);
    const emulator = sideDoor(first);
    const collection = must(await first.client.createCollection({ name: "Killed" }));
    must(await first.client.publishCollection(collection.id));
    const query = { collectionId: String(collection.id) };
    const { id } = must(await first.client.submit(generatedCsv(emulator, 500), { query }));
    await atLeast(first, id, 100);
    await first.kill();

    const second = await startIn(dir);
    const batch = await untilResting(second.client, id);
    expect(batch).toMatchObject({ state: "finished", jobs: { completed: 500, dead: 0 } });
    const again = sideDoor(second);
    const summary = (await (await fetch(`${again.url}/_emulator/ledger/summary`)).json()) as {
      duplicates: Record<string, number>;
    };
    expect(Object.values(summary.duplicates)).toEqual(Object.values(summary.duplicates).map(() => 0));
    const { baseUri } = must(await second.client.collection(collection.id));
    for (const tokenId of [1, 250, 500]) {
      const token = (await (await fetch(`${baseUri}${tokenId}`)).json()) as { image: string };
      expect((await fetch(token.image)).status).toBe(200);
    }
    expect(await second.stop()).toBe(0);
  });
});

describe("another server that speaks the protocol", () => {
  const elsewhere = async (): Promise<Emulator> => {
    const emulator = await startEmulator({});
    cleanups.push(() => emulator.close());
    return emulator;
  };

  it("runs a batch without the emulator, and leaves what belongs to the emulator alone", async () => {
    const dir = await state();
    const local = await startIn(dir);
    const emulator = sideDoor(local);
    const collection = must(await local.client.createCollection({ name: "Left behind" }));
    const query = { collectionId: String(collection.id) };
    const file = generatedCsv(emulator, 300);
    const { id } = must(await local.client.submit(file, { query }));
    await atLeast(local, id, 20);
    await local.kill();

    const service = await elsewhere();
    const there = emulatorAt(service.url, key);
    const other = await startIn(dir, {
      METADATA_URL: service.url,
      JWT_ACCESS_KEY: key,
      MEDIA_PRIVATE_HOSTS: new URL(service.url).host,
    });
    expect(other.output()).toMatch(/left alone: 1 unfinished batch of emulator#1/);
    expect(must(await other.client.batches()).items).toEqual([]);
    const made = must(await other.client.createCollection({ name: "Elsewhere" }));
    expect(made.id).toBe(collection.id);
    const rows = generatedCsv(there, 12);
    const submitted = must(await other.client.submit(rows, { query: { collectionId: String(made.id) } }));
    const batch = await untilResting(other.client, submitted.id);
    expect(batch).toMatchObject({ state: "finished", outcomes: { created: 12, unchanged: 0 } });
    expect(batch.target).toBe(`${new URL(service.url).origin}#1`);
    const calls = await there.calls(made.id);
    expect(new Set(calls.flatMap(({ tokenId }) => (tokenId === null ? [] : [tokenId]))).size).toBe(12);
    await other.stop();

    const back = await startIn(dir);
    expect(await untilResting(back.client, id)).toMatchObject({
      state: "finished",
      jobs: { completed: 300 },
    });
  });
});
