/** Art that comes in two parts, and art by name that many rows share: each picture is sent once to each of its tokens. */
import { expect, test } from "vitest";
import { emulatorIn } from "../../../support/consumer.ts";
import { batchOf, putPicture, runBatch } from "../../../support/pipeline.ts";

const emulator = emulatorIn();

test("half of it missing, the rest is published; when it is there the same rows make only the other half", async () => {
  const collectionId = await emulator.makeCollection(true);
  const rows = Array.from({ length: 24 }, (_, n) => `${n + 1},Relic ${n + 1},${n % 6}.png\n`);
  const file = `tokenId,name,image\n${rows.join("")}`;
  const options = { onInvalid: "skip" as const };
  for (const n of [0, 1, 2]) await putPicture("half", `${n}.png`, 1);
  const first = await runBatch(file, { collectionId, options: { ...options, mediaSet: "half" } });
  expect(await batchOf(first)).toMatchObject({
    state: "finished",
    rows_invalid: 12,
    created: 12,
    completed: 12,
  });
  expect(await emulator.calls(collectionId)).toHaveLength(4 * 12 + 1);

  // As the CLI does it: a folder with other contents is another set.
  for (const n of [0, 1, 2, 3, 4, 5]) await putPicture("whole", `${n}.png`, 1);
  const second = await runBatch(file, { collectionId, options: { ...options, mediaSet: "whole" } });
  expect(await batchOf(second)).toMatchObject({
    state: "finished",
    unchanged: 12,
    created: 12,
    rows_invalid: 0,
  });
  expect(await emulator.calls(collectionId)).toHaveLength(4 * 24 + 2);
}, 60_000);
