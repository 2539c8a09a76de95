/** That the stand-in is as awkward as it says; else what passes against it proves little. */
import { expect, it } from "vitest";
import { startStandIn } from "./stand-in.ts";

it("answers as it says", async () => {
  const odd = await startStandIn(5);
  const { collection } = odd.byHand("CreateCollection", { collection: { metadata: { name: "Odd" } } });
  const id = collection?.id;
  const ask = (authorization: string, method: string, args: object) =>
    fetch(`${odd.url}/rpc/Collections/${method}`, {
      method: "POST",
      headers: { authorization, "content-type": "application/json" },
      body: JSON.stringify({ projectId: 5, collectionId: id, ...args }),
    });
  const asset = { collectionId: id, metadataField: "image" };
  const forms = [];
  for (const tokenId of ["7", String(2n ** 60n)]) {
    odd.byHand("CreateToken", { collectionId: id, token: { tokenId, name: "T" } });
    const made = await ask(`BEARER ${odd.key}`, "CreateAsset", { asset: { ...asset, tokenId } });
    expect([made.headers.get("content-length"), made.status]).toEqual([null, 200]);
    forms.push(((await made.json()) as { asset: { id: number; tokenId: unknown } }).asset.tokenId);
  }
  expect(forms).toEqual([7, String(2n ** 60n)]);
  const again = await ask(`Bearer ${odd.key}`, "CreateToken", { token: { tokenId: "07", name: "T" } });
  expect([again.status, await again.json()]).toEqual([400, expect.not.objectContaining({ status: 400 })]);
  const anyone = await ask("Bearer no.such.key", "GetCollection", {});
  expect([anyone.status, await anyone.json()]).toMatchObject([401, { error: "Unauthorized" }]);
  const ends = [];
  for (let index = 0; index < 7; index += 1) {
    const answer = await ask(`Bearer ${odd.key}`, "GetCollection", {});
    ends.push(answer.headers.get("connection"));
    await answer.text();
  }
  expect(ends.filter((end) => end === "close")).toHaveLength(1);
  await odd.close();
});
