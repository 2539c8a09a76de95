import { env } from "cloudflare:workers";
import { afterEach, describe, expect, test } from "vitest";
import { LIMITS, MB } from "../../../shared/limits.ts";
import type { Pull } from "../../../shared/media/body.ts";
import { spool } from "../../../shared/media/spool.ts";
import { mediaKey, putMedia, spoolKey } from "../../../shared/media/store.ts";
import { bigPng, bytes, fixture, sha256, streamOf } from "./fixtures.ts";
import { recordingBucket } from "./recording-bucket.ts";

const names = async (prefix: string): Promise<string[]> =>
  (await env.BUCKET.list({ prefix })).objects.map(({ key }) => key);

afterEach(async () => {
  expect(await names("spool/")).toEqual([]);
});

const put = (
  body: Uint8Array,
  given: { declaredBytes?: number | null; maxBytes?: number; bucket?: R2Bucket } = {},
) =>
  putMedia(given.bucket ?? env.BUCKET, streamOf(body), {
    declaredBytes: given.declaredBytes === undefined ? body.length : given.declaredBytes,
    maxBytes: given.maxBytes ?? LIMITS.mediaMaxBytes,
    where: "art/1.png",
  });

describe("putMedia stores by content", { timeout: 30_000 }, () => {
  const sizes: [string, number][] = [
    ["small", 40_000],
    ["exactly what memory takes", LIMITS.mediaInMemoryBytes],
    ["one byte more", LIMITS.mediaInMemoryBytes + 1],
    ["exactly one part", 5 * 1024 * 1024],
    ["exactly two parts", 10 * 1024 * 1024],
    ["two parts and a byte", 10 * 1024 * 1024 + 1],
  ];
  test.each(
    sizes.flatMap(
      ([name, size]) =>
        [
          [name, size, true],
          [name, size, false],
        ] as const,
    ),
  )("%s (%d bytes, length declared: %s)", async (_, size, declared) => {
    const file = bigPng(size, size);
    const hash = await sha256(file);
    const stored = await put(file, declared ? {} : { declaredBytes: null });
    expect(stored).toEqual({ ok: true, value: { sha256: hash, bytes: size, contentType: "image/png" } });
    const object = await env.BUCKET.get(mediaKey(hash));
    expect(object?.httpMetadata?.contentType).toBe("image/png");
    expect(await sha256((await object?.bytes()) as Uint8Array)).toBe(hash);
  });

  test.each([
    ["small", 5_000],
    ["large", 3 * MB],
  ])("the same bytes again are not written again (%s)", async (_, size) => {
    const file = bigPng(size, 77);
    const first = await put(file);
    const before = await env.BUCKET.head(mediaKey(await sha256(file)));
    const recording = recordingBucket(env.BUCKET, { streamBytes: size });
    expect(await put(file, { bucket: recording.bucket })).toEqual(first);
    const after = await env.BUCKET.head(mediaKey(await sha256(file)));
    expect(after?.version).toBe(before?.version);
  });

  test("two at once of the same large file both succeed", async () => {
    const file = bigPng(2 * MB, 99);
    const both = await Promise.all([put(file), put(file)]);
    expect(both.map((one) => one.ok)).toEqual([true, true]);
  });
});

describe("putMedia refuses", { timeout: 30_000 }, () => {
  test.each<[string, Uint8Array, string]>([
    ["nothing", new Uint8Array(), "media.empty"],
    ["an HTML page", fixture("page.png"), "media.html"],
    ["an unknown type", bytes("just words"), "media.unknown_type"],
    ["an SVG with a script", fixture("script.svg"), "media.unsafe_svg"],
    [
      "an SVG with a script behind the first megabyte",
      bytes(`<svg>${" ".repeat(1_500_000)}<script/></svg>`),
      "media.unsafe_svg",
    ],
    ["an SVG over 2 MB", bytes(`<svg>${" ".repeat(2_100_000)}</svg>`), "media.too_large"],
    ["a large file of an unknown type", new Uint8Array(3 * MB).fill(7), "media.unknown_type"],
  ])("%s", async (_, body, code) => {
    for (const declaredBytes of [body.length, null]) {
      const stored = await put(body, { declaredBytes });
      expect(stored.ok ? "stored" : stored.error.code).toBe(code);
    }
  });

  test.each<[string, number, number | null]>([
    ["said beforehand", 3 * MB, 3 * MB],
    ["found on the way", 3 * MB, null],
    ["found in memory", 2_000, null],
  ])("more than the cap, %s", async (_, size, declaredBytes) => {
    const stored = await put(bigPng(size), { declaredBytes, maxBytes: size - 1 });
    expect(stored.ok ? "stored" : stored.error.code).toBe("media.too_large");
  });

  test.each([
    ["small", 5_000, 6_000],
    ["large", 3 * MB, 4 * MB],
    ["more than declared", 3 * MB, 2 * MB],
    ["nothing at all", 0, 10],
  ])("a body that is not as long as declared (%s)", async (_, size, declaredBytes) => {
    const stored = await put(size === 0 ? new Uint8Array() : bigPng(size), { declaredBytes });
    expect(stored.ok ? "stored" : stored.error).toMatchObject({
      code: "media.length_mismatch",
      message: expect.stringContaining(`Expected ${declaredBytes} bytes of art/1.png`),
    });
  });

  test("nothing, where there is no body", async () => {
    const stored = await putMedia(env.BUCKET, null, { declaredBytes: null, maxBytes: MB, where: "1.png" });
    expect(stored.ok ? "stored" : stored.error.code).toBe("media.empty");
  });
});

describe("a 20 MB stream", { timeout: 30_000 }, () => {
  const size = 20 * MB;
  const file = bigPng(size);
  const pieces = (pieceBytes: number, note: (bytes: number) => void): Pull => {
    let at = 0;
    return async () => {
      if (at >= size) return null;
      const piece = file.slice(at, at + pieceBytes);
      at += pieceBytes;
      note(piece.length);
      return piece;
    };
  };

  test.each<[string, number | null, number, number]>([
    ["with a length", size, 64 * 1024, 3 * MB],
    ["without one", null, 64 * 1024, 7 * MB],
    ["without one, in odd pieces", null, 99_991, 7 * MB],
  ])("%s is hashed and stored in flat memory", async (_, declaredBytes, pieceBytes, mostHeld) => {
    const key = spoolKey();
    const recording = recordingBucket(env.BUCKET, { streamBytes: size });
    const spooled = await spool(pieces(pieceBytes, recording.pulled), {
      bucket: recording.bucket,
      key,
      declaredBytes,
      maxBytes: LIMITS.mediaMaxBytes,
      field: "image",
      where: "here",
    });
    const hash = await sha256(file);
    expect(spooled).toMatchObject({ ok: true, value: { sha256: hash, bytes: size, held: null } });
    expect(recording.maxHeldBytes()).toBeGreaterThan(0);
    expect(recording.maxHeldBytes()).toBeLessThan(mostHeld);
    const object = await env.BUCKET.get(key);
    expect(await sha256((await object?.bytes()) as Uint8Array)).toBe(hash);
    await env.BUCKET.delete(key);
  });
});

describe("R2 in trouble", { timeout: 30_000 }, () => {
  test.each<[string, string, number | null]>([
    ["put", "put", 3 * MB],
    ["put of a short body without a length", "put", null],
    ["a part", "uploadPart", null],
    ["the end of an upload", "complete", null],
  ])(
    "%s failing is told apart from a failing sender, and nothing is left",
    async (_, failing, declaredBytes) => {
      const size = failing === "put" ? 3 * MB : 12 * MB;
      const recording = recordingBucket(env.BUCKET, { failing, streamBytes: size });
      const reader = streamOf(bigPng(size)).getReader();
      const spooled = await spool(async () => (await reader.read()).value ?? null, {
        bucket: recording.bucket,
        key: spoolKey(),
        declaredBytes,
        maxBytes: LIMITS.mediaMaxBytes,
        field: null,
        where: "here",
      });
      expect(spooled).toMatchObject({ ok: false, error: { kind: "storage" } });
      if (failing !== "put") expect(recording.calls).toContain("abort");
    },
  );

  test.each([3 * MB, null])(
    "a sender that breaks off leaves nothing (declared: %s)",
    async (declaredBytes) => {
      const body = bigPng(2 * MB);
      let at = 0;
      const pull: Pull = async () => {
        if (at >= body.length) throw new Error("connection lost");
        at += 100_000;
        return body.subarray(at - 100_000, at);
      };
      const spooling = spool(pull, {
        bucket: env.BUCKET,
        key: spoolKey(),
        declaredBytes,
        maxBytes: LIMITS.mediaMaxBytes,
        field: null,
        where: "here",
      });
      await expect(spooling).rejects.toThrow("connection lost");
    },
  );
});
