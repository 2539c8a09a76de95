import { describe, expect, it } from "vitest";
import { json, play, secret, webrpc } from "./play.ts";

describe("webrpc", () => {
  it("answers errors as {error, code, msg, cause, status} with msg, never message", async () => {
    const { rpc } = await play();
    const { text, headers } = await rpc("GetToken", { collectionId: 1, tokenId: "1" });
    expect(text).toBe(
      '{"error":"NotFound","code":3000,"msg":"Resource not found","cause":"collection not found","status":400}',
    );
    expect(headers.get("content-type")).toBe("application/json");
  });

  it("answers NotFound with HTTP 400", async () => {
    const { rpc } = await play();
    expect(await rpc("GetCollection", { collectionId: 1 })).toMatchObject(webrpc("NotFound", 3000, 400));
  });

  it("sends the Webrpc header on success and on errors", async () => {
    const { rpc } = await play();
    for (const method of ["ListCollections", "GetCollection"]) {
      expect((await rpc(method, {})).headers.get("webrpc")).toContain("sequence-metadata@v0.4.0");
    }
  });

  it.each(["/rpc/Collections/Nothing", "/rpc/Nothing/Ping", "/rpc/Collections", "/rpc/Collections/toString"])(
    "knows no route %s: 404 WebrpcBadRoute",
    async (path) => {
      const { call } = await play();
      const answer = await call("POST", path, { headers: { ...secret, ...json }, body: "{}" });
      expect(answer).toMatchObject(webrpc("WebrpcBadRoute", -2, 404));
      expect(answer.json.cause).toBe(`no webrpc method defined for path ${path}`);
    },
  );

  it("allows only POST: 405 WebrpcBadMethod with Allow", async () => {
    const { get } = await play();
    const answer = await get("/rpc/Collections/ListCollections", secret);
    expect(answer).toMatchObject(webrpc("WebrpcBadMethod", -3, 405));
    expect(answer.headers.get("allow")).toBe("POST");
    expect(answer.json.cause).toBe("unsupported HTTP method GET (only POST is allowed)");
  });

  it.each(["text/plain", "application/x-www-form-urlencoded"])(
    "takes no %s: 400 WebrpcBadRequest",
    async (type) => {
      const { rpc } = await play();
      const answer = await rpc("ListCollections", {}, { ...secret, "content-type": type });
      expect(answer).toMatchObject(webrpc("WebrpcBadRequest", -4, 400));
      expect(answer.json.cause).toBe(`unsupported Content-Type "${type}" (only application/json is allowed)`);
    },
  );

  it("takes application/json with a charset", async () => {
    const { rpc } = await play();
    const headers = { ...secret, "content-type": "Application/JSON; charset=utf-8" };
    expect((await rpc("ListCollections", {}, headers)).status).toBe(200);
  });
});

describe("bodies are read as Go reads them", () => {
  it.each(["", "{", "{} x", "[]", '"text"', "\ufeff{}"])("refuses %j: 400 WebrpcBadRequest", async (body) => {
    const { rpc } = await play();
    const answer = await rpc("ListCollections", body);
    expect(answer).toMatchObject(webrpc("WebrpcBadRequest", -4, 400));
    expect(answer.json.cause).toMatch(/^failed to unmarshal request data: /);
  });

  it("matches keys without regard to case, as shipped demos rely on", async () => {
    const { rpc, makeCollection } = await play();
    const collectionID = await makeCollection();
    const made = await rpc("CreateToken", { projectID: 1, collectionID, token: { TokenID: "1", Name: "A" } });
    expect(made.json.token).toMatchObject({ tokenId: "1", name: "A" });
  });

  it("ignores unknown fields and takes null for absent", async () => {
    const { rpc } = await play();
    const collection = { metadata: { name: "A", nonsense: 1, attributes: null }, image: "", decimals: 0 };
    expect((await rpc("CreateCollection", { projectId: null, collection, more: true })).status).toBe(200);
  });

  it.each([
    [
      "a number for a name",
      { tokenId: "1", name: 5 },
      "number 5 into Go struct field createTokenRequest.token.name of type string",
    ],
    [
      "a number for a token id",
      { tokenId: 1, name: "A" },
      "number 1 into Go struct field createTokenRequest.token.tokenId of type string",
    ],
    [
      "a text among attributes",
      { tokenId: "1", name: "A", attributes: ["red"] },
      "string into Go struct field createTokenRequest.token.attributes of type map",
    ],
    [
      "attributes that are no list",
      { tokenId: "1", name: "A", attributes: {} },
      "object into Go struct field createTokenRequest.token.attributes of type []",
    ],
    [
      "properties that are a list",
      { tokenId: "1", name: "A", properties: [] },
      "array into Go struct field createTokenRequest.token.properties of type map",
    ],
    [
      "negative decimals",
      { tokenId: "1", name: "A", decimals: -1 },
      "number -1 into Go struct field createTokenRequest.token.decimals of type uint64",
    ],
    ["fractional decimals", { tokenId: "1", name: "A", decimals: 1.5 }, "number 1.5"],
    ["decimals as text", { tokenId: "1", name: "A", decimals: "0" }, "string into"],
  ])("refuses %s: 400 WebrpcBadRequest", async (_what, token, cause) => {
    const { rpc, makeCollection } = await play();
    const answer = await rpc("CreateToken", { collectionId: await makeCollection(), token });
    expect(answer).toMatchObject(webrpc("WebrpcBadRequest", -4, 400));
    expect(answer.json.cause).toContain(cause);
  });

  it("refuses a text for a flag and a number too large for a page", async () => {
    const { rpc } = await play();
    const wrong = [
      ["CreateCollection", { collection: { metadata: { name: "A" }, private: "yes" } }],
      ["ListCollections", { page: { pageSize: 2 ** 32 } }],
      ["GetCollection", { collectionId: "900" }],
    ] as const;
    for (const [method, body] of wrong) {
      expect(await rpc(method, body)).toMatchObject(webrpc("WebrpcBadRequest", -4, 400));
    }
  });

  it("keeps every digit of a bare number as an asset's token id, and writes it as text", async () => {
    const { rpc, makeCollection } = await play();
    const collectionId = await makeCollection();
    const tokenId = "115792089237316195423570985008687907853269984665640564039457584007913129639935";
    await rpc("CreateToken", { collectionId, token: { tokenId, name: "Last" } });
    const body = `{"asset":{"collectionId":${collectionId},"tokenId":${tokenId},"metadataField":"image"}}`;
    expect((await rpc("CreateAsset", body)).json.asset?.tokenId).toBe(tokenId);
  });

  it.each(["0x10", "1 ", "1.5", ""])(
    "cannot read %j as an asset's token id: 400 WebrpcBadRequest",
    async (tokenId) => {
      const { rpc, makeCollection } = await play();
      const asset = { collectionId: await makeCollection(), tokenId, metadataField: "image" };
      expect(await rpc("CreateAsset", { asset })).toMatchObject(webrpc("WebrpcBadRequest", -4, 400));
    },
  );

  it("sorts the keys of maps and drops externalLink, but keeps external_link", async () => {
    const { rpc } = await play();
    const metadata = {
      name: "A",
      externalLink: "x",
      external_link: "https://a.example",
      properties: { b: { d: 1, c: 2 }, a: 0 },
    };
    const { text } = await rpc("CreateCollection", { collection: { metadata } });
    expect(text).toContain(
      '"metadata":{"name":"A","description":"","external_link":"https://a.example","properties":{"a":0,"b":{"c":2,"d":1}}}',
    );
  });
});
