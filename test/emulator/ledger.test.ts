import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it, onTestFinished } from "vitest";
import { picture } from "../../emulator/picture.ts";
import { startEmulator } from "../../emulator/server.ts";
import { play, player, secret } from "./play.ts";

describe("the ledger", () => {
  it("holds every call as received, with what it was about", async () => {
    let nowMs = 1_800_000_000_000;
    const { emulator, makeCollection, makeToken, get, rpc } = await play({ now: () => nowMs++ });
    const id = await makeCollection();
    await makeToken(id, "007");
    await get(`/projects/1/collections/${id}/tokens/7/image.png`);
    await get(`/projects/1/collections/${id}/tokens/7/asset/image`, secret);
    await get("/media/generated/1.png");
    await rpc("GetToken", { collectionID: id, TokenID: "0008" });
    const { items } = emulator.ledger.list();
    const collectionId = id;
    const assetId = 4400;
    expect(
      items.map(({ id: _id, at: _at, ms: _ms, path: _path, bytes: _bytes, ...rest }) => rest),
    ).toMatchObject([
      {
        surface: "collections",
        method: "CreateCollection",
        projectId: 1,
        collectionId,
        tokenId: null,
        status: 200,
      },
      { method: "CreateToken", collectionId, tokenId: "7", status: 200, error: null, fault: null },
      { method: "CreateAsset", collectionId, tokenId: "7", assetId, field: "image" },
      {
        surface: "upload",
        method: "UploadAsset",
        projectId: 1,
        collectionId,
        tokenId: "7",
        assetId,
        field: "image",
      },
      {
        surface: "publicRead",
        method: "PublicRead",
        tokenId: "7",
        field: "image.png",
        status: 404,
        error: "NotFound",
      },
      { surface: "privateRead", method: "PrivateRead", tokenId: "7", field: "image", status: 200 },
      { surface: "media", method: "Media", projectId: null, tokenId: null, status: 200 },
      { method: "GetToken", collectionId, tokenId: "8", status: 400, error: "NotFound" },
    ]);
    expect(items.map((entry) => entry.id)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(items[6]).toMatchObject({ path: "/media/generated/1.png", bytes: picture("1.png").byteLength });
    expect(items.every((entry, at) => entry.ms >= 1 && entry.at > (items[at - 1]?.at ?? 0))).toBe(true);
  });

  it("is filtered and paged over HTTP", async () => {
    const { get, makeCollection, makeToken } = await play();
    const id = await makeCollection();
    for (const tokenId of ["1", "2", "3"]) await makeToken(id, tokenId);
    const ask = async (query: string) => (await get(`/_emulator/ledger?${query}`)).json;
    expect((await ask("method=UploadAsset")).items).toHaveLength(3);
    expect((await ask(`tokenId=2&collectionId=${id}`)).items).toHaveLength(3);
    const first = await ask("limit=4");
    expect(first).toMatchObject({ items: [{ id: 1 }, { id: 2 }, { id: 3 }, { id: 4 }], next: 4 });
    expect((await ask(`after=${first.next}&surface=upload&status=200`)).items).toHaveLength(2 + 0);
    expect((await get("/_emulator/ledger?limit=none")).status).toBe(400);
    expect((await get("/_emulator/ledger?methd=A")).status).toBe(400);
  });

  it("shows a call under way with status null, and lets no page pass it", async () => {
    const { emulator, rpc } = await play({
      faults: [{ where: { method: "ListTokens" }, what: { kind: "latency", ms: 400 } }],
    });
    const slow = rpc("ListTokens", { collectionId: 1 });
    await expect
      .poll(() => emulator.ledger.list().items, { interval: 5 })
      .toMatchObject([{ method: "ListTokens", status: null }]);
    await rpc("ListCollections", {});
    expect(emulator.ledger.list()).toMatchObject({ items: [{ status: null }, { status: 200 }], next: 0 });
    await slow;
    expect(emulator.ledger.list()).toMatchObject({ items: [{ status: 400 }, { status: 200 }], next: 2 });
  });

  it("names the fault that struck, and what the service had answered", async () => {
    const { emulator, rpc, makeCollection } = await play();
    const collectionId = await makeCollection();
    emulator.faults.add(
      { what: { kind: "closeAfter" }, times: 1 },
      { what: { kind: "closeBefore" }, times: 1 },
    );
    const token = { tokenId: "1", name: "A" };
    for (let turn = 0; turn < 2; turn += 1)
      await rpc("CreateToken", { collectionId, token }).catch(() => null);
    expect(emulator.ledger.list({ method: "CreateToken" }).items).toMatchObject([
      { status: 200, fault: "closeAfter" },
      { status: 0, fault: "closeBefore" },
    ]);
  });

  it("tells which calls were carried out, in which order, and what became of the token and the file", async () => {
    const { emulator, rpc, makeCollection, makeToken } = await play();
    const collectionId = await makeCollection();
    const token = { tokenId: "1", name: "A" };
    emulator.faults.add({ id: "slow", where: { tokenId: "1" }, what: { kind: "latency", ms: 100 } });
    const slow = rpc("CreateToken", { collectionId, token });
    await makeToken(collectionId, "2", { private: false });
    await slow;
    emulator.faults.add({ where: { tokenId: "1" }, what: { kind: "closeBefore" }, times: 1 });
    await rpc("UpdateToken", { collectionId, tokenId: "1", private: false }).catch(() => null);
    emulator.faults.add({ where: { tokenId: "1" }, what: { kind: "closeAfter" }, times: 1 });
    await rpc("UpdateToken", { collectionId, tokenId: "1", private: false }).catch(() => null);
    await rpc("GetToken", { collectionId, tokenId: "3" });
    const { items } = emulator.ledger.list();
    const sha256 = createHash("sha256")
      .update(picture(`/projects/1/collections/${collectionId}/tokens/2/upload/4400`))
      .digest("hex");
    expect(items.map(({ method, acted, isPrivate, sha256: of }) => [method, acted, isPrivate, of])).toEqual([
      ["CreateCollection", 1, null, null],
      ["CreateToken", 5, true, null],
      ["CreateToken", 2, false, null],
      ["CreateAsset", 3, null, null],
      ["UploadAsset", 4, null, sha256],
      ["UpdateToken", null, null, null],
      ["UpdateToken", 6, false, null],
      ["GetToken", 7, null, null],
    ]);
  });

  it("takes over the state of a version that did not know this yet, and counts on", async () => {
    const dir = await mkdtemp(join(tmpdir(), "emulator-ledger-"));
    onTestFinished(() => rm(dir, { recursive: true, force: true }));
    const first = await startEmulator({ port: null, dir });
    await player(first).rpc("ListCollections", {});
    await first.close();
    const database = new DatabaseSync(join(dir, "emulator.sqlite"));
    for (const column of ["acted", "is_private", "sha256"]) {
      database.exec(`ALTER TABLE ledger DROP COLUMN ${column}`);
    }
    database.close();
    const { emulator, rpc } = await play({ dir });
    await rpc("ListCollections", {});
    await rpc("ListCollections", {});
    expect(emulator.ledger.list().items.map(({ id, acted }) => [id, acted])).toEqual([
      [1, null],
      [2, 1],
      [3, 2],
    ]);
  });

  it("is cleared on request, without forgetting how far it had counted", async () => {
    const { call, rpc, emulator } = await play();
    await rpc("ListCollections", {});
    expect((await call("DELETE", "/_emulator/ledger")).json).toEqual({ cleared: true });
    await rpc("ListCollections", {});
    expect(emulator.ledger.list().items).toMatchObject([{ id: 2 }]);
  });
});

describe("its summary", () => {
  it("counts by method and status, and finds what was done twice", async () => {
    const { get, rpc, makeCollection, makeToken } = await play({ switches: { createExisting: "overwrite" } });
    const collectionId = await makeCollection();
    await makeToken(collectionId, "1");
    await makeToken(collectionId, "1");
    await makeToken(collectionId, "2");
    await rpc("CreateToken", { collectionId, token: { tokenId: "x", name: "A" } });
    const { json: summary } = await get("/_emulator/ledger/summary");
    expect(summary).toMatchObject({
      calls: 11,
      byMethod: { CreateCollection: 1, CreateToken: 4, CreateAsset: 3, UploadAsset: 3 },
      byMethodAndStatus: { CreateToken: { 200: 3, 400: 1 } },
      duplicates: { tokens: 1, assets: 1, assetCreates: 1 },
    });
  });

  it("finds no duplicate where a repeat was refused", async () => {
    const { emulator, rpc, makeCollection } = await play();
    const collectionId = await makeCollection();
    const token = { tokenId: "1", name: "A" };
    for (let turn = 0; turn < 3; turn += 1) await rpc("CreateToken", { collectionId, token });
    expect(emulator.ledger.summary().duplicates).toEqual({ tokens: 0, assets: 0, assetCreates: 0 });
  });

  it("knows the busiest second, sliding, by what carries the key and by media", async () => {
    let nowMs = 0;
    const { emulator, rpc, get } = await play({ now: () => nowMs });
    for (nowMs of [800, 900, 1_000, 1_700, 1_799, 1_800]) await rpc("ListCollections", {});
    await get("/media/generated/a.png");
    expect(emulator.ledger.summary().busiestSecond).toEqual({ all: 6, sequence: 5, media: 1 });
  });
});
