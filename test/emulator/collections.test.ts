import { describe, expect, it } from "vitest";
import { play, webrpc } from "./play.ts";

const timestamp = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/;

describe("CreateCollection", () => {
  it("is private unless told otherwise, echoes baseURIs and no tokenCount", async () => {
    const { rpc } = await play();
    const { json } = await rpc("CreateCollection", {
      projectId: 1,
      collection: { metadata: { name: "Relics" } },
    });
    expect(json.collection).toEqual({
      id: 900,
      projectId: 1,
      metadata: { name: "Relics", description: "" },
      private: true,
      createdAt: expect.stringMatching(timestamp),
      updatedAt: json.collection?.createdAt,
      baseURIs: {
        contractMetadataURI: "http://emulator.invalid/projects/1/collections/900.json",
        tokenMetadataURI: "http://emulator.invalid/projects/1/collections/900/tokens/",
      },
    });
  });

  it("numbers collections in sequence over all projects, and can make a public one", async () => {
    const { makeCollection, rpc } = await play();
    expect([await makeCollection(), await makeCollection({ private: false })]).toEqual([900, 901]);
    expect((await rpc("GetCollection", { collectionId: 901 })).json.collection?.private).toBe(false);
  });

  it.each([{}, { metadata: {} }, { metadata: { name: "" } }])("needs a name: %j", async (collection) => {
    const { rpc } = await play();
    expect(await rpc("CreateCollection", { collection })).toMatchObject(
      webrpc("RequiredArgument", 2002, 400),
    );
  });

  it("stores revealKey and does nothing with it", async () => {
    const { rpc, makeCollection } = await play();
    const collectionId = await makeCollection({ revealKey: "k" });
    expect((await rpc("GetCollection", { collectionId })).json.collection?.revealKey).toBe("k");
  });
});

describe("GetCollection and ListCollections", () => {
  it("count tokens", async () => {
    const { rpc, makeCollection, makeToken } = await play();
    const collectionId = await makeCollection();
    expect((await rpc("GetCollection", { collectionId })).json.collection?.tokenCount).toBe(0);
    await makeToken(collectionId, "1");
    expect((await rpc("ListCollections", {})).json.collections?.[0]).toMatchObject({ tokenCount: 1 });
  });

  it("page by 30 from zero, ascending, naming the page only from the second on", async () => {
    const { rpc, makeCollection } = await play();
    for (let made = 0; made < 31; made += 1) await makeCollection();
    const first = (await rpc("ListCollections", {})).json;
    expect(first.page).toEqual({ pageSize: 30, more: true });
    expect(first.collections?.[0]?.id).toBe(900);
    const second = (await rpc("ListCollections", { page: { page: 1 } })).json;
    expect(second).toMatchObject({
      page: { page: 1, pageSize: 30, more: false },
      collections: [{ id: 930 }],
    });
  });

  it("show the collection's own assets", async () => {
    const { rpc, put, makeCollection } = await play();
    const collectionId = await makeCollection();
    await rpc("CreateAsset", { asset: { collectionId, metadataField: "image" } });
    await put(`/projects/1/collections/${collectionId}/assets/4400/upload`);
    const { json } = await rpc("GetCollection", { collectionId });
    expect(json.collection?.assets).toMatchObject([{ id: 4400, tokenId: null, filename: "image.png" }]);
  });
});

describe("UpdateCollection", () => {
  it("replaces the metadata, bumps updatedAt to nanoseconds, keeps the flag", async () => {
    const { rpc, makeCollection } = await play();
    const id = await makeCollection({ private: false });
    const metadata = { name: "New", description: "d", external_link: "https://a.example" };
    const { json } = await rpc("UpdateCollection", { collection: { id, metadata } });
    expect(json.collection).toMatchObject({ metadata, private: false, baseURIs: {} });
    expect(json.collection).not.toHaveProperty("tokenCount");
    expect(json.collection?.updatedAt).not.toBe(json.collection?.createdAt);
  });

  it("knows only collections of the project", async () => {
    const { rpc } = await play();
    expect(await rpc("UpdateCollection", { collection: { id: 1 } })).toMatchObject(
      webrpc("NotFound", 3000, 400),
    );
  });
});

describe("PublishCollection and UnpublishCollection", () => {
  it("flip the flag as often as asked, without baseURIs, tokenCount or a new updatedAt", async () => {
    const { rpc, makeCollection } = await play();
    const collectionId = await makeCollection();
    const { updatedAt } = (await rpc("GetCollection", { collectionId })).json.collection ?? {};
    for (const [method, hidden] of [
      ["Publish", false],
      ["Publish", false],
      ["Unpublish", true],
      ["Unpublish", true],
    ] as const) {
      const { status, json } = await rpc(`${method}Collection`, { collectionId });
      expect(status).toBe(200);
      expect(Object.keys(json.collection ?? {})).toEqual([
        "id",
        "projectId",
        "metadata",
        "private",
        "createdAt",
        "updatedAt",
      ]);
      expect(json.collection).toMatchObject({ private: hidden, updatedAt });
    }
  });

  it("recursively makes every present token non-private", async () => {
    const { rpc, get, makeCollection, makeToken } = await play();
    const collectionId = await makeCollection();
    await makeToken(collectionId, "1");
    await rpc("PublishCollection", { collectionId });
    expect((await get(`/projects/1/collections/${collectionId}/tokens/1`)).status).toBe(404);
    await rpc("PublishCollection", { collectionId, recursive: true });
    expect((await get(`/projects/1/collections/${collectionId}/tokens/1`)).status).toBe(200);
  });

  it("know only collections of the project", async () => {
    const { rpc } = await play();
    expect(await rpc("PublishCollection", { collectionId: 1 })).toMatchObject(webrpc("NotFound", 3000, 400));
  });
});

describe("DeleteCollection", () => {
  it("takes tokens and files along, and says true also of what is not there", async () => {
    const { rpc, makeCollection, makeToken } = await play();
    const collectionId = await makeCollection();
    const assetId = await makeToken(collectionId, "1");
    for (const id of [collectionId, 26_532_223]) {
      expect((await rpc("DeleteCollection", { collectionId: id })).json).toEqual({ status: true });
    }
    expect(await rpc("GetCollection", { collectionId })).toMatchObject(webrpc("NotFound", 3000, 400));
    expect(await rpc("GetAsset", { assetId })).toMatchObject(webrpc("NotFound", 3000, 400));
    expect(await makeCollection()).toBe(collectionId + 1);
  });
});
