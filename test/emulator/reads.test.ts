import { describe, expect, it } from "vitest";
import { makeKey } from "../../emulator/keys.ts";
import { picture } from "../../emulator/picture.ts";
import { type Player, play, secret, webrpc } from "./play.ts";

async function withPublished(): Promise<Player & { id: number; base: string }> {
  const player = await play();
  const id = await player.makeCollection({
    metadata: { name: "Relics", external_link: "https://a.example" },
  });
  await player.makeToken(id, "1", { private: false });
  await player.makeToken(id, "2");
  await player.rpc("PublishCollection", { collectionId: id });
  return { ...player, id, base: `/projects/1/collections/${id}` };
}

describe("public reads", () => {
  it.each(["", ".json"])(
    "show a token with suffix %j: its asset's address in the field of its name",
    async (suffix) => {
      const { get, base } = await withPublished();
      const { status, json, headers } = await get(`${base}/tokens/1${suffix}`);
      expect(status).toBe(200);
      expect(headers.get("content-type")).toBe("application/json");
      expect(json).toMatchObject({
        tokenId: "1",
        name: "Relic 1",
        image: `http://emulator.invalid${base}/tokens/1/image.png`,
      });
      expect(json).not.toHaveProperty("private");
    },
  );

  it("prefer the asset to an image that an update set", async () => {
    const { get, rpc, id, base } = await withPublished();
    await rpc("UpdateToken", {
      collectionId: id,
      tokenId: "1",
      token: { tokenId: "1", name: "A", image: "https://x.example" },
    });
    expect((await get(`${base}/tokens/1`)).json.image).toBe(
      `http://emulator.invalid${base}/tokens/1/image.png`,
    );
    expect((await rpc("GetToken", { collectionId: id, tokenId: "1" })).json.token?.image).toBe(
      "https://x.example",
    );
  });

  it("keep the metadata's own image where nothing was uploaded", async () => {
    const { get, rpc, id, base } = await withPublished();
    const token = { tokenId: "3", name: "Three", image: "https://x.example" };
    await rpc("CreateToken", { collectionId: id, token, private: false });
    await rpc("CreateAsset", { asset: { collectionId: id, tokenId: "3", metadataField: "image" } });
    expect((await get(`${base}/tokens/3`)).json.image).toBe("https://x.example");
  });

  it.each(["image.png", "image"])("give the bytes at /%s", async (file) => {
    const { emulator, base } = await withPublished();
    const response = await emulator.fetch(new Request(`${emulator.url}${base}/tokens/1/${file}`));
    expect(response.headers.get("content-type")).toBe("image/png");
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(picture(`${base}/tokens/1/upload/4400`));
  });

  it.each(["image.jpg", "video", "image.png/x", "asset"])("give nothing at /%s", async (file) => {
    const { get, base } = await withPublished();
    expect((await get(`${base}/tokens/1/${file}`)).status).toBe(404);
  });

  it("answer HEAD without a body", async () => {
    const { call, base } = await withPublished();
    expect(await call("HEAD", `${base}/tokens/1`)).toMatchObject({ status: 200, text: "" });
  });

  it.each(["", ".json"])("show the collection with suffix %j, and its own picture", async (suffix) => {
    const { get, put, rpc, id, base } = await withPublished();
    expect((await get(`${base}${suffix}`)).json).toEqual({
      name: "Relics",
      description: "",
      external_link: "https://a.example",
    });
    const { json } = await rpc("CreateAsset", { asset: { collectionId: id, metadataField: "image" } });
    await put(`${base}/assets/${json.asset?.id}/upload`);
    expect((await get(`${base}${suffix}`)).json.image).toBe(`http://emulator.invalid${base}/image.png`);
    expect((await get(`${base}/image.png`)).status).toBe(200);
  });

  it("answer a private token, an unpublished collection and what is not there alike: 404 NotFound", async () => {
    const { get, rpc, id, base } = await withPublished();
    const hidden = [
      `${base}/tokens/2`,
      `${base}/tokens/2/image.png`,
      `${base}/tokens/9`,
      `${base}/tokens/x`,
      "/projects/1/collections/1.json",
      `/projects/2/collections/${id}`,
    ];
    for (const path of hidden) expect(await get(path)).toMatchObject(webrpc("NotFound", 3000, 404));
    await rpc("UnpublishCollection", { collectionId: id });
    for (const path of [base, `${base}/tokens/1`, `${base}/tokens/1/image.png`]) {
      expect(await get(path)).toMatchObject(webrpc("NotFound", 3000, 404));
    }
  });
});

describe("private rendering", () => {
  it("gives the bytes of a private token to the holder of the secret key", async () => {
    const { get, base } = await withPublished();
    const { status, headers } = await get(`${base}/tokens/2/asset/image`, secret);
    expect([status, headers.get("content-type")]).toEqual([200, "image/png"]);
  });

  it("refuses everyone else, and knows only fields that were uploaded", async () => {
    const { get, base } = await withPublished();
    expect(await get(`${base}/tokens/2/asset/image`)).toMatchObject(webrpc("Unauthorized", 1000, 401));
    const other = { authorization: `Bearer ${await makeKey({ project: 2 })}` };
    expect(await get(`${base}/tokens/2/asset/image`, other)).toMatchObject(
      webrpc("PermissionDenied", 1001, 403),
    );
    expect(await get(`${base}/tokens/2/asset/video`, secret)).toMatchObject(webrpc("NotFound", 3000, 404));
  });
});
