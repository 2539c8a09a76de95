import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import type { UploadBody } from "../../../shared/sequence/client.ts";
import { HOST, JWT, json, sequenceAnswering, UPLOADED_ON_WIRE, webrpcError } from "./stub.ts";

const FILE = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x00]);
const PATH = { collectionId: 894, tokenId: "6", assetId: 4418 };
const held: UploadBody = file(async () => FILE);
const streamed: UploadBody = file(async () => streamOf(FILE.subarray(0, 2), FILE.subarray(2)));

function file(open: UploadBody["open"], bytes: number = FILE.byteLength): UploadBody {
  return { bytes, contentType: "image/png", fileName: "image.png", open };
}

function streamOf(...chunks: Uint8Array[]): ReadableStream<Uint8Array> {
  const rest = [...chunks];
  return new ReadableStream({
    pull(controller) {
      const chunk = rest.shift();
      if (chunk) controller.enqueue(chunk);
      else controller.close();
    },
  });
}

/** What the server would receive, byte for byte, with the boundary that the head announces. */
async function received(init: RequestInit): Promise<{ text: string; boundary: string; bytes: Uint8Array }> {
  const bytes = new Uint8Array(await new Response(init.body).arrayBuffer());
  const type = new Headers(init.headers).get("Content-Type") ?? "";
  const boundary = /^multipart\/form-data; boundary=([\w-]+)$/.exec(type)?.[1] ?? "none";
  return { text: String.fromCharCode(...bytes), boundary, bytes };
}

describe("the multipart body", () => {
  test.each([
    ["held in memory", held],
    ["streamed", streamed],
  ])("%s: one part `file`, exact to the byte", async (_, body) => {
    let got = { text: "", boundary: "" };
    const { sequence, asked } = sequenceAnswering(async (_url, init) => {
      got = await received(init);
      return json(UPLOADED_ON_WIRE);
    });
    const uploaded = await sequence.uploadAsset({ ...PATH, body });
    expect(got.text).toBe(
      `--${got.boundary}\r\nContent-Disposition: form-data; name="file"; filename="image.png"\r\nContent-Type: image/png\r\n\r\n\x89PNG\0\r\n--${got.boundary}--\r\n`,
    );
    expect(asked[0]?.url).toBe(`${HOST}/projects/30957/collections/894/tokens/6/upload/4418`);
    expect(asked[0]?.init).toMatchObject({ method: "PUT", redirect: "manual" });
    expect([...(asked[0]?.headers.keys() ?? [])]).toEqual(["authorization", "content-type"]);
    expect(asked[0]?.headers.get("Authorization")).toBe(`Bearer ${JWT}`);
    expect(uploaded).toEqual({
      ok: true,
      value: {
        id: 4418,
        collectionId: 894,
        tokenId: "6",
        url: `${HOST}/projects/30957/collections/894/tokens/6/image.png`,
        metadataField: "image",
        filename: "image.png",
        filesize: 5,
        mimeType: "image/png",
        width: 2,
        height: 1,
      },
    });
  });

  test("streamed: is parsed by the runtime's own parser, and its length is known beforehand", async () => {
    let parts: (File | string)[] = [];
    const { sequence } = sequenceAnswering(async (_url, init) => {
      // R2 takes only streams of known length: the same property that makes workerd send Content-Length.
      await env.BUCKET.put("upload", init.body as ReadableStream);
      const stored = await env.BUCKET.get("upload");
      const form = await new Response(stored?.body, { headers: init.headers }).formData();
      parts = form.getAll("file");
      return json(UPLOADED_ON_WIRE);
    });
    expect((await sequence.uploadAsset({ ...PATH, body: streamed })).ok).toBe(true);
    expect(parts).toHaveLength(1);
    const [part] = parts;
    if (!(part instanceof File)) throw new Error("expected a file");
    expect({ name: part.name, type: part.type }).toEqual({ name: "image.png", type: "image/png" });
    expect(new Uint8Array(await part.arrayBuffer())).toEqual(FILE);
  });

  test("a file name or type cannot write headers", async () => {
    let got = { text: "", boundary: "" };
    const { sequence } = sequenceAnswering(async (_url, init) => {
      got = await received(init);
      return json(UPLOADED_ON_WIRE);
    });
    const body = { ...held, fileName: 'a"\r\nX-Evil: 1.png', contentType: "image/png\r\nX-Evil: 1" };
    const answer = await sequence.uploadAsset({ ...PATH, body });
    expect(answer.ok).toBe(true);
    expect(got.text).toContain(
      'filename="a%22%0D%0AX-Evil: 1.png"\r\nContent-Type: application/octet-stream\r\n\r\n',
    );
  });

  test("a collection's own asset has its own address", async () => {
    const { sequence, asked } = sequenceAnswering(() => json(UPLOADED_ON_WIRE));
    const answer = await sequence.uploadCollectionAsset({ collectionId: 894, assetId: 9, body: held });
    expect(answer.ok).toBe(true);
    expect(asked[0]?.url).toBe(`${HOST}/projects/30957/collections/894/assets/9/upload`);
  });
});

describe("an upload counts only with status 200 and a bare asset with a url", () => {
  const { url: _url, ...withoutUrl } = UPLOADED_ON_WIRE;
  test.each([
    ["a url left out", () => json(withoutUrl)],
    ["an empty url", () => json({ ...UPLOADED_ON_WIRE, url: "" })],
    ["an asset in a wrapper", () => json({ asset: UPLOADED_ON_WIRE })],
    ["status 201", () => json(UPLOADED_ON_WIRE, { status: 201 })],
    ["status 202 without a body", () => new Response(null, { status: 202 })],
    ["HTML with 200", () => new Response("<html></html>", { headers: { "Content-Type": "text/html" } })],
    ["null", () => new Response("null")],
    ["half the JSON", () => new Response('{"id":4418,"url":"htt')],
  ])("%s leaves an unknown outcome", async (_, response) => {
    const { sequence } = sequenceAnswering(response);
    expect(await sequence.uploadAsset({ ...PATH, body: held })).toMatchObject({
      ok: false,
      error: { reason: "outcome_unknown", code: "sequence.bad_response", httpStatus: response().status },
    });
  });

  test.each([
    ["413 in plain text", () => new Response("too big", { status: 413 }), "invalid", "sequence.too_large"],
    ["415", () => new Response("no", { status: 415 }), "invalid", "sequence.media_type"],
    ["404 in plain text", () => new Response("no", { status: 404 }), "not_found", "sequence.not_found"],
    ["NotFound", () => webrpcError("NotFound", 3000, 400), "not_found", "sequence.not_found"],
    ["502", () => new Response("<html>", { status: 502 }), "outcome_unknown", "sequence.server_error"],
    ["a read-only key", () => webrpcError("UnauthorizedUser", 1105, 403), "account", "key.read_only"],
  ])("%s", async (_, response, reason, code) => {
    for (const body of [held, streamed]) {
      const { sequence } = sequenceAnswering(response);
      const got = await sequence.uploadAsset({ ...PATH, body });
      expect(got).toMatchObject({ ok: false, error: { reason, code } });
    }
  });
});

describe("a source that does not deliver what it announced", () => {
  const drain = async (_url: string, init: RequestInit) => {
    await new Response(init.body).arrayBuffer();
    return json(UPLOADED_ON_WIRE);
  };
  test.each([
    ["fewer bytes", file(async () => streamOf(FILE), 6), "got 5 bytes where 6 were announced"],
    ["more bytes", file(async () => streamOf(FILE, FILE), 7), "got 10 bytes where 7 were announced"],
    ["a wrong length in memory", file(async () => FILE, 6), "got 5 bytes where 6 were announced"],
    ["a failure to open", file(() => Promise.reject(new Error("R2 is down"))), "got R2 is down"],
    [
      "a failure amid the bytes",
      file(async () => new ReadableStream({ pull: () => Promise.reject(new Error("R2 went away")) })),
      "got R2 went away",
    ],
  ])("%s", async (_, body, message) => {
    const { sequence } = sequenceAnswering(drain);
    const got = await sequence.uploadAsset({ ...PATH, body });
    expect(got).toMatchObject({
      ok: false,
      error: { reason: "outcome_unknown", code: "sequence.upload_source", httpStatus: null },
    });
    expect(got.ok ? "" : got.error.message).toContain(message);
  });
});

describe("time-outs of an upload", () => {
  test("a source that moves keeps the call alive past the limit for an answer", async () => {
    const chunks = Array.from({ length: 12 }, () => new Uint8Array([1]));
    const slow = new ReadableStream<Uint8Array>({
      async pull(controller) {
        await new Promise((resolve) => setTimeout(resolve, 25));
        const chunk = chunks.shift();
        if (chunk) controller.enqueue(chunk);
        else controller.close();
      },
    });
    const { sequence } = sequenceAnswering(
      async (_url, init) => {
        await new Response(init.body).arrayBuffer();
        return json(UPLOADED_ON_WIRE);
      },
      { callTimeoutMs: 150 },
    );
    expect((await sequence.uploadAsset({ ...PATH, body: file(async () => slow, 12) })).ok).toBe(true);
  });

  test("a server that takes nothing is given up, and the source let go", async () => {
    let cancelled = false;
    const source = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(1)),
      cancel: () => {
        cancelled = true;
      },
    });
    const { sequence } = sequenceAnswering(() => new Promise<Response>(() => {}), { callTimeoutMs: 20 });
    const got = await sequence.uploadAsset({ ...PATH, body: file(async () => source, 1_000) });
    expect(got).toMatchObject({ ok: false, error: { reason: "outcome_unknown", code: "sequence.timeout" } });
    expect(cancelled).toBe(true);
  });
});
