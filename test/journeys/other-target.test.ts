/** `npm start` on one STATE_DIR with one Sequence, then with another, then back. */
import { describe, expect, it } from "vitest";
import { makeKey } from "../../emulator/keys.ts";
import { type Emulator, startEmulator } from "../../emulator/server.ts";
import { emulatorAt } from "../support/emulator.ts";
import { generatedCsv, must, untilResting } from "../support/stack.ts";
import { afterwards, atLeast, key, sideDoor, startIn, state } from "./started.ts";

describe("another server that speaks the protocol", () => {
  const elsewhere = async (): Promise<Emulator> => {
    const emulator = await startEmulator({});
    afterwards(() => emulator.close());
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

    const keyOfTwo = await makeKey({ project: 2 });
    const project = await startIn(dir, { PROJECT_ID: "2", JWT_ACCESS_KEY: keyOfTwo });
    expect(project.output()).toContain("emulator#2");
    expect(must(await project.client.batches()).items).toEqual([]);
    const before = (await sideDoor(project).calls(collection.id)).length;
    const own = must(await project.client.createCollection({ name: "Project two" }));
    const same = must(
      await project.client.submit(file, { query: { collectionId: String(own.id), first: "5" } }),
    );
    expect(await untilResting(project.client, same.id)).toMatchObject({
      state: "paused",
      waiting: { reason: "trial" },
      outcomes: { created: 5, unchanged: 0 },
    });
    expect((await sideDoor(project).calls(collection.id)).length).toBe(before);
    await project.stop();

    const back = await startIn(dir);
    expect(await untilResting(back.client, id)).toMatchObject({
      state: "finished",
      jobs: { completed: 300 },
    });
  });
});
