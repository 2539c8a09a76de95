import { afterAll, describe, expect, test } from "vitest";
import type { MediaField } from "../../../../shared/job/job.ts";
import { MB } from "../../../../shared/limits.ts";
import { bigPng, bytes, fixture, sha256, streamOf } from "../../../shared/media/fixtures.ts";
import { contentOf, failureOf, fetchUrl, mediaOf, png, spooled, URL_1 } from "./asking.ts";
import { file, host, redirect } from "./host.ts";

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
