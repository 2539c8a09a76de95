/** Verify reads back what a batch left and names every drift; what nobody touched is not named. */
import { describe, expect, test } from "vitest";
import { api, ask, ear, emulator, followUp, staged } from "../../support/follow-ups.ts";
import { violationsIn } from "../../support/invariants.ts";
import { db } from "../../support/pipeline.ts";

const PROJECT = 1;

async function published(rows: number) {
  const collectionId = await emulator.makeCollection(true);
  const id = await staged(rows, { collectionId, publish: true });
  const calls = ear(collectionId);
  await calls();
  return { collectionId, id, calls };
}

const driftsOf = async (id: unknown, query = "") => (await api.ask(`/v1/batches/${id}/drifts${query}`)).body;

/** `tokenId field`, in the order of the file. */
const named = async (id: unknown): Promise<string[]> =>
  (await driftsOf(id)).items.map(({ tokenId, field }) => `${tokenId} ${field}`);

const assetIdOf = async (collectionId: number, tokenId: string): Promise<number> =>
  (await emulator.getToken(collectionId, tokenId)).assets?.[0]?.id ?? 0;

describe("verify", () => {
  test("finds nothing where nobody touched anything, and writes nothing", async () => {
    const { id, calls } = await published(2);
    const verify = await followUp("verify", id);
    expect(verify).toMatchObject({
      kind: "verify",
      sourceId: id,
      state: "finished",
      jobs: { completed: 2 },
      outcomes: { unchanged: 2 },
      drifts: 0,
    });
    expect((await calls()).filter((method) => !["GetToken", "PrivateRead"].includes(method))).toEqual([]);
    expect(await driftsOf(id)).toEqual({ items: [], nextCursor: null });
    expect((await api.ask(`/v1/batches/${id}`)).body.followUps).toMatchObject({ verify: verify.id });
    expect(await violationsIn(db, { batchIds: [id, String(verify.id)] })).toEqual([]);
  });

  test("names each thing that was tampered with, and no untouched token", async () => {
    const { collectionId, id } = await published(6);
    const key = (tokenId: string) => ({ collectionId, tokenId });
    const token = (await emulator.getToken(collectionId, "1")).token ?? {};
    await emulator.rpc("UpdateToken", { ...key("1"), token: { ...token, name: "Renamed" }, private: false });
    const other = new Uint8Array(Buffer.from("R0lGODlhAQABAAAAACwAAAAAAQABAAACAkQBADs=", "base64"));
    await emulator.uploadByHand({ project: PROJECT, ...key("2") }, await assetIdOf(collectionId, "2"), other);
    await emulator.rpc("UpdateToken", { ...key("3"), private: true });
    await emulator.rpc("DeleteToken", key("4"));
    await emulator.rpc("DeleteAsset", { assetId: await assetIdOf(collectionId, "5") });

    const verify = await followUp("verify", id);
    expect(verify).toMatchObject({ state: "finished", jobs: { completed: 6, dead: 0 } });
    const found = await named(verify.id);
    expect(found).toContain("1 name");
    expect(found.filter((one) => one.startsWith("2 "))).toContain("2 image.bytes");
    expect(found).toContain("3 public");
    expect(found.filter((one) => one.startsWith("4 "))).toEqual(["4 token"]);
    expect(found.filter((one) => one.startsWith("5 "))).toEqual(["5 image"]);
    expect(found.filter((one) => /^[ 6]/.test(one))).toEqual([]);
    expect(verify.drifts).toBe(found.length);

    const { items } = await driftsOf(id);
    expect(items[0]).toMatchObject({
      jobId: `${verify.id}:2`,
      line: 2,
      field: "name",
      expected: "Relic 1",
      got: "Renamed",
      next: expect.stringContaining("--force"),
    });
    const first = await driftsOf(id, "?limit=2");
    const rest = await driftsOf(id, `?limit=500&cursor=${first.nextCursor}`);
    expect([...first.items, ...rest.items]).toEqual(items);
  });

  test("reads bytes of the same length and type, privately too", async () => {
    const collectionId = await emulator.makeCollection(true);
    const id = await staged(2, { collectionId });
    const url = (await emulator.getToken(collectionId, "2")).assets?.[0]?.url ?? "";
    expect((await emulator.seePublic(url)).status).not.toBe(200);
    const bytes = await privateBytes(collectionId, "2");
    bytes[bytes.length - 1] = 0x21;
    await emulator.uploadByHand(
      { project: PROJECT, collectionId, tokenId: "2" },
      await assetIdOf(collectionId, "2"),
      bytes,
    );
    const verify = await followUp("verify", id);
    expect(await named(verify.id)).toEqual(["2 image.bytes"]);
  });

  test("says once that the collection is not published any more", async () => {
    const { collectionId, id } = await published(2);
    await emulator.rpc("UnpublishCollection", { collectionId });
    const verify = await followUp("verify", id);
    expect(await driftsOf(verify.id)).toMatchObject({
      items: [{ jobId: null, line: 0, tokenId: "", field: "collection", expected: "published" }],
    });
    expect(verify).toMatchObject({ drifts: 1, state: "finished" });
  });

  test("expects what publish and unpublish have left since", async () => {
    const collectionId = await emulator.makeCollection(true);
    const id = await staged(1, { collectionId });
    await followUp("publish", id);
    expect(await followUp("verify", id)).toMatchObject({ drifts: 0 });
    await followUp("unpublish", id);
    const verify = await followUp("verify", id);
    expect(verify).toMatchObject({ drifts: 0 });
    const token = (await emulator.getToken(collectionId, "1")).token ?? {};
    await emulator.rpc("UpdateToken", { collectionId, tokenId: "1", token, private: false });
    expect(await named((await followUp("verify", id)).id)).toEqual(["1 public"]);
  });

  test("leaves out a token that a later batch has changed, and says so", async () => {
    const { collectionId, id } = await published(2);
    await staged(1, { collectionId, publish: true, name: () => "Newer" });
    expect(await followUp("verify", id)).toMatchObject({ drifts: 0, warnings: 1, jobs: { completed: 2 } });
  });

  test("is one while it runs, and nothing of a batch that was never verified", async () => {
    const { id } = await published(1);
    expect(await api.ask(`/v1/batches/${id}/drifts`)).toMatchObject({
      status: 404,
      body: { code: "batch.not_verified" },
    });
    const [one, two] = await Promise.all([ask("verify", id), ask("verify", id)]);
    expect(one.body.id).toBe(two.body.id);
    // A verify only reads, so nothing need wait for it.
    expect((await ask("unpublish", id)).status).toBe(202);
  });
});

async function privateBytes(collectionId: number, tokenId: string): Promise<Uint8Array> {
  const read = await api.fetch(`/v1/collections/${collectionId}/tokens/${tokenId}/asset/image`);
  return new Uint8Array(await read.arrayBuffer());
}
