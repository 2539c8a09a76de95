import { env } from "cloudflare:workers";
import { afterAll, describe, expect, test } from "vitest";
import { MB } from "../../../../shared/limits.ts";
import { putMedia } from "../../../../shared/media/store.ts";
import { fetchMedia } from "../../../../workers/consumer/media/fetch-media.ts";
import { bigPng, fixture, sha256, streamOf } from "../../../shared/media/fixtures.ts";
import { contentOf, failureOf, mediaOf, png, spooled } from "./asking.ts";
import { host } from "./host.ts";

// At the end, because some tests run side by side; those that are about leaving nothing look for themselves.
afterAll(async () => {
  expect(await spooled(), "objects left in the spool").toBe(0);
});

describe("from a media set", { timeout: 30_000 }, () => {
  const source = async (data: Uint8Array, contentType = "image/png") => ({
    kind: "set" as const,
    fileName: "art/1.png",
    sha256: await sha256(data),
    bytes: data.length,
    contentType,
  });
  const store = (data: Uint8Array) =>
    putMedia(env.BUCKET, streamOf(data), { declaredBytes: data.length, maxBytes: 20 * MB, where: "1.png" });

  test.each([
    ["small", 5_000, Uint8Array],
    ["large", 3 * MB, ReadableStream],
  ])("a %s file is found by its hash, and stays when discarded", async (_, size, shape) => {
    const data = bigPng(size, 5);
    await store(data);
    const { context, requests, asked } = host({});
    const media = mediaOf(await fetchMedia(await source(data), "image", context));
    expect(media).toMatchObject({ sha256: await sha256(data), bytes: size, extension: "png" });
    expect(await media.open()).toBeInstanceOf(shape);
    expect(await contentOf(media)).toEqual(data);
    await media.discard();
    expect(await contentOf(media)).toEqual(data);
    expect([requests, asked()]).toEqual([[], 1]);
  });

  test.each([5_001, 3 * MB + 1])("one of %d bytes that is not there", async (size) => {
    const { context } = host({});
    expect(failureOf(await fetchMedia(await source(bigPng(size, 6)), "image", context))).toMatchObject({
      reason: "media_refused",
      code: "media.set_missing",
      message: expect.stringContaining("art/1.png"),
    });
  });

  test.each([5_000, 3 * MB])("one of another length (%d) counts as not there", async (size) => {
    const data = bigPng(size, 7);
    await store(data);
    const { context } = host({});
    const wrong = { ...(await source(data)), bytes: size - 1 };
    expect(failureOf(await fetchMedia(wrong, "image", context)).code).toBe("media.set_missing");
  });

  test("one that its field does not take", async () => {
    const { context } = host({});
    const video = await source(fixture("tiny.mp4"), "video/mp4");
    expect(failureOf(await fetchMedia(video, "image", context)).code).toBe("media.wrong_type");
  });

  test("a stop and R2 in trouble are told apart", async () => {
    const stopped = host(
      {},
      {
        ask: () => {
          throw new RangeError("stopped");
        },
      },
    );
    await expect(fetchMedia(await source(png), "image", stopped.context)).rejects.toThrow("stopped");
    const broken = new Proxy(env.BUCKET, { get: () => () => Promise.reject(new Error("R2 is down")) });
    const failing = host({}, { bucket: broken });
    expect(failureOf(await fetchMedia(await source(png), "image", failing.context))).toMatchObject({
      reason: "media_unavailable",
      code: "media.storage",
      message: expect.stringContaining("R2 is down"),
    });
  });
});
