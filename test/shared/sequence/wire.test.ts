import { describe, expect, test } from "vitest";
import {
  ASSET_ON_WIRE,
  COLLECTION_ON_WIRE,
  HOST,
  JWT,
  json,
  sequenceAnswering,
  TOKEN,
  TOKEN_ON_WIRE,
} from "./stub.ts";

const HUGE = "115792089237316195423570985008687907853269984665640564039457584007913129639935";
const collection = () => json({ collection: COLLECTION_ON_WIRE });

describe("the bytes of each call are those recorded from the package", () => {
  test("CreateCollection", async () => {
    const { sequence, asked } = sequenceAnswering(collection);
    const made = await sequence.createCollection({
      metadata: { name: "N", description: "D", external_link: "https://x" },
      private: true,
    });
    expect(asked[0]?.url).toBe(`${HOST}/rpc/Collections/CreateCollection`);
    expect(asked[0]?.body).toBe(
      '{"projectId":30957,"collection":{"metadata":{"name":"N","description":"D","external_link":"https://x"},"private":true}}',
    );
    expect(made).toMatchObject({ ok: true, value: { id: 887, private: true, tokenCount: 3, assets: [] } });
  });

  test("CreateToken sends the whole token, ids up to 2^256 - 1 as text, and leaves blank what is blank", async () => {
    const { sequence, asked } = sequenceAnswering(() => json({ token: TOKEN_ON_WIRE, assets: null }));
    await sequence.createToken({ collectionId: 887, token: { ...TOKEN, tokenId: HUGE } });
    expect(asked[0]?.url).toBe(`${HOST}/rpc/Collections/CreateToken`);
    expect(asked[0]?.body).toBe(
      `{"projectId":30957,"collectionId":887,"token":{"tokenId":"${HUGE}","name":"T","description":"é","decimals":0,"attributes":[{"trait_type":"a","value":1}],"properties":{"k":"v"}}}`,
    );
    await sequence.createToken({
      collectionId: 887,
      token: {
        ...TOKEN,
        attributes: null,
        properties: null,
        external_url: "https://x",
        background_color: "ffffff",
      },
      private: true,
    });
    expect(asked[1]?.body).toBe(
      '{"projectId":30957,"collectionId":887,"token":{"tokenId":"7","name":"T","description":"é","decimals":0,"external_url":"https://x","background_color":"ffffff","attributes":null,"properties":null},"private":true}',
    );
  });

  test("UpdateToken sends the whole token as well, and nothing that the caller's object holds besides", async () => {
    const { sequence, asked } = sequenceAnswering(() => json({ token: TOKEN_ON_WIRE }));
    const stray = { ...TOKEN, updatedAt: "2024", status: "AVAILABLE", image: "https://elsewhere" };
    await sequence.updateToken({ collectionId: 887, tokenId: "7", token: stray, private: false });
    expect(asked[0]?.body).toBe(
      '{"projectId":30957,"collectionId":887,"tokenId":"7","private":false,"token":{"tokenId":"7","name":"T","description":"é","decimals":0,"attributes":[{"trait_type":"a","value":1}],"properties":{"k":"v"}}}',
    );
    await sequence.updateToken({ collectionId: 887, tokenId: "7", token: TOKEN });
    expect(asked[1]?.body).not.toContain("private");
  });

  test("CreateAsset never sends an id, and no token for a collection's own", async () => {
    const { sequence, asked } = sequenceAnswering(() => json({ asset: ASSET_ON_WIRE }));
    const stray = { collectionId: 887, tokenId: "1", field: "image" as const, id: 12 };
    const made = await sequence.createAsset(stray);
    await sequence.createAsset({ collectionId: 887, tokenId: null, field: "image" });
    expect(asked.map(({ body }) => body)).toEqual([
      '{"projectId":30957,"asset":{"collectionId":887,"tokenId":"1","metadataField":"image"}}',
      '{"projectId":30957,"asset":{"collectionId":887,"metadataField":"image"}}',
    ]);
    expect(made).toMatchObject({ ok: true, value: { id: 4418, tokenId: "6", url: null, filesize: null } });
  });

  test("the short ones", async () => {
    const answers: Record<string, unknown> = {
      GetToken: { token: TOKEN_ON_WIRE, assets: [ASSET_ON_WIRE] },
      ListTokens: { page: { pageSize: 30, more: true }, tokens: [TOKEN_ON_WIRE] },
      ListCollections: { page: { page: 2, pageSize: 30, more: false }, collections: [COLLECTION_ON_WIRE] },
      DeleteAsset: { status: true },
      CreateContractCollection: {
        contractCollection: { id: 370, chainId: 137, contractAddress: "0xab", collectionId: 887 },
      },
    };
    const { sequence, asked } = sequenceAnswering((url) =>
      json(answers[url.split("/").at(-1) ?? ""] ?? { collection: COLLECTION_ON_WIRE }),
    );
    const got = await sequence.getToken({ collectionId: 887, tokenId: "1" });
    const listed = await sequence.listTokens({ collectionId: 887, page: { pageSize: 500 } });
    const all = await sequence.listCollections();
    await sequence.getCollection({ collectionId: 887 });
    await sequence.publishCollection({ collectionId: 887 });
    await sequence.publishCollection({ collectionId: 887, recursive: true });
    await sequence.unpublishCollection({ collectionId: 887 });
    const gone = await sequence.deleteAsset({ assetId: 4418 });
    const linked = await sequence.createContractCollection({
      collectionId: 887,
      chainId: 137,
      contractAddress: "0xAB",
    });
    await sequence.updateCollection({
      collectionId: 887,
      metadata: { name: "N", description: "" },
      private: false,
      revealKey: "r",
    });
    expect(asked.map(({ url, body }) => `${url.split("/").at(-1)} ${body}`)).toEqual([
      'GetToken {"projectId":30957,"collectionId":887,"tokenId":"1"}',
      'ListTokens {"projectId":30957,"collectionId":887,"page":{"pageSize":500}}',
      'ListCollections {"projectId":30957}',
      'GetCollection {"projectId":30957,"collectionId":887}',
      'PublishCollection {"projectId":30957,"collectionId":887}',
      'PublishCollection {"projectId":30957,"collectionId":887,"recursive":true}',
      'UnpublishCollection {"projectId":30957,"collectionId":887}',
      'DeleteAsset {"projectId":30957,"assetId":4418}',
      'CreateContractCollection {"projectId":30957,"contractCollection":{"chainId":137,"contractAddress":"0xAB","collectionId":887}}',
      'UpdateCollection {"projectId":30957,"collection":{"id":887,"projectId":30957,"metadata":{"name":"N","description":""},"private":false,"revealKey":"r"}}',
    ]);
    expect(got).toMatchObject({ ok: true, value: { token: { tokenId: "7" }, assets: [{ id: 4418 }] } });
    expect(listed).toMatchObject({ ok: true, value: { page: { page: 0, pageSize: 30, more: true } } });
    expect(all).toMatchObject({
      ok: true,
      value: { page: { page: 2, more: false }, collections: [{ id: 887 }] },
    });
    expect(gone).toEqual({ ok: true, value: true });
    expect(linked).toMatchObject({ ok: true, value: { contractAddress: "0xab" } });
  });

  test("the head: Bearer, JSON, webrpc's own header; no access key, no origin; redirects are not followed", async () => {
    const { sequence, asked } = sequenceAnswering(collection);
    await sequence.getCollection({ collectionId: 887 });
    const { init, headers } = asked[0] ?? {};
    expect(Object.fromEntries(headers ?? [])).toEqual({
      authorization: `Bearer ${JWT}`,
      "content-type": "application/json",
      webrpc: "webrpc@v0.25.3;gen-typescript@v0.17.0;sequence-metadata@v0.4.0",
    });
    expect(init).toMatchObject({ method: "POST", redirect: "manual" });
  });
});

describe("answers are read as a Go server writes them", () => {
  const read = async (token: unknown, assets: unknown = null) => {
    const { sequence } = sequenceAnswering(() => json({ token, assets }));
    const got = await sequence.getToken({ collectionId: 1, tokenId: "7" });
    if (!got.ok) throw new Error(got.error.message);
    return got.value;
  };

  test("zero values that it leaves out, nulls, and fields of a newer schema", async () => {
    const newer = { tokenId: "7", source: "X", status: "AVAILABLE", queuedAt: null, somethingNew: [1] };
    expect(await read(newer)).toEqual({
      assets: [],
      token: {
        tokenId: "7",
        name: "",
        description: "",
        image: null,
        video: null,
        audio: null,
        animation_url: null,
        image_data: null,
        external_url: null,
        background_color: null,
        decimals: 0,
        properties: null,
        attributes: null,
        updatedAt: null,
      },
    });
  });

  test("token ids in any decimal form, ids in quotes, and `filename` rather than the package's `name`", async () => {
    expect((await read({ tokenId: "007" })).token.tokenId).toBe("7");
    expect((await read({ tokenId: 7 })).token.tokenId).toBe("7");
    const { assets } = await read({ tokenId: HUGE }, [
      { ...ASSET_ON_WIRE, id: "4418", tokenId: 6, filename: "image.png", name: "other", extra: 1 },
    ]);
    expect(assets).toEqual([
      {
        id: 4418,
        collectionId: 894,
        tokenId: "6",
        url: null,
        metadataField: "image",
        filename: "image.png",
        filesize: null,
        mimeType: null,
        width: null,
        height: null,
      },
    ]);
  });

  test.each([
    ["a list", []],
    ["no token", { assets: [] }],
    ["a token without id", { token: { name: "x" } }],
    ["an attribute that is text", { token: { tokenId: "1", attributes: ["x"] } }],
    ["an asset id that is no number", { token: { tokenId: "1" }, assets: [{ ...ASSET_ON_WIRE, id: "x" }] }],
    ["an error under status 200", { error: "NotFound", code: 3000, msg: "m", status: 400 }],
  ])("%s is no answer: the outcome is unknown", async (_, body) => {
    const { sequence } = sequenceAnswering(() => json(body));
    expect(await sequence.getToken({ collectionId: 1, tokenId: "7" })).toMatchObject({
      ok: false,
      error: { reason: "outcome_unknown", code: "sequence.bad_response", httpStatus: 200 },
    });
  });
});
