import { expect, it } from "vitest";
import { play } from "./play.ts";

const hostile = `<script>alert("1")</script>`;

it("says that there is nothing yet", async () => {
  const { get } = await play();
  const { status, text, headers } = await get("/");
  expect([status, headers.get("content-type")]).toEqual([200, "text/html; charset=UTF-8"]);
  expect(text).toContain("Nothing has been published here yet");
});

it("lists collections with thumbnails, counts and state", async () => {
  const { get, makeCollection, makeToken, rpc } = await play();
  const id = await makeCollection({ metadata: { name: "Relics" } });
  await makeToken(id, "1", { private: false });
  await makeToken(id, "2");
  expect((await get("/")).text).toContain("#900 · project 1 · 2 tokens · 1 not private, 1 private");
  await rpc("PublishCollection", { collectionId: id });
  const { text } = await get("/");
  expect(text).toContain("#900 · project 1 · 2 tokens · 1 public, 1 private");
  expect(text).toContain(">published<");
  for (const asset of [4400, 4401]) {
    expect(text).toContain(`src="/_emulator/assets/${asset}"`);
    expect((await get(`/_emulator/assets/${asset}`)).headers.get("content-type")).toBe("image/png");
  }
});

it("escapes everything and loads nothing from elsewhere", async () => {
  const { get, makeCollection, makeToken, rpc } = await play();
  const id = await makeCollection({ metadata: { name: hostile, description: hostile } });
  await makeToken(id, "1");
  await rpc("UpdateToken", { collectionId: id, tokenId: "1", token: { tokenId: "1", name: `"${hostile}` } });
  for (const path of ["/", `/_emulator/collections/${id}`]) {
    const { text } = await get(path);
    expect(text).toContain("&lt;script&gt;");
    expect(text).not.toContain("<script");
    expect(text).not.toMatch(/(src|href)="(https?:)?\/\//);
  }
});

it("pages when there is much", async () => {
  const { get, makeCollection, rpc } = await play();
  for (let made = 0; made < 13; made += 1) await makeCollection();
  for (let tokenId = 0; tokenId < 121; tokenId += 1) {
    await rpc("CreateToken", { collectionId: 900, token: { tokenId: String(tokenId), name: "A" } });
  }
  const first = (await get("/")).text;
  expect(first).toContain("Page 1 of 2");
  expect(first).not.toContain("/_emulator/collections/900");
  expect((await get("/?page=2")).text).toContain("+108");
  const tokens = (await get("/_emulator/collections/900?page=2")).text;
  expect(tokens).toContain("#120<");
  expect(tokens).not.toContain("#119<");
  expect((await get("/_emulator/collections/900?page=99")).text).toContain("Page 2 of 2");
});

it("knows no other collection and no other route", async () => {
  const { get } = await play();
  for (const path of ["/_emulator/collections/1", "/_emulator/assets/1", "/nothing"]) {
    expect((await get(path)).status).toBe(404);
  }
});
