import { afterAll, describe, expect, test } from "vitest";
import { MB, MINUTE } from "../../../../shared/limits.ts";
import { bigPng, bytes, streamOf } from "../../../shared/media/fixtures.ts";
import { failureOf, fetchUrl, mediaOf, png, spooled, URL_1 } from "./asking.ts";
import { file, host, pieces, redirect } from "./host.ts";

// At the end, because some tests run side by side; those that are about leaving nothing look for themselves.
afterAll(async () => {
  expect(await spooled(), "objects left in the spool").toBe(0);
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
