import { afterAll, describe, expect, test } from "vitest";
import type { MediaField } from "../../../../shared/job/job.ts";
import { MB } from "../../../../shared/limits.ts";
import { bigPng, bytes, fixture, streamOf } from "../../../shared/media/fixtures.ts";
import { failureOf, fetchUrl, spooled, URL_1 } from "./asking.ts";
import { endless, file, host } from "./host.ts";

// At the end, because some tests run side by side; those that are about leaving nothing look for themselves.
afterAll(async () => {
  expect(await spooled(), "objects left in the spool").toBe(0);
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
