import { describe, expect, it } from "vitest";
import { picture } from "../../emulator/picture.ts";
import { defaultSwitches, type Switches } from "../../emulator/switches.ts";
import { json, type Player, play, webrpc } from "./play.ts";

async function withToken(switches: Partial<Switches>): Promise<Player & { id: number; base: string }> {
  const player = await play({ switches });
  const id = await player.makeCollection({ private: false });
  await player.rpc("CreateToken", {
    collectionId: id,
    token: { tokenId: "1", name: "One", description: "old" },
  });
  return { ...player, id, base: `/projects/1/collections/${id}` };
}

describe("over HTTP", () => {
  const patch = ({ call }: Player, body: string, headers: Record<string, string> = json) =>
    call("PATCH", "/_emulator/switches", { headers, body });

  it("are read and changed while it runs", async () => {
    const player = await play();
    expect((await player.get("/_emulator/switches")).json).toEqual(defaultSwitches);
    const changed = await patch(player, '{"createExisting":"upsert","pageMax":5}');
    expect(changed.json).toEqual({ ...defaultSwitches, createExisting: "overwrite", pageMax: 5 });
    expect(player.emulator.switches.get().pageMax).toBe(5);
  });

  it.each(['{"createexisting":"conflict"}', '{"pageMax":0}', '{"updateToken":"both"}', "no json"])(
    "refuse %s and change nothing",
    async (body) => {
      const player = await play();
      const { status, json: problem } = await patch(player, body);
      expect([status, typeof problem.error]).toEqual([400, "string"]);
      expect(player.emulator.switches.get()).toEqual(defaultSwitches);
    },
  );

  it("take only application/json, which no other site's page can send", async () => {
    const player = await play();
    expect((await patch(player, '{"pageMax":5}', { "content-type": "text/plain" })).status).toBe(400);
  });
});

describe("createExisting", () => {
  it.each([
    ["conflict", "RequestConflict", 1004, 409, "token already exists"],
    ["endpoint", "WebrpcEndpoint", 0, 400, "duplicate key"],
    ["query", "QueryFailed", 2003, 400, "duplicate key"],
  ] as const)("%s answers %s and leaves the token", async (createExisting, error, code, status, cause) => {
    const { rpc, id } = await withToken({ createExisting });
    const answer = await rpc("CreateToken", { collectionId: id, token: { tokenId: "01", name: "Other" } });
    expect(answer).toMatchObject(webrpc(error, code, status));
    expect(answer.json.cause).toContain(cause);
    expect((await rpc("GetToken", { collectionId: id, tokenId: "1" })).json.token?.name).toBe("One");
  });

  it("overwrite replaces the metadata, keeps the assets, and keeps a public token public", async () => {
    const { rpc, get, makeToken, id, base } = await withToken({ createExisting: "overwrite" });
    await makeToken(id, "2", { private: false });
    const { status, json: made } = await rpc("CreateToken", {
      collectionId: id,
      token: { tokenId: "2", name: "Other" },
    });
    expect([status, made.assets]).toEqual([200, null]);
    expect((await get(`${base}/tokens/2`)).json).toMatchObject({
      name: "Other",
      image: expect.stringContaining("image.png"),
    });
    const token = { tokenId: "2", name: "Third" };
    await rpc("CreateToken", { collectionId: id, token, private: true });
    expect((await get(`${base}/tokens/2`)).status).toBe(404);
  });
});

describe("other switches", () => {
  it("clientAssetId honour uses the id sent, and refuses it twice", async () => {
    const { rpc, id } = await withToken({ clientAssetId: "honour" });
    const asset = { id: 777, collectionId: id, tokenId: "1", metadataField: "image" };
    expect((await rpc("CreateAsset", { asset })).json.asset?.id).toBe(777);
    expect(await rpc("CreateAsset", { asset })).toMatchObject(webrpc("WebrpcEndpoint", 0, 400));
  });

  it("duplicateAsset conflict refuses a second asset of a field", async () => {
    const { rpc, id } = await withToken({ duplicateAsset: "conflict" });
    const asset = { collectionId: id, tokenId: "1", metadataField: "image" };
    expect((await rpc("CreateAsset", { asset })).status).toBe(200);
    expect(await rpc("CreateAsset", { asset })).toMatchObject(webrpc("RequestConflict", 1004, 409));
    expect((await rpc("CreateAsset", { asset: { ...asset, metadataField: "video" } })).status).toBe(200);
  });

  it("updateToken merge keeps what the request leaves out or empty", async () => {
    const { rpc, id } = await withToken({ updateToken: "merge" });
    const token = { tokenId: "1", name: "", attributes: [{ value: 1 }] };
    const { json: merged } = await rpc("UpdateToken", { collectionId: id, tokenId: "1", token });
    expect(merged.token).toMatchObject({ name: "One", description: "old", attributes: [{ value: 1 }] });
  });

  it("recursivePublish off leaves tokens private", async () => {
    const { rpc, get, id, base } = await withToken({ recursivePublish: false });
    await rpc("PublishCollection", { collectionId: id, recursive: true });
    expect((await get(`${base}/tokens/1`)).status).toBe(404);
  });

  it("uploadErrorBody decides how the upload handler fails", async () => {
    const { put, emulator, base } = await withToken({ uploadErrorBody: "text" });
    const text = await put(`${base}/tokens/1/upload/image`);
    expect(text).toMatchObject({ status: 400, text: "asset not found\n" });
    expect(text.headers.get("content-type")).toMatch(/^text\/plain/);
    emulator.switches.set({ uploadErrorBody: "html", uploadMaxBytes: 10 });
    const html = await put(`${base}/tokens/1/upload/image`, "short");
    expect(html).toMatchObject({ status: 502, text: expect.stringContaining("<h1>502 Bad Gateway</h1>") });
    expect((await put(`${base}/tokens/1/upload/image`)).text).toContain(
      "<h1>413 Request Entity Too Large</h1>",
    );
  });

  it("lenientUpload lets a numeric asset id win over the token in the path", async () => {
    const { put, rpc, id, base } = await withToken({ lenientUpload: true });
    const { json: made } = await rpc("CreateAsset", {
      asset: { collectionId: id, tokenId: "1", metadataField: "image" },
    });
    const { status, json: asset } = await put(`${base}/tokens/8/upload/${made.asset?.id}`, picture("a"));
    expect([status, asset.tokenId]).toEqual([200, "1"]);
  });

  it("publicDelayMs holds back what has become public, counting from each flag", async () => {
    let nowMs = 1_800_000_000_000;
    const player = await play({ now: () => nowMs, switches: { publicDelayMs: 1_000 } });
    const id = await player.makeCollection();
    await player.makeToken(id, "1", { private: false });
    nowMs += 5_000;
    await player.rpc("PublishCollection", { collectionId: id });
    const statusAfter = async (ms: number) => {
      nowMs += ms;
      return (await player.get(`/projects/1/collections/${id}/tokens/1`)).status;
    };
    expect([await statusAfter(999), await statusAfter(1)]).toEqual([404, 200]);
    await player.rpc("PublishCollection", { collectionId: id });
    expect(await statusAfter(0)).toBe(200);
  });

  it("pageMax caps the size of a page", async () => {
    const { rpc, id } = await withToken({ pageMax: 1 });
    await rpc("CreateToken", { collectionId: id, token: { tokenId: "2", name: "Two" } });
    const { json: list } = await rpc("ListTokens", { collectionId: id, page: { pageSize: 10_000 } });
    expect(list).toMatchObject({ page: { pageSize: 1, more: true }, tokens: [{ tokenId: "1" }] });
  });

  it("bodyLimit refuses larger RPC bodies: 400 WebrpcBadRequest", async () => {
    const { rpc } = await withToken({ bodyLimit: 200 });
    const answer = await rpc("CreateCollection", { collection: { metadata: { name: "x".repeat(200) } } });
    expect(answer).toMatchObject(webrpc("WebrpcBadRequest", -4, 400));
  });

  it("v2Fields off gives tokens the shape of 2024", async () => {
    const { rpc, id } = await withToken({ v2Fields: false });
    const { json: shown } = await rpc("GetToken", { collectionId: id, tokenId: "1" });
    for (const key of ["source", "status", "queuedAt"]) expect(shown.token).not.toHaveProperty(key);
  });
});
