import { describe, expect, it } from "vitest";
import { type Player, play, webrpc } from "./play.ts";

const zeroTime = "0001-01-01T00:00:00Z";

async function withToken(token: object = {}, options = {}): Promise<Player & { id: number }> {
  const player = await play(options);
  const id = await player.makeCollection();
  await player.rpc("CreateToken", { collectionId: id, token: { tokenId: "1", name: "One", ...token } });
  return { ...player, id };
}

describe("CreateToken", () => {
  it("echoes the token with Go's zero time and null assets", async () => {
    const { rpc, makeCollection } = await play();
    const token = { tokenId: "200", name: "Cup", description: "d", properties: { b: 1, a: 2 } };
    const { text } = await rpc("CreateToken", { collectionId: await makeCollection(), token });
    expect(text).toBe(
      '{"token":{"tokenId":"200","source":"SEQUENCE_BUILDER_COLLECTIONS","name":"Cup","description":"d","image":"",' +
        `"properties":{"a":2,"b":1},"attributes":null,"updatedAt":"${zeroTime}","status":"AVAILABLE","queuedAt":null},"assets":null}`,
    );
  });

  it("keeps every documented field, decimals 0 included, in Go's order", async () => {
    const { rpc, id } = await withToken();
    const token = {
      tokenId: "2",
      name: "Two",
      description: "d",
      image: "https://a.example/i",
      video: "v",
      audio: "a",
      properties: { k: "v" },
      attributes: [{ trait_type: "Colour", value: "red" }],
      image_data: "<svg/>",
      external_url: "https://a.example",
      background_color: "ffffff",
      animation_url: "u",
      decimals: 0,
    };
    await rpc("CreateToken", { collectionId: id, token });
    const { json } = await rpc("GetToken", { collectionId: id, tokenId: "2" });
    expect(json.token).toMatchObject(token);
    expect(Object.keys(json.token ?? {}).filter((key) => key in token)).toEqual(Object.keys(token));
  });

  it("does not say whether it is private", async () => {
    const { rpc, id } = await withToken();
    expect((await rpc("GetToken", { collectionId: id, tokenId: "1" })).text).not.toContain('"private"');
  });

  it.each([
    ["0", "0"],
    ["007", "7"],
    [String(2n ** 256n - 1n), String(2n ** 256n - 1n)],
  ])("takes token id %s as %s", async (given, kept) => {
    const { rpc, id } = await withToken();
    const { json } = await rpc("CreateToken", { collectionId: id, token: { tokenId: given, name: "A" } });
    expect(json.token?.tokenId).toBe(kept);
  });

  it.each([
    ["", "RequiredArgument", 2002],
    ["0x1f", "InvalidArgument", 2001],
    ["-1", "InvalidArgument", 2001],
    ["1.5", "InvalidArgument", 2001],
    ["1e5", "InvalidArgument", 2001],
    [String(2n ** 256n), "InvalidArgument", 2001],
  ])("refuses token id %j: %s", async (tokenId, error, code) => {
    const { rpc, id } = await withToken();
    const answer = await rpc("CreateToken", { collectionId: id, token: { tokenId, name: "A" } });
    expect(answer).toMatchObject(webrpc(error, code, 400));
  });

  it("needs a name and a collection of the project", async () => {
    const { rpc, id } = await withToken();
    const nameless = await rpc("CreateToken", { collectionId: id, token: { tokenId: "2" } });
    expect(nameless).toMatchObject(webrpc("RequiredArgument", 2002, 400));
    const nowhere = await rpc("CreateToken", { collectionId: 1, token: { tokenId: "2", name: "A" } });
    expect(nowhere).toMatchObject(webrpc("NotFound", 3000, 400));
  });

  it("lets exactly one of many at once win: the rest get 409 RequestConflict", async () => {
    const { rpc, id } = await withToken();
    const token = { tokenId: "9", name: "A" };
    const all = await Promise.all(
      Array.from({ length: 10 }, () => rpc("CreateToken", { collectionId: id, token })),
    );
    expect(all.map(({ status }) => status).sort()).toEqual([200, ...Array<number>(9).fill(409)]);
    expect(all.find(({ status }) => status === 409)).toMatchObject(webrpc("RequestConflict", 1004, 409));
  });
});

describe("GetToken and ListTokens", () => {
  it("show a real updatedAt, empty assets, and null for what was not given", async () => {
    const { rpc, id } = await withToken();
    const { json } = await rpc("GetToken", { collectionId: id, tokenId: "001" });
    expect(json).toMatchObject({ token: { attributes: null, properties: null, image: "" }, assets: [] });
    expect(json.token?.updatedAt).not.toBe(zeroTime);
  });

  it("answer NotFound for what is not there", async () => {
    const { rpc, id } = await withToken();
    expect(await rpc("GetToken", { collectionId: id, tokenId: "2" })).toMatchObject(
      webrpc("NotFound", 3000, 400),
    );
    expect(await rpc("ListTokens", { collectionId: 1 })).toMatchObject(webrpc("NotFound", 3000, 400));
  });

  it("list by number, 30 a page, without assets", async () => {
    const { rpc, id } = await withToken();
    for (const tokenId of ["100", "20", "3"]) {
      await rpc("CreateToken", { collectionId: id, token: { tokenId, name: "A" } });
    }
    const { json } = await rpc("ListTokens", { collectionId: id });
    expect(json.page).toEqual({ pageSize: 30, more: false });
    expect(json.tokens).toMatchObject([
      { tokenId: "1" },
      { tokenId: "3" },
      { tokenId: "20" },
      { tokenId: "100" },
    ]);
    const second = (await rpc("ListTokens", { collectionId: id, page: { page: 1, pageSize: 3 } })).json;
    expect(second).toMatchObject({
      page: { page: 1, pageSize: 3, more: false },
      tokens: [{ tokenId: "100" }],
    });
  });
});

describe("UpdateToken", () => {
  it("replaces the whole metadata: what is left out is gone", async () => {
    const { rpc, id } = await withToken({ description: "old", decimals: 0 });
    const { json } = await rpc("UpdateToken", {
      collectionId: id,
      tokenId: "1",
      token: { tokenId: "1", name: "New" },
    });
    expect(json.token).toMatchObject({ name: "New", description: "", updatedAt: zeroTime });
    expect(json.token).not.toHaveProperty("decimals");
  });

  it.each([{}, { token: null }])("without a token (%j) only flips the flag", async (more) => {
    const { rpc, get, id } = await withToken({ description: "old" });
    await rpc("PublishCollection", { collectionId: id });
    const { json } = await rpc("UpdateToken", { collectionId: id, tokenId: "1", private: false, ...more });
    expect(json.token?.description).toBe("old");
    expect((await get(`/projects/1/collections/${id}/tokens/1`)).status).toBe(200);
  });

  it("leaves the flag alone where it does not name it", async () => {
    const { rpc, get, id } = await withToken();
    await rpc("PublishCollection", { collectionId: id });
    const token = { tokenId: "1", name: "New" };
    await rpc("UpdateToken", { collectionId: id, tokenId: "1", token });
    expect((await get(`/projects/1/collections/${id}/tokens/1`)).status).toBe(404);
    await rpc("UpdateToken", { collectionId: id, tokenId: "1", token, private: false });
    await rpc("UpdateToken", { collectionId: id, tokenId: "1", token });
    expect((await get(`/projects/1/collections/${id}/tokens/1`)).status).toBe(200);
  });

  it("renames, taking the assets along; 409 where the target exists", async () => {
    const { rpc, makeToken, id } = await withToken();
    const assetId = await makeToken(id, "200");
    const rename = (to: string) =>
      rpc("UpdateToken", { collectionId: id, tokenId: "200", token: { tokenId: to, name: "A" } });
    expect(await rename("1")).toMatchObject(webrpc("RequestConflict", 1004, 409));
    expect((await rename("201")).json.token?.tokenId).toBe("201");
    const { json } = await rpc("GetToken", { collectionId: id, tokenId: "201" });
    expect(json.assets).toMatchObject([{ id: assetId, tokenId: "201" }]);
    expect(await rpc("GetToken", { collectionId: id, tokenId: "200" })).toMatchObject(
      webrpc("NotFound", 3000, 400),
    );
  });

  it("needs a token that is there, and a name in what replaces it", async () => {
    const { rpc, id } = await withToken();
    const absent = await rpc("UpdateToken", { collectionId: id, tokenId: "5", private: false });
    expect(absent).toMatchObject(webrpc("NotFound", 3000, 400));
    const nameless = await rpc("UpdateToken", { collectionId: id, tokenId: "1", token: { tokenId: "1" } });
    expect(nameless).toMatchObject(webrpc("RequiredArgument", 2002, 400));
  });
});

describe("DeleteToken", () => {
  it("takes its assets along, and says true also of what is not there", async () => {
    const { rpc, makeToken, id } = await withToken();
    const assetId = await makeToken(id, "2");
    for (const tokenId of ["2", "2", "99"]) {
      expect((await rpc("DeleteToken", { collectionId: id, tokenId })).json).toEqual({ status: true });
    }
    expect(await rpc("GetAsset", { assetId })).toMatchObject(webrpc("NotFound", 3000, 400));
  });
});
