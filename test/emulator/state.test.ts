import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { picture } from "../../emulator/picture.ts";
import { play } from "./play.ts";

describe("/_emulator/state", () => {
  it("tells what is kept, with flags and hashes that no answer of the service holds, whatever fault is on", async () => {
    const { emulator, get, rpc, makeCollection, makeToken } = await play();
    const collectionId = await makeCollection();
    const other = await makeCollection({ private: false });
    const assetId = await makeToken(collectionId, "7", { private: false });
    await rpc("CreateToken", { collectionId, token: { tokenId: "8", name: "Bare", decimals: 2 } });
    await rpc("CreateAsset", { asset: { collectionId, tokenId: "8", metadataField: "video" } });
    emulator.faults.add({ where: { method: "Any" }, what: { kind: "outage" } });

    const { json: state } = await get("/_emulator/state");
    const bytes = picture(`/projects/1/collections/${collectionId}/tokens/7/upload/${assetId}`);
    expect(state).toMatchObject({
      collections: [
        { id: collectionId, projectId: 1, isPrivate: true },
        { id: other, projectId: 1, isPrivate: false },
      ],
      tokens: [
        { collectionId, tokenId: "7", isPrivate: false, metadata: { name: "Relic 7" } },
        { collectionId, tokenId: "8", isPrivate: true, metadata: { name: "Bare", decimals: 2 } },
      ],
      assets: [
        {
          id: assetId,
          tokenId: "7",
          field: "image",
          bytes: bytes.byteLength,
          contentType: "image/png",
          sha256: createHash("sha256").update(bytes).digest("hex"),
        },
        { id: assetId + 1, tokenId: "8", field: "video", bytes: 0, sha256: null },
      ],
    });
  });

  it("is asked for one collection, and refuses what it does not know", async () => {
    const { get, makeCollection, makeToken } = await play();
    const [first, second] = [await makeCollection(), await makeCollection()];
    await makeToken(first, "1");
    await makeToken(second, "1");
    const { json: state } = await get(`/_emulator/state?collectionId=${second}`);
    expect(state).toMatchObject({
      collections: [{ id: second }],
      tokens: [{ collectionId: second }],
      assets: [{ collectionId: second }],
    });
    expect((await get("/_emulator/state?collection=1")).status).toBe(400);
  });
});
