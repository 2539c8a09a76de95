/** One picture for 10,000 tokens; and 5,000 tokens of 500 pictures behind addresses. */
import { csv } from "../support/workers.ts";
import { countCalls, onStage } from "./stage.ts";

/** `fetches`: requests that the pictures' host has had. */
export type Shared = {
  readonly rows: number;
  readonly pictures: number;
  readonly fetches: number;
  readonly uploads: number;
  readonly seconds: number;
};

export const measureShared = (rows: number, pictures: number): Promise<Shared> =>
  onStage({}, async (stage) => {
    const { emulator } = stage;
    const path = (row: number): string => `/media/generated/shared-${row % pictures}.png`;
    const lines = Array.from({ length: rows }, (_, row) => `${row},Relic ${row},${emulator.url}${path(row)}`);
    const startedAt = performance.now();
    await stage.submit(csv("tokenId,name,image", lines));
    const seconds = (performance.now() - startedAt) / 1_000;
    let fetches = 0;
    for (let picture = 0; picture < pictures; picture += 1)
      fetches += await emulator.mediaCalls(path(picture));
    return { rows, pictures, fetches, uploads: await countCalls(stage, "UploadAsset"), seconds };
  });
