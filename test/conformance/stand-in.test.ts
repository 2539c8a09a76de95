/** The whole main job against a Sequence that was written from the documents alone. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { jsonLines, runCli } from "../cli/run-cli.ts";
import { csv, must } from "../support/workers.ts";
import { callsBeside, callsByToken } from "./asked.ts";
import { pictureOf } from "./media-host.ts";
import { describeRequests } from "./requests.ts";
import { bytesAt, FOUR, openScene } from "./scene.ts";

const scene = await openScene();
afterAll(scene.close);
const { service, media, workers, run, during, makeByHand } = scene;

/** Forty rows, every other one by media set; two ids that no JSON number holds. */
const IDS = Array.from({ length: 40 }, (_, index) =>
  index < 38 ? String(1_001 + index) : String(2n ** 53n + 2n ** BigInt(index * 5)),
);
const RELICS = IDS.map((tokenId, index) => ({
  tokenId,
  name: `Relic <${index}> & co`,
  picture: `${index}.jpg`,
  bySet: index % 2 === 0,
}));
const HEADER = "tokenId,name,image,attributes[Kind],attributes,decimals";
const rowOf = ({ tokenId, name, picture, bySet }: (typeof RELICS)[number]) =>
  `${tokenId},${name},${bySet ? picture : `${media.url}/${picture}`},Cup,"[{""value"":7,""trait_type"":""Weight""}]",`;

describe("a collection of forty relics among 35 tokens made by hand", () => {
  let collectionId: number;
  let query: Record<string, string>;
  let byHand: () => string;
  let asMade: string;
  beforeAll(async () => {
    const { client } = workers;
    const input = { name: "Relics", description: "d", externalLink: "https://relics.example" };
    collectionId = must(await client.createCollection(input)).id;
    must(await client.putCollectionImage(collectionId, pictureOf("cover")));
    must(await client.publishCollection(collectionId));
    for (const { picture, bySet } of RELICS) {
      if (bySet) must(await client.putMedia("relics", picture, pictureOf(picture)));
    }
    query = { collectionId: String(collectionId), mediaSet: "relics" };
    byHand = makeByHand(collectionId, 35);
    asMade = byHand();
  });

  it("is published with four calls and at most one fetch a row", async () => {
    const { value: batch, calls } = await during(() => run(csv(HEADER, RELICS.map(rowOf)), query));
    expect(batch).toMatchObject({ state: "finished", outcomes: { created: 40 }, collectionPublished: true });
    const byToken = callsByToken(calls, collectionId);
    expect([...byToken.keys()].sort()).toEqual([...IDS].sort());
    for (const tokenId of IDS) expect(byToken.get(tokenId)).toEqual(FOUR);
    expect(callsBeside(calls, collectionId)).toEqual([
      "GetCollection",
      "ListTokens",
      "ListTokens",
      "ListTokens",
    ]);
    const byUrl = RELICS.filter(({ bySet }) => !bySet).map(({ picture }) => picture);
    expect([...media.asked].sort()).toEqual(byUrl.sort());
  });

  it("shows everybody every token and its picture, under both forms of the base URI", async () => {
    const { baseUri } = must(await workers.client.collection(collectionId));
    for (const { tokenId, name, picture } of RELICS) {
      for (const address of [`${baseUri}${tokenId}`, `${baseUri}${tokenId}.json`]) {
        const token = (await (await fetch(address)).json()) as { image: string };
        expect(token).toMatchObject({ tokenId, name, attributes: [{ value: 7 }, { value: "Cup" }] });
        expect(await bytesAt(token.image)).toEqual({ status: 200, bytes: pictureOf(picture) });
      }
    }
  });

  it("shows the collection's own image, which replaces itself without a second asset", async () => {
    const { client } = workers;
    const { value, calls } = await during(async () =>
      must(await client.putCollectionImage(collectionId, pictureOf("another cover"))),
    );
    expect(callsBeside(calls, collectionId)).toEqual(["GetCollection", "Upload", "GetCollection"]);
    expect(await bytesAt(String(value.image))).toEqual({ status: 200, bytes: pictureOf("another cover") });
    const contract = (await (await fetch(value.contractUri)).json()) as object;
    expect(contract).toMatchObject({
      name: "Relics",
      external_link: "https://relics.example",
      image: value.image,
    });
  });

  it("sent again makes no call for any row", async () => {
    const { value: batch, calls } = await during(() => run(csv(HEADER, RELICS.map(rowOf)), query));
    expect(batch).toMatchObject({ state: "finished", outcomes: { unchanged: 40 }, jobs: { completed: 40 } });
    expect(callsByToken(calls, collectionId)).toEqual(new Map());
    expect(media.asked).toHaveLength(20);
  });

  it("with one row edited updates that token and makes no second asset", async () => {
    const edited = RELICS.map((row, index) => (index === 4 ? { ...row, name: "Renamed" } : row));
    const { value: batch, calls } = await during(() => run(csv(HEADER, edited.map(rowOf)), query));
    expect(batch).toMatchObject({ state: "finished", outcomes: { created: 0, updated: 1, unchanged: 39 } });
    const tokenId = IDS[4] ?? "";
    const byToken = callsByToken(calls, collectionId);
    expect([...byToken.keys()]).toEqual([tokenId]);
    expect(byToken.get(tokenId)?.[0]).toBe("GetToken");
    expect(byToken.get(tokenId)).not.toContain("CreateAsset");
    const { token, assets } = service.byHand("GetToken", { collectionId, tokenId });
    expect(token).toMatchObject({ name: "Renamed" });
    expect(assets).toHaveLength(1);
  });

  it("with all traits taken from a row takes them from the token", async () => {
    const [tokenId = ""] = IDS;
    const file = csv("tokenId,name,image", [`${tokenId},Plain,0.jpg`]);
    expect(await run(file, query)).toMatchObject({ outcomes: { updated: 1 } });
    const { token } = service.byHand("GetToken", { collectionId, tokenId });
    expect(token).toMatchObject({ name: "Plain", attributes: [] });
  });

  it("leaves what was made by hand as it was", () => {
    expect(byHand()).toBe(asMade);
  });

  it("is shown with base and contract URI although the service names neither", async () => {
    const base = `${service.url}/projects/${service.projectId}/collections/${collectionId}`;
    const shown = await runCli(["collection", "show", String(collectionId)], { url: workers.url });
    expect(shown.code).toBe(0);
    expect(shown.stdout.split("\n")[0]).toContain(`${base}/tokens/`);
    const json = await runCli(["collection", "show", String(collectionId), "--json"], { url: workers.url });
    expect(jsonLines(json)).toMatchObject([
      {
        id: collectionId,
        published: true,
        tokenCount: null,
        baseUri: `${base}/tokens/`,
        contractUri: `${base}.json`,
      },
    ]);
  });
});

describeRequests(service);
