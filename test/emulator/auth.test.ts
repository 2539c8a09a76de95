import { describe, expect, it } from "vitest";
import { defaultPublicKey, defaultWriteKey, makeKey, publicKeyOf } from "../../emulator/keys.ts";
import { json, play, webrpc } from "./play.ts";

const nowSeconds = 1_800_000_000;
const bearer = (key: string) => ({ authorization: `Bearer ${key}` });
const list = "ListCollections";

describe("the secret key", () => {
  it("is taken as Bearer in any case", async () => {
    const { rpc } = await play();
    for (const scheme of ["Bearer", "BEARER", "bearer"]) {
      expect((await rpc(list, {}, { authorization: `${scheme} ${defaultWriteKey}` })).status).toBe(200);
    }
  });

  it("missing: 401 Unauthorized", async () => {
    const { rpc } = await play();
    expect(await rpc(list, {}, {})).toMatchObject(webrpc("Unauthorized", 1000, 401));
  });

  it("signed by another secret, or no JWT at all: 401 Unauthorized, token is unauthorized", async () => {
    const { rpc } = await play();
    for (const key of [await makeKey({ project: 1, secret: "another" }), "no.jwt.this", "plain"]) {
      const answer = await rpc(list, {}, bearer(key));
      expect(answer).toMatchObject(webrpc("Unauthorized", 1000, 401));
      expect(answer.json.cause).toBe("token is unauthorized");
    }
  });

  it("of algorithm none: 401 Unauthorized", async () => {
    const { rpc } = await play();
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const unsigned = `${part({ alg: "none" })}.${part({ account: "0x1", project: 1 })}.`;
    expect(await rpc(list, {}, bearer(unsigned))).toMatchObject(webrpc("Unauthorized", 1000, 401));
  });

  it("expired: 403 SessionExpired, two minutes of skew forgiven", async () => {
    let seconds = nowSeconds;
    const { rpc } = await play({ now: () => seconds * 1000 });
    const key = bearer(await makeKey({ project: 1, exp: nowSeconds - 119 }));
    expect((await rpc(list, {}, key)).status).toBe(200);
    seconds += 1;
    expect(await rpc(list, {}, key)).toMatchObject(webrpc("SessionExpired", 1002, 403));
    const longGone = bearer(await makeKey({ project: 1, exp: nowSeconds - 9_999 }));
    expect(await rpc(list, {}, longGone)).toMatchObject(webrpc("SessionExpired", 1002, 403));
  });

  it("with read access: reads, but 403 UnauthorizedUser on writes and uploads", async () => {
    const { rpc, put, makeCollection, makeToken, get } = await play();
    const id = await makeCollection();
    const asset = await makeToken(id, "1");
    const key = bearer(await makeKey({ project: 1, access: "read" }));
    expect((await rpc("GetToken", { collectionId: id, tokenId: "1" }, key)).status).toBe(200);
    expect((await get(`/projects/1/collections/${id}/tokens/1/asset/image`, key)).status).toBe(200);
    for (const method of [
      "CreateToken",
      "UpdateToken",
      "PublishCollection",
      "DeleteCollection",
      "CreateAsset",
    ]) {
      const answer = await rpc(method, {}, key);
      expect(answer).toMatchObject(webrpc("UnauthorizedUser", 1105, 403));
      expect(answer.json.cause).toBe("not enough permissions");
    }
    const upload = await put(`/projects/1/collections/${id}/assets/${asset}/upload`, undefined, "file", key);
    expect(upload).toMatchObject(webrpc("UnauthorizedUser", 1105, 403));
  });

  it("of another project than the body, the collection or the path", async () => {
    const { rpc, put, makeCollection } = await play();
    const id = await makeCollection();
    expect(await rpc(list, { projectId: 2 })).toMatchObject(webrpc("PermissionDenied", 1001, 403));
    const other = bearer(await makeKey({ project: 2 }));
    expect(await rpc("GetCollection", { collectionId: id }, other)).toMatchObject(
      webrpc("NotFound", 3000, 400),
    );
    const path = `/projects/1/collections/${id}/assets/1/upload`;
    expect(await put(path, undefined, "file", other)).toMatchObject(webrpc("PermissionDenied", 1001, 403));
  });

  it("with an Origin: 403 SecretKeyCorsDisallowed", async () => {
    const { rpc } = await play();
    const answer = await rpc(list, {}, { ...bearer(defaultWriteKey), origin: "https://game.example" });
    expect(answer).toMatchObject(webrpc("SecretKeyCorsDisallowed", 1009, 403));
  });

  it("with the public key of its own project is fine; of another, 403 AccessKeyMismatch", async () => {
    const { rpc } = await play();
    const key = bearer(defaultWriteKey);
    expect((await rpc(list, {}, { ...key, "x-access-key": defaultPublicKey })).status).toBe(200);
    const mismatch = await rpc(list, {}, { ...key, "x-access-key": publicKeyOf(2) });
    expect(mismatch).toMatchObject(webrpc("AccessKeyMismatch", 1102, 403));
  });

  it("replaced by a public key: 403 PermissionDenied", async () => {
    const { rpc } = await play();
    const answer = await rpc(list, {}, { "x-access-key": defaultPublicKey });
    expect(answer).toMatchObject(webrpc("PermissionDenied", 1001, 403));
  });

  it("signed with the secret that the emulator was given", async () => {
    const { rpc } = await play({ secret: "of this run" });
    const key = await makeKey({ project: 7, secret: "of this run" });
    const made = await rpc("CreateCollection", { collection: { metadata: { name: "A" } } }, bearer(key));
    expect(made.json.collection?.projectId).toBe(7);
    expect((await rpc(list, {}, bearer(defaultWriteKey))).status).toBe(401);
  });

  it("is the same on every start", async () => {
    expect(await makeKey({ project: 1 })).toBe(defaultWriteKey);
  });
});

describe("the public access key", () => {
  const metadata = async (headers: Record<string, string>, method = "GetTokenMetadata") => {
    const { call } = await play();
    const body = JSON.stringify({ chainID: "137", contractAddress: "0xab", tokenIDs: ["1"] });
    return call("POST", `/rpc/Metadata/${method}`, { headers: { ...json, ...headers }, body });
  };

  it("is needed for metadata of tokens: 401 without, or with an unknown one", async () => {
    expect(await metadata({})).toMatchObject(webrpc("Unauthorized", 1000, 401));
    expect(await metadata({ "x-access-key": "stranger" })).toMatchObject(
      webrpc("AccessKeyNotFound", 1101, 401),
    );
    expect(await metadata({ "x-access-key": defaultPublicKey })).toMatchObject(webrpc("NotFound", 3000, 400));
  });

  it.each(["Ping", "Version", "RuntimeStatus"])("is not needed for %s", async (method) => {
    expect((await metadata({}, method)).status).toBe(200);
  });
});
