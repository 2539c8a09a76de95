/** What lies beside the straight path, against the same stand-in: other people's tokens, lost art, private art, lists. */
import { afterAll, describe, expect, it } from "vitest";
import { allPages } from "../../shared/api/client.ts";
import { jsonLines, runCli } from "../cli/run-cli.ts";
import { csv, must, untilResting } from "../support/workers.ts";
import { callsByToken } from "./asked.ts";
import { pictureOf } from "./media-host.ts";
import { describeRequests } from "./requests.ts";
import { bytesAt, FOUR, openScene } from "./scene.ts";

const scene = await openScene();
afterAll(scene.close);
const { service, media, workers, newCollection, run, during, makeByHand } = scene;

describe("tokens made by hand", () => {
  it("are found on every page, looked at and never written to", async () => {
    const collectionId = await newCollection("By hand");
    const byHand = makeByHand(collectionId, 35);
    const asMade = byHand();
    // The newest come first: 34 stands on the first page, 2 on the second.
    const ids = ["2", "34", "100"];
    const file = csv(
      "tokenId,name,image",
      ids.map((id) => `${id},Mine,${media.url}/${id}.jpg`),
    );
    const { value: batch, calls } = await during(() => run(file, { collectionId: String(collectionId) }));
    expect(batch).toMatchObject({ state: "finished", jobs: { completed: 1, dead: 2 } });
    const { items } = must(await workers.client.deadLetters({ batchId: batch.id, code: "token.exists" }));
    expect(items.map(({ tokenId }) => tokenId).sort()).toEqual(["2", "34"]);
    const byToken = callsByToken(calls, collectionId);
    expect([byToken.get("2"), byToken.get("34"), byToken.get("100")]).toEqual([
      ["GetToken"],
      ["GetToken"],
      FOUR,
    ]);
    expect(byHand()).toBe(asMade);
  });
});

describe("a picture that is not there", () => {
  it("is a dead letter, and its replay publishes the row without doubling anything", async () => {
    const collectionId = await newCollection("Mended");
    media.lost.add("lost.jpg");
    const rows = ["1,Found", "2,Lost"].map((row) => `${row},${media.url}/${row.slice(2).toLowerCase()}.jpg`);
    const query = { collectionId: String(collectionId) };
    const batch = await run(csv("tokenId,name,image", rows), query);
    expect(batch).toMatchObject({ state: "finished", jobs: { completed: 1, dead: 1 } });
    const { items } = must(await workers.client.deadLetters({ batchId: batch.id }));
    expect(items).toMatchObject([{ tokenId: "2", step: "upload-asset", httpStatus: 404 }]);

    media.lost.delete("lost.jpg");
    const { value: done, calls } = await during(async () => {
      must(await workers.client.replayDeadLetters({ filter: { batchId: batch.id } }));
      return untilResting(workers.client, batch.id);
    });
    expect(done).toMatchObject({ state: "finished", jobs: { completed: 2, dead: 0 } });
    expect(callsByToken(calls, collectionId)).toEqual(new Map([["2", ["GetToken", ...FOUR]]]));
    const job = must(await workers.client.job(`${batch.id}:3`));
    expect(await bytesAt(String(job.assets[0]?.url))).toEqual({ status: 200, bytes: pictureOf("lost.jpg") });
  });
});

describe("rendering", () => {
  it("gives everybody a published token, and a private one only to the secret key", async () => {
    const collectionId = await newCollection("Staged", false);
    const file = csv("tokenId,name,image", [`7,Staged,${media.url}/staged.jpg`]);
    const query = { collectionId: String(collectionId), publish: "false" };
    const batch = await run(file, query);
    const [staged] = must(await workers.client.jobs(batch.id)).items;
    expect(staged).toMatchObject({ state: "completed", publicUrl: null });
    expect((await bytesAt(String(staged?.assets[0]?.url))).status).toBe(404);
    const rendered = must(await workers.client.asset(collectionId, "7", "image"));
    expect(new Uint8Array(await rendered.arrayBuffer())).toEqual(pictureOf("staged.jpg"));
    const render = async (...more: string[]) =>
      runCli(["render", String(collectionId), "7", "--json", ...more], { url: workers.url });
    const bytes = pictureOf("staged.jpg").length;
    expect(await render()).toMatchObject({ code: 3 });
    expect(jsonLines(await render("--private"))).toMatchObject([{ bytes, contentType: "image/jpeg" }]);

    must(await workers.client.publishCollection(collectionId));
    await run(file, { collectionId: String(collectionId) });
    const url = expect.stringMatching(/\/cdn\/.*\/image\.jpeg$/);
    expect(jsonLines(await render())).toMatchObject([{ bytes, url, metadata: { name: "Staged" } }]);
  });
});

describe("an unknown collection", () => {
  it("makes the batch invalid after one call", async () => {
    const file = csv("tokenId,name,image", [`1,Nowhere,${media.url}/1.jpg`]);
    const { value: batch, calls } = await during(() => run(file, { collectionId: "999" }));
    expect(batch.state).toBe("invalid");
    const { items } = must(await workers.client.rowProblems(batch.id));
    expect(items).toMatchObject([{ code: "collection.not_found" }]);
    expect(calls.map(({ name }) => name)).toEqual(["GetCollection"]);
  });
});

describe("lists and checks", () => {
  it("show each collection once, although the service counts its pages from 1", async () => {
    for (let index = 0; index < 65; index += 1) {
      service.byHand("CreateCollection", { collection: { metadata: { name: `Listed ${index}` } } });
    }
    const all = must(await allPages((cursor) => workers.client.collections({ cursor })));
    const names = all.map(({ name }) => name).filter((name) => name.startsWith("Listed"));
    expect(names.toSorted()).toEqual(Array.from({ length: 65 }, (_, index) => `Listed ${index}`).toSorted());
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
  });

  it("find the key good for writing", async () => {
    const { findings } = must(await workers.client.doctor());
    const found = Object.fromEntries(findings.map(({ check, code }) => [check, code]));
    expect(found).toMatchObject({ key: "key.ok", access: "access.ok", write: "write.ok" });
  });
});

describeRequests(service);
