import { readFile } from "node:fs/promises";
import { imageSize } from "image-size";
import { describe, expect, it } from "vitest";
import { paddedPicture, picture } from "../../emulator/picture.ts";
import { type Player, play, secret, webrpc } from "./play.ts";

async function withAsset(options = {}): Promise<Player & { id: number; path: string }> {
  const player = await play(options);
  const id = await player.makeCollection({ private: false });
  const token = { tokenId: "6", name: "Six" };
  await player.rpc("CreateToken", { collectionId: id, token, private: false });
  await player.rpc("CreateAsset", { asset: { collectionId: id, tokenId: "6", metadataField: "image" } });
  return { ...player, id, path: `/projects/1/collections/${id}/tokens/6` };
}

describe("CreateAsset", () => {
  it("ignores everything but collection, token and field", async () => {
    const { rpc, makeCollection } = await play();
    const collectionId = await makeCollection();
    await rpc("CreateToken", { collectionId, token: { tokenId: "6", name: "Six" } });
    const asset = {
      id: 12_345,
      collectionId,
      tokenId: "6",
      metadataField: "image",
      url: "https://a.example",
    };
    const described = {
      ...asset,
      name: "n",
      filename: "f.png",
      filesize: 9,
      mimeType: "image/png",
      width: 1,
      height: 1,
    };
    const { json } = await rpc("CreateAsset", { asset: described });
    expect(json.asset).toEqual({
      id: 4400,
      collectionId,
      tokenId: "6",
      url: "",
      metadataField: "image",
      updatedAt: expect.any(String),
    });
  });

  it("needs collection, token and a known field", async () => {
    const { rpc, id } = await withAsset();
    const create = (asset: object) =>
      rpc("CreateAsset", { asset: { collectionId: id, tokenId: "6", metadataField: "image", ...asset } });
    expect(await create({ collectionId: 1 })).toMatchObject(webrpc("NotFound", 3000, 400));
    expect(await create({ tokenId: "7" })).toMatchObject(webrpc("NotFound", 3000, 400));
    expect(await create({ metadataField: "cover" })).toMatchObject(webrpc("InvalidArgument", 2001, 400));
    expect(await create({ metadataField: "" })).toMatchObject(webrpc("RequiredArgument", 2002, 400));
    for (const metadataField of ["video", "audio", "animation_url"]) {
      expect((await create({ metadataField })).status).toBe(200);
    }
  });

  it("makes a second row for the same field; the newest is uploaded to", async () => {
    const { rpc, put, id, path } = await withAsset();
    const again = { asset: { collectionId: id, tokenId: "6", metadataField: "image" } };
    expect((await rpc("CreateAsset", again)).json.asset?.id).toBe(4401);
    expect((await put(`${path}/upload/image`)).json.id).toBe(4401);
    const { json } = await rpc("GetToken", { collectionId: id, tokenId: "6" });
    expect(json.assets).toMatchObject([
      { id: 4400, url: "" },
      { id: 4401, filename: "image.png" },
    ]);
  });
});

describe("GetAsset, UpdateAsset, DeleteAsset", () => {
  it("read, rename, and delete as often as asked", async () => {
    const { rpc } = await withAsset();
    expect((await rpc("GetAsset", { assetId: 4400 })).json.asset?.url).toBe("");
    const renamed = await rpc("UpdateAsset", { asset: { id: 4400, filename: "cup.png", filesize: 7 } });
    expect(renamed.json.asset).toMatchObject({ id: 4400, filename: "cup.png" });
    expect(renamed.json.asset).not.toHaveProperty("filesize");
    for (let turn = 0; turn < 2; turn += 1) {
      expect((await rpc("DeleteAsset", { assetId: 4400 })).json).toEqual({ status: true });
    }
    expect(await rpc("GetAsset", { assetId: 4400 })).toMatchObject(webrpc("NotFound", 3000, 400));
    expect(await rpc("UpdateAsset", { asset: { id: 4400 } })).toMatchObject(webrpc("NotFound", 3000, 400));
  });
});

describe("upload", () => {
  it("answers 200 with a bare Asset, by asset id, by field, and by the form without a token", async () => {
    const { put, id, path } = await withAsset();
    const file = picture("a");
    const whole = {
      id: 4400,
      collectionId: id,
      tokenId: "6",
      url: `http://emulator.invalid${path}/image.png`,
      metadataField: "image",
      filename: "image.png",
      filesize: file.byteLength,
      mimeType: "image/png",
      width: 112,
      height: 112,
      updatedAt: expect.any(String),
    };
    for (const target of [
      `${path}/upload/4400`,
      `${path}/upload/image`,
      `/projects/1/collections/${id}/assets/4400/upload`,
    ]) {
      const answer = await put(target, file);
      expect(answer.status).toBe(200);
      expect(answer.json).toEqual(whole);
    }
  });

  it("replaces what was uploaded before", async () => {
    const { put, get, path } = await withAsset();
    await put(`${path}/upload/4400`, picture("a"));
    const jpeg = await readFile("test/fixtures/media/tiny.jpg");
    expect((await put(`${path}/upload/4400`, jpeg)).json).toMatchObject({
      filename: "image.jpg",
      filesize: jpeg.length,
    });
    expect((await get(`${path}/image.png`)).status).toBe(404);
    expect((await get(`${path}/image.jpg`)).headers.get("content-type")).toBe("image/jpeg");
  });

  it.each([
    ["png", "image/png"],
    ["jpg", "image/jpeg"],
    ["gif", "image/gif"],
    ["webp", "image/webp"],
    ["avif", "image/avif"],
    ["svg", "image/svg+xml"],
    ["mp4", "video/mp4"],
    ["webm", "video/webm"],
    ["mp3", "audio/mpeg"],
    ["wav", "audio/wav"],
    ["ogg", "audio/ogg"],
    ["glb", "model/gltf-binary"],
  ])("knows .%s by its bytes", async (extension, mimeType) => {
    const { put, path } = await withAsset();
    const file = await readFile(`test/fixtures/media/tiny.${extension}`);
    const { json } = await put(`${path}/upload/image`, file);
    expect(json).toMatchObject({ mimeType, filename: `image.${extension}`, filesize: file.length });
    const size = mimeType.startsWith("image/") ? imageSize(file) : null;
    expect([json.width, json.height]).toEqual([size?.width, size?.height]);
  });

  it.each(["empty.png", "page.png"])("takes no %s: 400 InvalidArgument", async (name) => {
    const { put, path } = await withAsset();
    const answer = await put(`${path}/upload/image`, await readFile(`test/fixtures/media/${name}`));
    expect(answer).toMatchObject(webrpc("InvalidArgument", 2001, 400));
  });

  it("takes no image whose size cannot be read", async () => {
    const { put, path } = await withAsset();
    const answer = await put(`${path}/upload/image`, picture("a").slice(0, 12));
    expect(answer).toMatchObject(webrpc("InvalidArgument", 2001, 400));
  });

  it("takes exactly one part, named file, in multipart/form-data", async () => {
    const { put, call, path } = await withAsset();
    expect(await put(`${path}/upload/4400`, picture("a"), "image")).toMatchObject(
      webrpc("InvalidArgument", 2001, 400),
    );
    const two = new FormData();
    for (const name of ["a", "b"]) two.append("file", new Blob([picture(name)]));
    const twice = await call("PUT", `${path}/upload/4400`, { headers: secret, body: two });
    expect(twice).toMatchObject(webrpc("InvalidArgument", 2001, 400));
    const raw = await call("PUT", `${path}/upload/4400`, { headers: secret, body: picture("a") });
    expect(raw).toMatchObject(webrpc("InvalidArgument", 2001, 400));
    const field = new FormData();
    field.append("file", "text");
    const plain = await call("PUT", `${path}/upload/4400`, { headers: secret, body: field });
    expect(plain).toMatchObject(webrpc("InvalidArgument", 2001, 400));
    const broken = { ...secret, "content-type": "multipart/form-data; boundary=x" };
    const cut = await call("PUT", `${path}/upload/4400`, { headers: broken, body: "--x\r\nnothing" });
    expect(cut).toMatchObject(webrpc("InvalidArgument", 2001, 400));
  });

  it("needs an asset that is there, under its own token: 400 NotFound", async () => {
    const { put, rpc, id, path } = await withAsset();
    await rpc("CreateToken", { collectionId: id, token: { tokenId: "8", name: "Eight" } });
    const wrong = [
      `${path}/upload/1`,
      `${path}/upload/video`,
      `/projects/1/collections/${id}/tokens/8/upload/4400`,
      `/projects/1/collections/1/assets/4400/upload`,
    ];
    for (const target of wrong) expect(await put(target)).toMatchObject(webrpc("NotFound", 3000, 400));
  });

  it("needs a secret key", async () => {
    const { put, path } = await withAsset();
    expect(await put(`${path}/upload/4400`, picture("a"), "file", {})).toMatchObject(
      webrpc("Unauthorized", 1000, 401),
    );
  });

  it.each([1, 40_000])("answers 413 in plain text above the cap, by %i bytes", async (over) => {
    const { put, path } = await withAsset({ switches: { uploadMaxBytes: 1_000 } });
    expect((await put(`${path}/upload/4400`, paddedPicture(1_000))).status).toBe(200);
    const answer = await put(`${path}/upload/4400`, paddedPicture(1_000 + over));
    expect(answer.status).toBe(413);
    expect(answer.headers.get("content-type")).toMatch(/^text\/plain/);
  });
});
