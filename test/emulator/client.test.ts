/** The service's own client package against the emulator: what it sends is understood, what it reads is there. */
import { Collections, SequenceCollections, SequenceMetadata, WebrpcError } from "@0xsequence/metadata";
import { expect, it } from "vitest";
import { defaultPublicKey, defaultWriteKey } from "../../emulator/keys.ts";
import { playOverHttp } from "./play.ts";

it("creates, lists and publishes through SequenceCollections", async () => {
  const { emulator } = await playOverHttp();
  const client = new SequenceCollections(`${emulator.url}/`, defaultWriteKey);
  const { collection } = await client.createCollection({
    projectId: 1,
    collection: { id: 0, projectId: 1, private: true, metadata: { name: "Relics" } },
  });
  const token = { tokenId: "1", name: "One", source: "", status: undefined, attributes: [] };
  // The package's type wants fields that the service fills itself.
  const args = { projectId: 1, collectionId: collection.id, token } as unknown as Parameters<
    typeof client.createToken
  >[0];
  expect(await client.createToken(args)).toMatchObject({ token: { tokenId: "1" }, assets: null });
  expect((await client.listTokens({ collectionId: collection.id })).tokens).toHaveLength(1);
  expect((await client.publishCollection({ collectionId: collection.id })).collection.private).toBe(false);
});

it("throws what the server said", async () => {
  const { emulator } = await playOverHttp();
  const client = new SequenceCollections(emulator.url, defaultWriteKey);
  const failed = client.getCollection({ collectionId: 1 });
  await expect(failed).rejects.toBeInstanceOf(WebrpcError);
  await expect(failed).rejects.toMatchObject({
    name: "NotFound",
    code: 3000,
    status: 400,
    message: "Resource not found",
  });
});

it("is told of HTML, null and closed connections as against the real service", async () => {
  const { emulator } = await playOverHttp();
  const client = new Collections(emulator.url, (input, init) =>
    fetch(input, { ...init, headers: { ...init?.headers, authorization: `Bearer ${defaultWriteKey}` } }),
  );
  emulator.faults.add(
    { what: { kind: "status", status: 502, body: "html" }, times: 1 },
    { what: { kind: "nullBody" }, times: 1 },
    { what: { kind: "closeAfter" }, times: 1 },
  );
  await expect(client.listCollections({})).rejects.toMatchObject({ name: "WebrpcBadResponse", status: 502 });
  await expect(client.listCollections({})).rejects.toBeInstanceOf(TypeError);
  await expect(client.listCollections({})).rejects.toMatchObject({ name: "WebrpcRequestFailed", status: 0 });
  expect((await client.listCollections({})).collections).toEqual([]);
});

it("answers SequenceMetadata with the public key", async () => {
  const { emulator } = await playOverHttp();
  expect((await new SequenceMetadata(emulator.url, defaultPublicKey).ping()).status).toBe(true);
});
