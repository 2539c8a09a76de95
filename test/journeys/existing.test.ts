/** Tokens that somebody made by hand at Sequence, in each way in which it may answer a create of an existing one. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { generatedCsv, must, type Stack, startStack, untilResting } from "../support/stack.ts";

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack.close());

describe.each(["conflict", "endpoint", "query", "overwrite"] as const)(
  "where a create answers with %s",
  (mode) => {
    it("they stay byte for byte under onExisting=fail, and the other rows are published", async () => {
      const { client, emulator } = stack;
      await emulator.setSwitches({ createExisting: mode });
      const { id: collection } = must(await client.createCollection({ name: "By hand" }));
      for (const tokenId of ["3", "7"]) {
        // One is even the same as its row: that does not make it ours.
        const attributes = tokenId === "3" ? [{ trait_type: "Kind", value: "Cup" }] : null;
        await emulator.makeToken(collection, tokenId, `Relic ${tokenId}`, { attributes });
      }
      const seen = () => Promise.all(["3", "7"].map((tokenId) => emulator.getToken(collection, tokenId)));
      const before = await seen();

      const query = { collectionId: String(collection) };
      const submitted = must(await client.submit(generatedCsv(emulator, 10), { query }));
      const batch = await untilResting(client, submitted.id);
      expect(batch).toMatchObject({ state: "finished", jobs: { completed: 8, dead: 2 } });
      const letters = must(await client.deadLetters({ batchId: batch.id, code: "token.exists" })).items;
      expect(letters.map(({ tokenId }) => tokenId).sort()).toEqual(["3", "7"]);
      expect(await seen()).toEqual(before);

      must(await client.replayDeadLetters({ filter: { batchId: batch.id } }));
      expect(await untilResting(client, batch.id)).toMatchObject({ jobs: { completed: 8, dead: 2 } });
      expect(await seen()).toEqual(before);
    });
  },
);
