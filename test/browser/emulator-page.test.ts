/** What a person sees at the emulator's address after a run: collections, their tokens, their pictures. */
import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { defaultWriteKey } from "../../emulator/keys.ts";
import { type Emulator, startEmulator } from "../../emulator/server.ts";

let browser: Browser;
let emulator: Emulator;
beforeAll(async () => {
  const executablePath = process.env.CHROMIUM_PATH ?? "/usr/bin/chromium";
  const args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"];
  browser = await chromium.launch({ executablePath, args: [...args, "--disable-component-update"] });
  emulator = await startEmulator({});
});
afterAll(async () => {
  await browser.close();
  await emulator.close();
});

const rpc = async (method: string, body: object): Promise<Record<string, Record<string, unknown>>> => {
  const answer = await fetch(`${emulator.url}/rpc/Collections/${method}`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${defaultWriteKey}` },
    body: JSON.stringify(body),
  });
  return answer.json();
};

async function publishOne(name: string): Promise<number> {
  const { collection } = await rpc("CreateCollection", {
    collection: { metadata: { name }, private: false },
  });
  const collectionId = Number(collection?.id);
  await rpc("CreateToken", {
    collectionId,
    token: { tokenId: "1", name: "Cup <b>of</b> Ink" },
    private: false,
  });
  const { asset } = await rpc("CreateAsset", {
    asset: { collectionId, tokenId: "1", metadataField: "image" },
  });
  const form = new FormData();
  const picture = await (await fetch(`${emulator.url}/media/generated/cup.png`)).blob();
  form.append("file", picture, "cup.png");
  await fetch(`${emulator.url}/projects/1/collections/${collectionId}/tokens/1/upload/${asset?.id}`, {
    method: "PUT",
    headers: { authorization: `Bearer ${defaultWriteKey}` },
    body: form,
  });
  return collectionId;
}

it("lists a collection with its token's picture, loaded, and shows a name as text", async () => {
  await publishOne("Relics of the Test");
  const page = await browser.newPage();
  const failures: string[] = [];
  page.on("requestfailed", (request) => failures.push(request.url()));
  page.on("response", (response) => response.status() >= 400 && failures.push(response.url()));
  await page.goto(emulator.url);
  expect(await page.getByText("Relics of the Test").count()).toBeGreaterThan(0);
  expect(await page.locator("b", { hasText: "of" }).count()).toBe(0);
  const image = page.locator("img").first();
  await image.scrollIntoViewIfNeeded();
  await expect
    .poll(() => image.evaluate((element: HTMLImageElement) => element.naturalWidth))
    .toBeGreaterThan(0);
  expect(failures).toEqual([]);
  await page.close();
});
