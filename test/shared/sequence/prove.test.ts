import { describe, expect, test } from "vitest";
import { proveCollection, proveWrite } from "../../../shared/sequence/prove.ts";
import { COLLECTION_ON_WIRE, json, sequenceAnswering, webrpcError } from "./stub.ts";

describe("proveCollection", () => {
  const prove = (response: () => Response) => proveCollection(sequenceAnswering(response).sequence, 887);

  test("says whether it is published and how many tokens it holds, with one call", async () => {
    const { sequence, asked } = sequenceAnswering(() => json({ collection: COLLECTION_ON_WIRE }));
    expect(await proveCollection(sequence, 887)).toMatchObject({
      ok: true,
      value: { published: false, tokenCount: 3, collection: { id: 887 } },
    });
    expect(asked).toHaveLength(1);
    const published = await prove(() =>
      json({ collection: { ...COLLECTION_ON_WIRE, private: false, tokenCount: undefined } }),
    );
    expect(published).toMatchObject({ ok: true, value: { published: true, tokenCount: null } });
  });

  test("a collection that is not there, or only marked as deleted, halts as collection.not_found", async () => {
    const deleted = { ...COLLECTION_ON_WIRE, deletedAt: "2026-11-23T00:00:00Z" };
    for (const response of [() => webrpcError("NotFound", 3000, 400), () => json({ collection: deleted })]) {
      const got = await prove(response);
      expect(got).toMatchObject({ ok: false, error: { reason: "account", code: "collection.not_found" } });
      expect(got.ok ? "" : got.error.next).toContain("mintline collection create");
    }
    const never = await prove(() =>
      json({ collection: { ...COLLECTION_ON_WIRE, deletedAt: "0001-01-01T00:00:00Z" } }),
    );
    expect(never.ok).toBe(true);
  });

  test.each([
    ["a refused key", () => webrpcError("Unauthorized", 1000, 401), "account", "key.refused"],
    ["an unknown project", () => webrpcError("ProjectNotFound", 3002, 400), "account", "key.other_project"],
    ["a busy server", () => new Response("", { status: 503 }), "outcome_unknown", "sequence.server_error"],
    ["a limit", () => webrpcError("RateLimited", 1007, 429), "rate_limited", "sequence.rate_limited"],
  ])("%s stays what it is", async (_, response, reason, code) => {
    expect(await prove(response)).toMatchObject({ ok: false, error: { reason, code } });
  });
});

describe("proveWrite", () => {
  const prove = (response: () => Response) => proveWrite(sequenceAnswering(response).sequence);

  test("asks to hide a collection that cannot exist, and nothing else", async () => {
    const { sequence, asked } = sequenceAnswering(() => webrpcError("NotFound", 3000, 400));
    expect(await proveWrite(sequence)).toEqual({ ok: true, value: null });
    expect(asked.map(({ url, body }) => `${url.split("/").at(-1)} ${body}`)).toEqual([
      'UnpublishCollection {"projectId":30957,"collectionId":9007199254740991}',
    ]);
  });

  test.each([
    ["no rows", () => webrpcError("WebrpcEndpoint", 0, 400)],
    ["a refused id", () => webrpcError("InvalidArgument", 2001, 400)],
    ["a yes", () => json({ collection: COLLECTION_ON_WIRE })],
  ])("%s comes from behind the permission check: the key may write", async (_, response) => {
    expect(await prove(response)).toEqual({ ok: true, value: null });
  });

  test.each([
    ["UnauthorizedUser", () => webrpcError("UnauthorizedUser", 1105, 403), "key.read_only"],
    ["PermissionDenied", () => webrpcError("PermissionDenied", 1001, 403), "key.read_only"],
    ["Unauthorized", () => webrpcError("Unauthorized", 1000, 401), "key.refused"],
    ["SessionExpired", () => webrpcError("SessionExpired", 1002, 403), "key.expired"],
    ["QuotaExceeded", () => webrpcError("QuotaExceeded", 1200, 423), "quota.spent"],
    ["503", () => new Response("", { status: 503 }), "sequence.server_error"],
  ])("%s", async (_, response, code) => {
    expect(await prove(response)).toMatchObject({ ok: false, error: { code } });
  });
});
