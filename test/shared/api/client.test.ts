import { describe, expect, it } from "vitest";
import { allPages, createClient } from "../../../shared/api/client.ts";
import { ok } from "../../../shared/result.ts";
import { BATCH_ID, batchOf } from "../../cli/play-api.ts";

type Sent = { url: string; init: RequestInit };

/** A client whose answers are handed in, in turn. */
function clientOf(...answers: (Response | Error)[]) {
  const sent: Sent[] = [];
  const client = createClient({
    url: "http://127.0.0.1:8787/",
    token: "local",
    fetch: async (url, init) => {
      sent.push({ url, init });
      const answer = answers.shift() ?? new Error("nothing left to answer");
      if (answer instanceof Error) throw answer;
      return answer;
    },
  });
  return { client, sent };
}

const json = (body: unknown, init: ResponseInit = {}) => Response.json(body, init);

describe("a call", () => {
  it("carries the token, and the query as the server reads it", async () => {
    const { client, sent } = clientOf(json(batchOf(), { status: 202 }));
    const query = { name: "relics & more", "template[name]": "Relic #{id}", first: 3, mediaSet: null };
    const answer = await client.submit("name\nRelic\n", { query, idempotencyKey: "once" });
    expect(answer).toEqual(ok(batchOf()));
    const url = new URL(sent[0]?.url ?? "");
    expect(url.pathname).toBe("/v1/batches");
    expect(Object.fromEntries(url.searchParams)).toEqual({
      name: "relics & more",
      "template[name]": "Relic #{id}",
      first: "3",
    });
    expect(sent[0]?.init.headers).toMatchObject({
      authorization: "Bearer local",
      "content-type": "text/csv",
      "idempotency-key": "once",
    });
  });

  it("encodes a file's path into one segment", async () => {
    const { client, sent } = clientOf(
      json({ fileName: "a b/ü#1.png", sha256: "0", bytes: 1, contentType: "image/png" }),
    );
    await client.putMedia("set", "a b/ü#1.png", new Uint8Array([1]));
    expect(sent[0]?.url).toBe("http://127.0.0.1:8787/v1/media-sets/set/a%20b%2F%C3%BC%231.png");
  });

  it("gives back the problem that the server tells, with what it carries more", async () => {
    const told = {
      type: "about:blank",
      title: "Not found",
      status: 404,
      code: "batch.not_found",
      detail: "There is no such batch.",
      next: "Check the id.",
      expected: ["bat_…"],
    };
    const { client } = clientOf(json(told, { status: 404 }));
    expect(await client.batch("x")).toEqual({
      ok: false,
      error: { reason: "refused", status: 404, problem: told },
    });
  });

  it("says where nobody answered, with the reason below the runtime's `fetch failed`", async () => {
    const { client } = clientOf(new TypeError("fetch failed", { cause: new Error("connect ECONNREFUSED") }));
    const answer = await client.doctor();
    expect(answer).toEqual({
      ok: false,
      error: {
        reason: "unreachable",
        url: "http://127.0.0.1:8787/v1/doctor",
        message: "connect ECONNREFUSED",
      },
    });
  });

  it.each([
    ["HTML", new Response("<h1>404</h1>", { status: 404 }), "HTTP 404 without the problem document"],
    ["a redirect", new Response(null, { status: 301, headers: { location: "https://m/" } }), "to https://m/"],
    ["another shape", json({ ...batchOf(), state: "done" }), "at state"],
    ["a body cut short", new Response('{"id":'), "not what Mintline sends"],
  ])("calls %s unreadable", async (_what, response, told) => {
    const answer = await clientOf(response).client.batch(BATCH_ID);
    expect(answer).toMatchObject({
      ok: false,
      error: { reason: "unreadable", message: expect.stringContaining(told) },
    });
  });
});

describe("reading a batch again", () => {
  it("sends the ETag and gives null for a batch that has not changed", async () => {
    const { client, sent } = clientOf(
      json(batchOf(), { headers: { etag: '"7"', "retry-after": "2" } }),
      new Response(null, { status: 304, headers: { "retry-after": "5" } }),
    );
    const first = await client.readBatch(BATCH_ID, null);
    expect(first).toEqual(ok({ batch: batchOf(), etag: '"7"', retryAfterSeconds: 2 }));
    const second = await client.readBatch(BATCH_ID, '"7"');
    expect(second).toEqual(ok({ batch: null, etag: '"7"', retryAfterSeconds: 5 }));
    expect(sent[1]?.init.headers).toMatchObject({ "if-none-match": '"7"' });
  });
});

describe("all pages of a list", () => {
  it("are read until there is no cursor, and not at all after a failure", async () => {
    const { client, sent } = clientOf(
      json({ items: [batchOf()], nextCursor: "2" }),
      json({ items: [batchOf({ name: "other.csv" })], nextCursor: null }),
    );
    const all = await allPages((cursor) => client.batches({ cursor, limit: 1 }));
    expect(all).toEqual(ok([batchOf(), batchOf({ name: "other.csv" })]));
    expect(sent.map(({ url }) => new URL(url).search)).toEqual(["?limit=1", "?cursor=2&limit=1"]);
    expect(await allPages((cursor) => client.batches({ cursor }))).toMatchObject({ ok: false });
  });
});
