import { describe, expect, test } from "vitest";
import { HOST, JWT, json, sequenceAnswering, webrpcError } from "./stub.ts";

const BYTES = new Uint8Array([1, 2, 3]);
const KEY = { collectionId: 900, tokenId: "7", field: "image" as const };
const image = () =>
  new Response(BYTES, {
    headers: { "Content-Type": "image/png", "Content-Length": "3", "Set-Cookie": "a=b", ETag: '"1"' },
  });

describe("private rendering", () => {
  test("hands on the bytes, asked with the key, and of the headers only what describes them", async () => {
    const { sequence, asked } = sequenceAnswering(image);
    const got = await sequence.renderPrivate(KEY);
    if (!got.ok) throw new Error(got.error.message);
    expect(new Uint8Array(await got.value.arrayBuffer())).toEqual(BYTES);
    expect(Object.fromEntries(got.value.headers)).toEqual({ "content-type": "image/png", etag: '"1"' });
    expect(asked[0]?.url).toBe(`${HOST}/projects/30957/collections/900/tokens/7/asset/image`);
    expect(Object.fromEntries(asked[0]?.headers ?? [])).toEqual({ authorization: `Bearer ${JWT}` });
    expect(asked[0]?.init.redirect).toBe("manual");
  });

  test.each([
    ["404 with webrpc's name", () => webrpcError("NotFound", 3000, 404), "not_found", "sequence.not_found"],
    ["404 without", () => new Response("no", { status: 404 }), "not_found", "sequence.not_found"],
    ["401", () => webrpcError("Unauthorized", 1000, 401), "account", "key.refused"],
    ["a redirect", () => new Response(null, { status: 302 }), "unnamed", "sequence.redirected"],
    ["500", () => new Response("", { status: 500 }), "outcome_unknown", "sequence.server_error"],
  ])("%s", async (_, response, reason, code) => {
    const { sequence } = sequenceAnswering(response);
    expect(await sequence.renderPrivate(KEY)).toMatchObject({ ok: false, error: { reason, code } });
  });

  test.each([
    ["of unknown length", {}],
    ["of known length", { "Content-Length": "9" }],
  ])("a body %s that stands still ends in a time-out, and its source is let go", async (_, headers) => {
    let cancelled: unknown = null;
    const chunks = [BYTES];
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        const chunk = chunks.shift();
        if (!chunk) return new Promise(() => {});
        controller.enqueue(chunk);
        return undefined;
      },
      cancel: (reason) => {
        cancelled = reason;
      },
    });
    const { sequence } = sequenceAnswering(() => new Response(body, { headers }), { callTimeoutMs: 30 });
    const got = await sequence.renderPrivate(KEY);
    if (!got.ok) throw new Error(got.error.message);
    await expect(got.value.arrayBuffer()).rejects.toThrow("stalled");
    expect(cancelled).toMatchObject({ name: "TimeoutError" });
  });
});

describe("public reads", () => {
  test("carry no credentials, take a path or an address below METADATA_URL, and nothing else", async () => {
    const { sequence, asked } = sequenceAnswering(() => json({ name: "T" }));
    const path = "/projects/30957/collections/900/tokens/7.json";
    const got = await sequence.fetchPublic(path);
    expect((await sequence.fetchPublic(HOST + path)).ok).toBe(true);
    expect(got.ok && (await got.value.json())).toEqual({ name: "T" });
    expect(asked.map(({ url }) => url)).toEqual([HOST + path, HOST + path]);
    expect([...(asked[0]?.headers.keys() ?? [])]).toEqual([]);
    for (const elsewhere of ["https://evil.example/x", `${HOST}.evil.example/x`, "//evil.example/x", "x"]) {
      await expect(async () => sequence.fetchPublic(elsewhere)).rejects.toThrow("expected a path below");
    }
  });

  test.each([
    ["404", () => webrpcError("NotFound", 3000, 404), "not_found", "sequence.not_public"],
    [
      "401: no key was sent, so none is at fault",
      () => webrpcError("Unauthorized", 1000, 401),
      "not_found",
      "sequence.not_public",
    ],
    ["403", () => new Response("no", { status: 403 }), "not_found", "sequence.not_public"],
    [
      "a firewall's 403",
      () => new Response("<html>", { status: 403, headers: { "Content-Type": "text/html" } }),
      "outcome_unknown",
      "sequence.bad_response",
    ],
    ["429", () => new Response("", { status: 429 }), "rate_limited", "sequence.rate_limited"],
    ["503", () => new Response("", { status: 503 }), "outcome_unknown", "sequence.server_error"],
  ])("%s", async (_, response, reason, code) => {
    const { sequence } = sequenceAnswering(response);
    expect(await sequence.fetchPublic("/x")).toMatchObject({ ok: false, error: { reason, code } });
  });
});
