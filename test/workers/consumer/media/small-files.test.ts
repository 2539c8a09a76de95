/** A small file that many rows name is read from R2 once; memory stays within bounds. */
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { putMedia } from "../../../../shared/media/store.ts";
import { createDeliveryMedia } from "../../../../workers/consumer/media/in-delivery.ts";
import { createKeptFiles, createSmallFiles } from "../../../../workers/consumer/media/small-files.ts";
import { findStored } from "../../../../workers/consumer/media/take-from-set.ts";
import { bigPng, sha256, streamOf } from "../../../shared/media/fixtures.ts";
import { recordingBucket } from "../../../shared/media/recording-bucket.ts";

const bytes = (size: number) => new Uint8Array(size);

describe("kept files", () => {
  test("those used last stay, at most so many bytes of them", () => {
    const kept = createKeptFiles(100);
    for (const name of ["a", "b", "c"]) kept.keep(name, bytes(30));
    expect(kept.get("a")?.byteLength).toBe(30);
    kept.keep("d", bytes(30));
    expect(["a", "b", "c", "d"].map((name) => kept.get(name) !== null)).toEqual([true, false, true, true]);
    kept.keep("huge", bytes(101));
    expect(kept.get("huge")).toBeNull();
    expect(kept.get("d")?.byteLength).toBe(30);
    // The same one again takes no more room.
    for (let again = 0; again < 10; again += 1) kept.keep("d", bytes(30));
    expect(kept.get("c")?.byteLength).toBe(30);
  });

  test("who asks while it is being read waits for the one reading; what failed or was not there is read again", async () => {
    const files = createSmallFiles(createKeptFiles(100));
    const results: (Uint8Array | Error | null)[] = [new Error("R2 is down"), null, bytes(5)];
    let reads = 0;
    const read = async () => {
      const result = results[reads++] ?? null;
      if (result instanceof Error) throw result;
      return result;
    };
    const both = await Promise.allSettled([files.read("a", read), files.read("a", read)]);
    expect(both.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(await files.read("a", read)).toBeNull();
    expect(
      (await Promise.all([files.read("a", read), files.read("a", read)])).map((one) => one?.length),
    ).toEqual([5, 5]);
    expect(await files.read("a", read)).toHaveLength(5);
    expect(reads).toBe(3);
  });
});

test("200 rows that name 20 pictures of a set read R2 20 times, in four deliveries of one isolate", async () => {
  const pictures = await Promise.all(
    Array.from({ length: 20 }, async (_, seed) => {
      const picture = bigPng(3_000, 500 + seed);
      await putMedia(env.BUCKET, streamOf(picture), { declaredBytes: 3_000, maxBytes: 1e6, where: "a.png" });
      return { sha256: await sha256(picture), bytes: 3_000, contentType: "image/png" };
    }),
  );
  const { bucket, calls } = recordingBucket(env.BUCKET);
  for (let delivery = 0; delivery < 4; delivery += 1) {
    const { files } = createDeliveryMedia();
    const rows = Array.from({ length: 50 }, (_, row) => pictures[(delivery * 50 + row) % 20]);
    const found = await Promise.all(rows.map((stored) => stored && findStored(stored, { bucket, files })));
    expect(found.filter((one) => one?.ok)).toHaveLength(50);
  }
  expect(calls.filter((call) => call === "get media")).toHaveLength(20);
});
