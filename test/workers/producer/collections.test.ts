import { describe, expect, test } from "vitest";
import { makeKey } from "../../../emulator/keys.ts";
import { Collection, pageOf } from "../../../shared/api/contract.ts";
import { emulatorAt } from "../../support/emulator.ts";
import { db, emulator, producer, target } from "../../support/producer.ts";
import { readBatch, seedBatch } from "../../support/rows.ts";

const api = producer();
const upstream = emulatorAt(emulator().url, emulator().key);

const PNG = Uint8Array.from(
  atob("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="),
  (character) => character.charCodeAt(0),
);

const INPUT = {
  name: "Relics",
  description: "Old things",
  externalLink: "https://relics.example",
  properties: { season: 1 },
  attributes: [{ trait_type: "Era", value: "old" }],
};

async function create(input: Record<string, unknown> = INPUT): Promise<Collection> {
  const { status, body } = await api.post("/v1/collections", input);
  if (status !== 201) throw new Error(`${status} ${JSON.stringify(body)}`);
  return Collection.parse(body);
}

test("a collection is created private and read back, with the addresses for its contract", async () => {
  const created = await create();
  expect(created).toMatchObject({ ...INPUT, published: false, image: null });
  const base = `${emulator().url}/projects/${emulator().project}/collections/${created.id}`;
  expect(created).toMatchObject({ baseUri: `${base}/tokens/`, contractUri: `${base}.json` });
  const read = await api.ask(`/v1/collections/${created.id}`);
  expect(Collection.parse(read.body)).toMatchObject({ ...INPUT, id: created.id, tokenCount: 0 });
});

test("a patch changes what it names and keeps the rest", async () => {
  const { id } = await create();
  const { status, body } = await api.post(
    `/v1/collections/${id}`,
    { name: "New", properties: null },
    {
      method: "PATCH",
      body: JSON.stringify({ name: "New", properties: null }),
      headers: { "content-type": "application/json" },
    },
  );
  expect(status).toBe(200);
  expect(Collection.parse(body)).toMatchObject({ ...INPUT, name: "New", properties: null, published: false });
});

test("publishing and unpublishing show in the collection and in its batches", async () => {
  const { id } = await create();
  const batch = await seedBatch(db, { target: target(), collectionId: id });
  const elsewhere = await seedBatch(db, { target: "https://other#1", collectionId: id });
  const published = await api.post(`/v1/collections/${id}/publish`);
  expect(Collection.parse(published.body)).toMatchObject({ id, published: true, name: "Relics" });
  expect((await upstream.seePublic(`/projects/${emulator().project}/collections/${id}.json`)).status).toBe(
    200,
  );
  expect((await readBatch(db, batch)).collection_published).toBe(1);
  expect((await readBatch(db, elsewhere)).collection_published).toBe(0);
  expect((await api.post(`/v1/collections/${id}/publish`)).status).toBe(200);
  const hidden = await api.post(`/v1/collections/${id}/unpublish`);
  expect(hidden.body.published).toBe(false);
  expect((await readBatch(db, batch)).collection_published).toBe(0);
});

test("the image is one asset of the collection, however often it is sent", async () => {
  const { id } = await create();
  const put = (body: BodyInit) => api.ask(`/v1/collections/${id}/image`, { method: "PUT", body });
  const first = await put(PNG);
  expect(first.status).toBe(200);
  expect(String(first.body.image)).toMatch(/image\.png$/);
  const second = await put(new TextEncoder().encode('<svg xmlns="http://www.w3.org/2000/svg"/>'));
  expect(String(second.body.image)).toMatch(/image\.svg$/);
  const methods = (await upstream.calls(id)).map(({ method }) => method);
  expect(methods.filter((method) => method === "CreateAsset")).toHaveLength(1);
  await api.post(`/v1/collections/${id}/publish`);
  expect((await upstream.seePublic(new URL(String(second.body.image)).pathname)).status).toBe(200);
});

describe("the image is refused", () => {
  test.each([
    ["as text", "no picture", 400, "media.unknown_type"],
    [
      "as sound",
      Uint8Array.from([0x49, 0x44, 0x33, 3, 0, 0, 0, 0, 0, 0, 0xff, 0xfb, 0x90, 0]),
      400,
      "media.wrong_type",
    ],
    ["as nothing", "", 400, "media.empty"],
  ] as const)("%s", async (_what, body, status, code) => {
    const { id } = await create();
    const answer = await api.ask(`/v1/collections/${id}/image`, { method: "PUT", body });
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect((await upstream.calls(id)).map(({ method }) => method)).not.toContain("CreateAsset");
  });
});

test("the list is paged as Sequence pages it", async () => {
  const ids = new Set<number>();
  for (let index = 0; index < 3; index += 1) ids.add((await create({ name: `Paged ${index}` })).id);
  const seen = new Set<number>();
  let cursor: string | null = null;
  do {
    const { body } = await api.ask(`/v1/collections?limit=2${cursor === null ? "" : `&cursor=${cursor}`}`);
    const page = pageOf(Collection).parse(body);
    expect(page.items.length).toBeLessThanOrEqual(2);
    for (const { id } of page.items) seen.add(id);
    cursor = page.nextCursor;
  } while (cursor !== null);
  for (const id of ids) expect(seen.has(id)).toBe(true);
});

describe("a token", () => {
  test("is read through the key, and its media rendered while it is private", async () => {
    const { id } = await create();
    await upstream.makeToken(id, "255", "Made by hand");
    const { asset } = (await upstream.rpc("CreateAsset", {
      asset: { collectionId: id, tokenId: "255", metadataField: "image" },
    })) as { asset: { id: number } };
    const form = new FormData();
    form.append("file", new Blob([PNG]));
    const uploaded = await fetch(
      `${upstream.url}/projects/${emulator().project}/collections/${id}/tokens/255/upload/${asset.id}`,
      { method: "PUT", body: form, headers: { authorization: `Bearer ${emulator().key}` } },
    );
    await uploaded.arrayBuffer();
    const { body } = await api.ask(`/v1/collections/${id}/tokens/0xff`);
    expect(body).toMatchObject({
      token: { tokenId: "255", name: "Made by hand" },
      assets: [{ id: asset.id }],
    });
    const response = await api.fetch(`/v1/collections/${id}/tokens/255/asset/image`);
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(PNG);
    expect(response.headers.get("content-type")).toBe("image/png");
    expect(response.headers.get("content-security-policy")).toContain("sandbox");
    expect(response.headers.get("cache-control")).toBe("private, no-store");
    const nothing = await api.ask(`/v1/collections/${id}/tokens/255/asset/video`);
    expect([nothing.status, nothing.body.code]).toEqual([404, "asset.not_found"]);
  });

  test.each([
    ["tokens/1", "token.not_found"],
    ["tokens/-1", "token.not_found"],
    ["tokens/1.5", "token.not_found"],
    ["tokens/1/asset/image", "asset.not_found"],
    ["tokens/1/asset/picture", "asset.not_found"],
  ])("%s that is not there is 404", async (path, code) => {
    const { id } = await create();
    const { status, body } = await api.ask(`/v1/collections/${id}/${path}`);
    expect([status, body.code]).toEqual([404, code]);
  });
});

describe("refused", () => {
  test.each([
    [{}, "body.invalid"],
    [{ name: "" }, "body.invalid"],
    [{ name: "x", external_link: "https://x.example" }, "body.unknown_field"],
    [{ name: "x", externalLink: "javascript:alert(1)" }, "body.invalid"],
    [{ name: "x", attributes: ["text"] }, "body.invalid"],
    [{ name: "x", private: false }, "body.unknown_field"],
  ])("as %j", async (input, code) => {
    const { status, body } = await api.post("/v1/collections", input);
    expect([status, body.code]).toEqual([400, code]);
  });

  test.each(["999999999", "0", "abc", "1.5"])("a collection %s that is not there is 404", async (id) => {
    for (const [method, path] of [
      ["GET", ""],
      ["POST", "/publish"],
      ["POST", "/unpublish"],
      ["PUT", "/image"],
      ["GET", "/tokens/1"],
    ] as const) {
      const init = method === "PUT" ? { method, body: PNG } : { method };
      const { status, body } = await api.ask(`/v1/collections/${id}${path}`, init);
      expect([path, status]).toEqual([path, 404]);
      expect(body.code).toBe(
        path.startsWith("/tokens") && id === "999999999" ? "token.not_found" : "collection.not_found",
      );
    }
  });
});

describe("a failure of Sequence is told as one", () => {
  test.each([
    [{ kind: "refusedKey" }, 424, "key.refused"],
    [{ kind: "spentQuota" }, 424, "quota.spent"],
    [{ kind: "expiredKey" }, 424, "key.expired"],
    [{ kind: "outage", as: "502" }, 502, "sequence.server_error"],
    [{ kind: "nullBody" }, 502, "sequence.bad_response"],
    [{ kind: "closeBefore" }, 502, "sequence.unreachable"],
    [
      { kind: "status", status: 429, error: "QuotaRateLimit", retryAfterSeconds: 7 },
      503,
      "sequence.rate_limited",
    ],
  ] as const)("%j is %i %s", async (what, status, code) => {
    const { id } = await create();
    await upstream.setFaults({ where: { collectionId: id }, what });
    const answer = await api.ask(`/v1/collections/${id}`);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(answer.body.next).toMatch(/\w/);
    expect(answer.headers.get("retry-after")).toBe(status === 503 ? "7" : null);
  });

  test("a read-only key is told so where it writes", async () => {
    const key = await makeKey({ project: emulator().project, access: "read" });
    const { status, body } = await producer({ JWT_ACCESS_KEY: key }).post("/v1/collections", INPUT);
    expect([status, body.code]).toEqual([424, "key.read_only"]);
    expect(body.next).toContain("Write access");
  });

  test("an address where nothing listens is 502", async () => {
    const { status, body } = await producer({ METADATA_URL: "http://127.0.0.1:9" }).ask("/v1/collections");
    expect([status, body.code]).toEqual([502, "sequence.unreachable"]);
  });
});
