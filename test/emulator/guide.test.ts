/** The guide's cURL requests as it prints them, with host, ids and key filled in, run by curl itself where there is one. */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it, onTestFinished } from "vitest";
import { defaultWriteKey } from "../../emulator/keys.ts";
import { picture } from "../../emulator/picture.ts";
import { playOverHttp } from "./play.ts";

const run = promisify(execFile);

const withCurl = await run("curl", ["--version"]).then(
  () => true,
  () => false,
);

/** Runs a command line as pasted into a shell; where there is no curl, sends what it would send. */
async function pasted(command: string, directory: string): Promise<string> {
  if (withCurl) return (await run("sh", ["-c", command], { cwd: directory })).stdout;
  const url = /https?:[^'\s]+/.exec(command)?.[0] ?? "";
  const headers = [...command.matchAll(/--header '([^:]+): ([^']+)'/g)].map(([, name = "", value = ""]) => [
    name,
    value,
  ]);
  const body = /--data '([^']+)'/.exec(command)?.[1];
  const method = body === undefined ? "GET" : "POST";
  const response = await fetch(url, { method, headers: Object.fromEntries(headers), body });
  const output = /--output (\S+)/.exec(command)?.[1];
  if (output === undefined) return response.text();
  await writeFile(join(directory, output), new Uint8Array(await response.arrayBuffer()));
  return "";
}

it("carries out the guide from the first cURL to the last", async () => {
  const directory = await mkdtemp(join(tmpdir(), "emulator-guide-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  const { emulator, put, rpc, get } = await playOverHttp();
  const { url } = emulator;

  const created = await pasted(
    `curl --location '${url}/rpc/Collections/CreateCollection' \\
--header 'Content-Type: application/json' \\
--header 'Authorization: Bearer ${defaultWriteKey}' \\
--data '{
    "projectId": 1,
    "collection": {
        "metadata": {
            "name": "Relics",
            "description": "Raised from the sea",
            "external_link" : "https://relics.example"
        },
        "image": "",
        "decimals": 0,
        "properties": null,
        "attributes": null
    }
}'`,
    directory,
  );
  const collection = JSON.parse(created).collection;
  const metadata = {
    name: "Relics",
    description: "Raised from the sea",
    external_link: "https://relics.example",
  };
  expect(collection).toMatchObject({ id: 900, projectId: 1, metadata, private: true });

  // Steps 3 to 6 of the guide are code; its token ids are 20 random bytes.
  const tokenId = "457657099779485875855215293997335918990635014431";
  await rpc("CreateToken", {
    projectId: 1,
    collectionId: 900,
    token: { tokenId, name: "Cup", description: "d", decimals: 0 },
  });
  const wished = { id: Number(tokenId.slice(0, 10)), collectionId: 900, tokenId, metadataField: "image" };
  const assetId = (await rpc("CreateAsset", { projectId: 1, asset: wished })).json.asset?.id;
  const uploaded = await put(
    `/projects/1/collections/900/tokens/${tokenId}/upload/${assetId}`,
    picture("cup"),
  );
  expect(uploaded.json.url).toBe(`${url}/projects/1/collections/900/tokens/${tokenId}/image.png`);
  const token = { name: "Cup", attributes: [], tokenId };
  await rpc("UpdateToken", { projectId: 1, collectionId: 900, private: false, tokenId, token });

  const published = await pasted(
    `curl --location '${url}/rpc/Collections/PublishCollection' \\
--header 'Content-Type: application/json' \\
--header 'Authorization: Bearer ${defaultWriteKey}' \\
--data '{
    "projectId": 1,
    "collectionId": 900
}'`,
    directory,
  );
  expect(JSON.parse(published).collection).toMatchObject({ id: 900, private: false });

  const base = `${url}/projects/1/collections/900/tokens/`;
  expect(collection.baseURIs.tokenMetadataURI).toBe(base);
  expect(JSON.parse(await pasted(`curl ${base}${tokenId}`, directory))).toMatchObject({
    name: "Cup",
    image: uploaded.json.url,
  });
  expect((await get(`${base}${tokenId}.json`)).json.name).toBe("Cup");

  const stored = async (): Promise<Uint8Array> =>
    new Uint8Array(await readFile(join(directory, "stored_file.png")));
  await pasted(`curl --location '${base}${tokenId}/image.png' --output stored_file.png`, directory);
  expect(await stored()).toEqual(picture("cup"));

  await rpc("UpdateToken", { projectId: 1, collectionId: 900, private: true, tokenId });
  expect((await get(`${base}${tokenId}/image.png`)).status).toBe(404);
  await rm(join(directory, "stored_file.png"));
  await pasted(
    `curl --location '${base}${tokenId}/asset/image' \\
--header 'Authorization: Bearer ${defaultWriteKey}' \\
--output stored_file.png`,
    directory,
  );
  expect(await stored()).toEqual(picture("cup"));
});
