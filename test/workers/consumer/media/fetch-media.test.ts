import { env } from "cloudflare:workers";
import { afterAll, describe, expect, test } from "vitest";
import type { Failure } from "../../../../shared/job/failure.ts";
import type { MediaField } from "../../../../shared/job/job.ts";
import { MB, MINUTE } from "../../../../shared/limits.ts";
import { putMedia } from "../../../../shared/media/store.ts";
import type { Result } from "../../../../shared/result.ts";
import { fetchMedia, type MediaContext } from "../../../../workers/consumer/media/fetch-media.ts";
import type { MediaInHand } from "../../../../workers/consumer/media/media-in-hand.ts";
import { bigPng, bytes, fixture, sha256, streamOf } from "../../../shared/media/fixtures.ts";
import { endless, file, host, pieces, redirect } from "./host.ts";

const URL_1 = "https://art.example/1.png";
const png = fixture("tiny.png");

const fetchUrl = (context: MediaContext, url = URL_1, field: MediaField = "image") =>
  fetchMedia({ kind: "url", url }, field, context);

const failureOf = (result: Result<MediaInHand, Failure>): Failure => {
  if (result.ok) throw new Error("expected a failure, got media");
  return result.error;
};
const mediaOf = (result: Result<MediaInHand, Failure>): MediaInHand => {
  if (!result.ok) throw new Error(`expected media, got ${result.error.code}: ${result.error.message}`);
  return result.value;
};
const contentOf = async (media: MediaInHand): Promise<Uint8Array> => new Response(await media.open()).bytes();
const spooled = async () => (await env.BUCKET.list({ prefix: "spool/" })).objects.length;

// At the end, because some tests run side by side; those that are about leaving nothing look for themselves.
afterAll(async () => {
  expect(await spooled(), "objects left in the spool").toBe(0);
});

describe("in hand", { timeout: 30_000 }, () => {
  test.each<[string, MediaField, string]>([
    ["tiny.png", "image", "image/png"],
    ["tiny.svg", "image", "image/svg+xml"],
    ["tiny.mp4", "video", "video/mp4"],
    ["tiny.ogg", "audio", "audio/ogg"],
    ["tiny.webm", "animation_url", "video/webm"],
  ])("%s for %s, by its bytes and not by its header", async (name, field, contentType) => {
    const { context, requests } = host({ [URL_1]: file(fixture(name), { "content-type": "text/plain" }) });
    const media = mediaOf(await fetchUrl(context, URL_1, field));
    expect(media).toMatchObject({
      contentType,
      bytes: fixture(name).length,
      sha256: await sha256(fixture(name)),
    });
    expect(await contentOf(media)).toEqual(fixture(name));
    expect(await contentOf(media)).toEqual(fixture(name));
    await media.discard();
    expect(requests).toEqual([URL_1]);
  });

  test.each([
    ["with its length", true],
    ["without", false],
  ])("a large one lies in R2 until it is discarded (%s)", async (_, declared) => {
    const large = bigPng(6 * MB);
    const headers: Record<string, string> = declared ? { "content-length": String(large.length) } : {};
    const { context } = host({ [URL_1]: file(streamOf(large), headers) });
    const media = mediaOf(await fetchUrl(context));
    expect(await spooled()).toBe(1);
    expect(await media.open()).toBeInstanceOf(ReadableStream);
    expect(await sha256(await contentOf(media))).toBe(media.sha256);
    expect(media.sha256).toBe(await sha256(large));
    await media.discard();
    expect(await spooled()).toBe(0);
  });

  test.each([
    ["gzip", "17"],
    ["br", "9000000"],
  ])("an encoded body (%s) is not measured against the length of its encoding", async (encoding, length) => {
    const headers = { "content-encoding": encoding, "content-length": length };
    const { context } = host({
      [URL_1]: () => new Response(streamOf(png), { headers, encodeBody: "manual" }),
    });
    expect(mediaOf(await fetchUrl(context)).bytes).toBe(png.length);
  });

  test("a private host is fetched from where it is listed", async () => {
    const url = "http://127.0.0.1:8790/1.png";
    const { context } = host({ [url]: file(png) }, { privateHosts: ["127.0.0.1:8790"] });
    expect(mediaOf(await fetchUrl(context, url)).bytes).toBe(png.length);
  });
});

describe("redirects", () => {
  const chain = (hops: number) =>
    Object.fromEntries([
      ...Array.from({ length: hops }, (_, n) => [
        n === 0 ? URL_1 : `https://hop${n}.example/`,
        redirect(n === hops - 1 ? "https://end.example/x" : `https://hop${n + 1}.example/`),
      ]),
      ["https://end.example/x", file(png)],
    ]);

  test("five are followed, each asked for", async () => {
    const { context, requests, asked } = host(chain(5));
    expect(mediaOf(await fetchUrl(context)).bytes).toBe(png.length);
    expect(requests).toHaveLength(6);
    expect(asked()).toBe(6);
  });

  test("a sixth is not", async () => {
    const { context, requests } = host(chain(6));
    expect(failureOf(await fetchUrl(context))).toMatchObject({
      reason: "media_refused",
      code: "media.too_many_redirects",
      evidence: { hop: 6, url: "https://end.example/x" },
    });
    expect(requests).toHaveLength(6);
  });

  test.each([301, 302, 303, 307, 308])("status %d, to a relative address", async (status) => {
    const { context } = host({
      [URL_1]: redirect("/real/1.png", status),
      "https://art.example/real/1.png": file(png),
    });
    expect(mediaOf(await fetchUrl(context)).bytes).toBe(png.length);
  });

  test.each([
    ["http://127.0.0.1/", "media.private"],
    ["http://2130706433:6379/", "media.private"],
    ["//169.254.169.254/latest/meta-data/", "media.private"],
    ["\\\\169.254.169.254\\latest", "media.private"],
    ["http://[::ffff:10.0.0.1]/", "media.private"],
    ["http://metadata.google.internal/", "media.private"],
    ["http://localhost:8787/v1/batches", "media.private"],
    ["http://8.8.8.8/", "media.ip"],
    ["https://user:secret@art.example/", "media.credentials"],
    ["file:///etc/passwd", "media.scheme"],
    ["gopher://art.example:25/", "media.scheme"],
    ["data:image/png;base64,iVBO", "media.scheme"],
    ["https://art.example:22/", "media.port"],
  ])("to %s is refused before a request leaves", async (location, code) => {
    const { context, requests } = host({ [URL_1]: redirect(location) });
    const failure = failureOf(await fetchUrl(context));
    expect(failure).toMatchObject({ reason: "media_refused", code, evidence: { hop: 1, status: null } });
    expect(failure.message).toContain("Redirect 1 was refused");
    expect(JSON.stringify(failure)).not.toContain("secret");
    expect(requests).toEqual([URL_1]);
  });

  test("without a place to go", async () => {
    for (const headers of [new Headers(), new Headers({ location: "https://" })]) {
      const { context } = host({ [URL_1]: () => new Response(null, { status: 302, headers }) });
      expect(failureOf(await fetchUrl(context))).toMatchObject({
        reason: "media_refused",
        code: "media.bad_redirect",
        evidence: { status: 302, hop: 0 },
      });
    }
  });

  test("a signature that a redirect carries is not shown, the rest is", async () => {
    const signed = "https://store.example/1.png?X-Amz-Credential=AKIA&X-Amz-Signature=deadbeef&name=x";
    const { context } = host({ [URL_1]: redirect(signed) });
    const failure = failureOf(await fetchUrl(context));
    expect(failure.evidence).toMatchObject({ hop: 1, status: 404, host: "store.example" });
    expect(failure.evidence?.url).toBe(
      "https://store.example/1.png?X-Amz-Credential=…&X-Amz-Signature=…&name=x",
    );
    expect(failure.message).toContain("(redirect 1)");
    expect(failure.message).not.toContain("deadbeef");
  });
});

describe("refused for good, after one request", { timeout: 30_000 }, () => {
  test.each([
    [401, "media.unauthorized"],
    [402, "media.bad_status"],
    [403, "media.forbidden"],
    [404, "media.not_found"],
    [410, "media.gone"],
    [418, "media.bad_status"],
    [451, "media.legal"],
    [206, "media.bad_status"],
    [304, "media.bad_status"],
  ])("status %d is %s", async (status, code) => {
    const body = status === 304 ? null : `{"error":"${"é".repeat(4_000)}"}`;
    const { context, requests } = host({ [URL_1]: () => new Response(body, { status }) });
    const failure = failureOf(await fetchUrl(context));
    expect(failure).toMatchObject({
      reason: "media_refused",
      code,
      httpStatus: status,
      evidence: { url: URL_1, host: "art.example", status, hop: 0 },
    });
    expect(failure.message).toContain(`${URL_1}, got ${status}`);
    expect(failure.next).toMatch(/\.$/);
    const shown = failure.evidence?.body ?? "";
    expect(shown.startsWith('{"error":"é')).toBe(body !== null);
    expect(bytes(shown).length).toBeLessThanOrEqual(4_000);
    expect(shown).not.toContain("\ufffd");
    expect(requests).toHaveLength(1);
  });

  test.each<[string, Uint8Array, MediaField, string, string | null]>([
    ["an HTML page", fixture("page.png"), "image", "media.html", "<!"],
    ["an unknown type", bytes("just words"), "image", "media.unknown_type", "just words"],
    ["unknown bytes", Uint8Array.of(0, 1, 2, 3), "image", "media.unknown_type", null],
    ["nothing", new Uint8Array(), "image", "media.empty", null],
    ["a video as image", fixture("tiny.mp4"), "image", "media.wrong_type", null],
    ["a picture as audio", fixture("tiny.png"), "audio", "media.wrong_type", null],
    ["a model as image", fixture("tiny.png"), "video", "media.wrong_type", null],
    ["an SVG that runs", fixture("script.svg"), "image", "media.unsafe_svg", "<svg"],
  ])("%s", async (_, body, field, code, shown) => {
    const { context, requests } = host({ [URL_1]: file(body, { "content-type": "image/png" }) });
    const failure = failureOf(await fetchUrl(context, URL_1, field));
    expect(failure).toMatchObject({ reason: "media_refused", code, httpStatus: 200 });
    expect(failure.evidence?.body?.slice(0, shown?.length) ?? null).toBe(shown);
    expect(requests).toHaveLength(1);
  });

  test("an unknown type comes with its first bytes", async () => {
    const { context } = host({ [URL_1]: file(bytes("BM6")) });
    expect(failureOf(await fetchUrl(context)).message).toContain('begins 42 4d 36 ("BM6")');
  });

  test.each<[string, BodyInit, Record<string, string>]>([
    ["said beforehand: no byte is read", "never read", { "content-length": String(4 * MB) }],
    ["found on the way", streamOf(bigPng(4 * MB)), {}],
    ["of a body that never ends", endless(), {}],
    [
      "of a body that its encoding made small",
      endless(),
      { "content-encoding": "gzip", "content-length": "900" },
    ],
  ])("more than the cap, %s", async (_, body, headers) => {
    const { context, requests } = host(
      { [URL_1]: () => new Response(body, { headers, encodeBody: "manual" }) },
      { maxBytes: 3 * MB },
    );
    const failure = failureOf(await fetchUrl(context));
    expect(failure).toMatchObject({ reason: "media_refused", code: "media.too_large" });
    expect(failure.message).toContain("at most 3 MB");
    expect(requests).toHaveLength(1);
  });

  test.each([
    ["http://127.0.0.1/1.png", "media.private"],
    ["ipfs://bafy/1.png", "media.scheme"],
    ["https://bob:hunter2@art.example/", "media.credentials"],
  ])("%s: no request leaves", async (url, code) => {
    const { context, requests, asked } = host({});
    const failure = failureOf(await fetchUrl(context, url));
    expect(failure).toMatchObject({ reason: "media_refused", code, evidence: { hop: 0, status: null } });
    expect(JSON.stringify(failure)).not.toContain("hunter2");
    expect([requests, asked()]).toEqual([[], 0]);
  });
});

describe("a host that asks to wait is not asked again inside the call", () => {
  const now = Date.parse("2026-11-23T10:00:00Z");
  test.each<[number, string | null, string, number | null]>([
    [429, "120", "media.rate_limited", 120],
    [429, "Mon, 23 Nov 2026 10:01:30 GMT", "media.rate_limited", 90],
    [429, null, "media.rate_limited", null],
    [503, "7", "media.host_busy", 7],
    [503, "soon", "media.host_busy", null],
  ])("status %d, Retry-After %s", async (status, retryAfter, code, retryAfterSeconds) => {
    const headers: Record<string, string> = retryAfter ? { "retry-after": retryAfter } : {};
    const { context, requests } = host(
      { [URL_1]: () => new Response("slow down", { status, headers }) },
      { now: () => now },
    );
    expect(failureOf(await fetchUrl(context))).toMatchObject({
      reason: "media_waiting",
      code,
      retryAfterSeconds,
      httpStatus: status,
      evidence: { host: "art.example", body: "slow down" },
    });
    expect(requests).toHaveLength(1);
  });
});

describe.concurrent("trouble that may pass is tried three times", { timeout: 30_000 }, () => {
  const large = bigPng(3 * MB);
  const trouble: [string, string, () => Response | Promise<Response>][] = [
    ["a failed connection", "media.network", () => Promise.reject(new Error("Network connection lost."))],
    ["status 500", "media.host_error", () => new Response("oops", { status: 500 })],
    ["status 502 with a page", "media.host_error", () => new Response("<html>", { status: 502 })],
    ["status 408", "media.host_error", () => new Response("", { status: 408 })],
    ["a body that breaks off", "media.network", () => new Response(pieces([png.slice(0, 40)], "fail"))],
    ["a large body that breaks off", "media.network", () => new Response(pieces([large], "fail"))],
    [
      "a body shorter than it said",
      "media.length_mismatch",
      () => new Response(streamOf(png), { headers: { "content-length": "1000" } }),
    ],
    [
      "a large body shorter than it said",
      "media.length_mismatch",
      () => new Response(streamOf(large), { headers: { "content-length": "4000000" } }),
    ],
    [
      "an empty body that promised more",
      "media.length_mismatch",
      () => new Response(pieces([], "end"), { headers: { "content-length": "83" } }),
    ],
  ];

  test.each(trouble)("%s, then unavailable as %s", async (_, code, script) => {
    const { context, requests, asked } = host({ [URL_1]: script });
    const before = Date.now();
    expect(failureOf(await fetchUrl(context))).toMatchObject({ reason: "media_unavailable", code });
    expect(requests).toHaveLength(3);
    expect(asked()).toBe(3);
    expect(Date.now() - before).toBeGreaterThan(500);
  });

  test.each(trouble)("%s once, then well", async (_, _code, script) => {
    const { context, requests } = host({ [URL_1]: [script, file(png)] });
    expect(mediaOf(await fetchUrl(context)).bytes).toBe(png.length);
    expect(requests).toHaveLength(2);
  });
});

describe("silence", { timeout: 30_000 }, () => {
  const forever = () => new Promise<never>(() => undefined);
  test.each<[string, () => Response | Promise<Response>, string]>([
    ["instead of headers", forever, "an answer"],
    ["instead of a body", () => new Response(pieces([], "hang")), "the rest"],
    ["in the middle of a small body", () => new Response(pieces([png.slice(0, 40)], "hang")), "the rest"],
    ["in the middle of a large body", () => new Response(pieces([bigPng(3 * MB)], "hang")), "the rest"],
  ])("%s ends after the time-out, and is not waited for again", async (_, script, expected) => {
    const { context, requests } = host({ [URL_1]: script }, { callTimeoutMs: 60 });
    const failure = failureOf(await fetchUrl(context));
    expect(failure).toMatchObject({ reason: "media_unavailable", code: "media.timeout" });
    expect(failure.message).toContain(`Expected ${expected}`);
    expect(requests).toHaveLength(1);
  });

  test("the body of a refusal may hang: the status has been said", async () => {
    const body = () => new Response(pieces([bytes("gone, ")], "hang"), { status: 404 });
    const { context } = host({ [URL_1]: body }, { callTimeoutMs: 60 });
    expect(failureOf(await fetchUrl(context))).toMatchObject({
      code: "media.not_found",
      evidence: { body: "gone, " },
    });
  });

  test("a transfer that moves ends after five minutes", async () => {
    let now = 0;
    const drip = (): ReadableStream<Uint8Array> =>
      new ReadableStream(
        {
          pull(controller) {
            now += MINUTE;
            controller.enqueue(bigPng(64));
          },
        },
        { highWaterMark: 0 },
      );
    const { context, requests } = host({ [URL_1]: () => new Response(drip()) }, { now: () => now });
    expect(failureOf(await fetchUrl(context))).toMatchObject({
      reason: "media_unavailable",
      code: "media.timeout",
    });
    expect(now).toBe(5 * MINUTE);
    expect(requests).toHaveLength(1);
  });
});

describe("a stop", { timeout: 30_000 }, () => {
  class Stopped extends Error {}
  const ask = (after: number) => {
    let left = after;
    return () => {
      if (left-- === 0) throw new Stopped("the batch was paused");
    };
  };

  test.each([
    ["before the first request", 0, 0],
    ["between redirects", 1, 1],
  ])("%s throws what ask throws", async (_, after, sent) => {
    const { context, requests } = host({ [URL_1]: redirect(URL_1) }, { ask: ask(after) });
    await expect(fetchUrl(context)).rejects.toBeInstanceOf(Stopped);
    expect(requests).toHaveLength(sent);
  });

  test("between tries", async () => {
    const { context, requests } = host({ [URL_1]: () => new Response("", { status: 500 }) }, { ask: ask(1) });
    await expect(fetchUrl(context)).rejects.toBeInstanceOf(Stopped);
    expect(requests).toHaveLength(1);
  });

  test.each<[string, () => Response | Promise<Response>]>([
    ["while waiting for headers", () => new Promise<never>(() => undefined)],
    ["within a small body", () => new Response(pieces([png.slice(0, 40)], "hang"))],
    ["within a large body", () => new Response(pieces([bigPng(3 * MB)], "hang"))],
  ])("by the signal, %s, throws its reason and leaves nothing", async (_, script) => {
    const stop = new AbortController();
    const { context } = host(
      {
        [URL_1]: (request) => {
          setTimeout(() => stop.abort(new Stopped("lease lost")), 100);
          expect(request.signal.aborted).toBe(false);
          return script();
        },
      },
      { signal: stop.signal },
    );
    await expect(fetchUrl(context)).rejects.toBeInstanceOf(Stopped);
    expect(await spooled()).toBe(0);
  });

  test("before anything", async () => {
    const { context, requests } = host({}, { signal: AbortSignal.abort(new Stopped("gone")) });
    await expect(fetchUrl(context)).rejects.toBeInstanceOf(Stopped);
    expect(requests).toEqual([]);
  });
});

test("what is refused is not read to its end: the connection is given up", async () => {
  let signal: AbortSignal | null = null;
  const { context } = host({
    [URL_1]: (request) => {
      signal = request.signal;
      return new Response(bytes("just words").slice(), { status: 404 });
    },
  });
  failureOf(await fetchUrl(context));
  expect((signal as AbortSignal | null)?.aborted).toBe(true);
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
