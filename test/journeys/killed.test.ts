/** `npm start`, killed in the middle of a batch and started again. */
import { describe, expect, it } from "vitest";
import { generatedCsv, must, untilResting } from "../support/stack.ts";
import { atLeast, sideDoor, startIn, state } from "./started.ts";

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
