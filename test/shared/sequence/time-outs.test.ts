import { describe, expect, test } from "vitest";
import { watchCall } from "../../../shared/watch.ts";
import { json, sequenceAnswering, TOKEN_ON_WIRE } from "./stub.ts";

const never = () => new Promise<Response>(() => {});
const KEY = { collectionId: 1, tokenId: "7" };
const encoder = new TextEncoder();

/** Gives `chunks` with `everyMs` between them, then stands still, or ends. */
function trickle(chunks: string[], everyMs: number, then: "ends" | "stalls"): ReadableStream<Uint8Array> {
  const rest = [...chunks];
  return new ReadableStream({
    async pull(controller) {
      const chunk = rest.shift();
      if (chunk === undefined && then === "stalls") return new Promise(() => {});
      await new Promise((resolve) => setTimeout(resolve, everyMs));
      if (chunk === undefined) controller.close();
      else controller.enqueue(encoder.encode(chunk));
    },
  });
}

describe("our own time limit leaves an unknown outcome", () => {
  test("when no headers come, even from a fetch that ignores its signal", async () => {
    const { sequence, asked } = sequenceAnswering(never, { callTimeoutMs: 20 });
    expect(await sequence.getToken(KEY)).toMatchObject({
      ok: false,
      error: {
        reason: "outcome_unknown",
        code: "sequence.timeout",
        httpStatus: null,
        message: "GetToken of token 7 in collection 1: expected success, got no answer within 20 ms",
      },
    });
    expect(asked[0]?.init.signal?.aborted).toBe(true);
  });

  test("when the body stands still, keeping what came of it", async () => {
    const { sequence } = sequenceAnswering(() => new Response(trickle(['{"token":'], 0, "stalls")), {
      callTimeoutMs: 20,
    });
    expect(await sequence.getToken(KEY)).toMatchObject({
      ok: false,
      error: {
        reason: "outcome_unknown",
        code: "sequence.timeout",
        httpStatus: 200,
        evidence: { body: '{"token":' },
      },
    });
  });

  test("also when it announced that it is short, and then nothing of it is kept", async () => {
    const headers = { "Content-Length": "100" };
    const { sequence } = sequenceAnswering(
      () => new Response(trickle(['{"token":'], 0, "stalls"), { headers }),
      { callTimeoutMs: 20 },
    );
    expect(await sequence.getToken(KEY)).toMatchObject({
      ok: false,
      error: { code: "sequence.timeout", httpStatus: 200, evidence: { body: "" } },
    });
  });

  test("but not while it moves, however long that takes", async () => {
    const chunks = JSON.stringify({ token: TOKEN_ON_WIRE, assets: [] }).match(/.{1,12}/gs) ?? [];
    const { sequence } = sequenceAnswering(() => new Response(trickle(chunks, 20, "ends")), {
      callTimeoutMs: 100,
    });
    expect(chunks.length * 20).toBeGreaterThan(200);
    expect((await sequence.getToken(KEY)).ok).toBe(true);
  });

  test("and at the end of the longest transfer even then", async () => {
    const watch = watchCall({ stallMs: 1_000, transferMs: 30 });
    const moving = setInterval(() => watch.moved(), 5);
    await expect(watch.wait(new Promise(() => {}))).rejects.toThrow("too_long");
    clearInterval(moving);
    expect(watch.ranOut()).toBe("too_long");
    expect(watch.signal.aborted).toBe(true);
  });

  test("never strikes while nobody waits for Sequence", async () => {
    const watch = watchCall({ stallMs: 5, transferMs: 1_000 });
    await watch.wait(Promise.resolve());
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(watch.ranOut()).toBeNull();
    watch.end();
  });
});

describe("the caller's stop is thrown as its own reason", () => {
  const reason = new Error("the lease is gone");

  test("before anything is asked", async () => {
    const { sequence, asked } = sequenceAnswering(never);
    await expect(sequence.getToken(KEY, AbortSignal.abort(reason))).rejects.toBe(reason);
    expect(asked).toHaveLength(0);
  });

  test("while headers are awaited", async () => {
    const stop = new AbortController();
    const { sequence, asked } = sequenceAnswering(() => {
      stop.abort(reason);
      return never();
    });
    await expect(sequence.getToken(KEY, stop.signal)).rejects.toBe(reason);
    expect(asked[0]?.init.signal?.aborted).toBe(true);
  });

  test("while the body is awaited", async () => {
    const stop = new AbortController();
    const { sequence } = sequenceAnswering(() => {
      setTimeout(() => stop.abort(reason), 5);
      return new Response(trickle(['{"token":'], 0, "stalls"));
    });
    await expect(sequence.getToken(KEY, stop.signal)).rejects.toBe(reason);
  });

  test("while a file is being uploaded or rendered", async () => {
    const stop = new AbortController();
    const { sequence } = sequenceAnswering(() => {
      stop.abort(reason);
      return never();
    });
    const body = {
      bytes: 1,
      contentType: "image/png",
      fileName: "a.png",
      open: async () => new Uint8Array(1),
    };
    await expect(sequence.uploadAsset({ ...KEY, assetId: 1, body }, stop.signal)).rejects.toBe(reason);
    await expect(sequence.renderPrivate({ ...KEY, field: "image" }, stop.signal)).rejects.toBe(reason);
  });

  test("but an answer that is in counts: its effect is known", async () => {
    const stop = new AbortController();
    const { sequence } = sequenceAnswering(() => json({ token: TOKEN_ON_WIRE, assets: [] }));
    const got = sequence.getToken(KEY, stop.signal);
    const value = await got;
    stop.abort(reason);
    expect(value.ok).toBe(true);
  });
});
