/** What `submit` sends of a file that is no CSV: its own content type; of a ZIP the media first and then the table. */
import { writeFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { NamingRequest } from "../../shared/api/contract.ts";
import { zipOf } from "../support/zip.ts";
import { batchOf, mediaFileOf, playApi, problem, type Reply, type Seen } from "./play-api.ts";
import { runCli } from "./run-cli.ts";
import { useFolder } from "./use-folder.ts";

const { path, put } = useFolder();
const accepted: Reply = {
  status: 202,
  body: batchOf({ state: "receiving", jobs: {}, rows: { total: 0, valid: 0, invalid: 0 } }),
};
/** No bytes are known under any name, and no set has any. */
const deployment = () =>
  playApi({
    GET: problem(404, "media_set.not_found"),
    PUT: ({ path: at, body }: Seen) => ({
      body: mediaFileOf(decodeURIComponent(at.split("/").at(-1) ?? ""), body),
    }),
    POST: ({ body }: Seen) => {
      const { files } = NamingRequest.parse(JSON.parse(String(body)));
      return { body: { named: [], missing: files.map(({ fileName }) => fileName) } };
    },
    "POST /v1/batches": accepted,
  });

describe("submit", () => {
  it.each([
    ["a.jsonl", '{"tokenId":"1","name":"One","image":"https://a.example/1.png"}\n', "application/x-ndjson"],
    ["a.json", '[{"tokenId":"1","name":"One","image":"https://a.example/1.png"}]', "application/json"],
  ])("sends %s as what it is", async (name, text, type) => {
    await using api = await deployment();
    const ran = await runCli(["submit", await put(name, text)], { url: api.url });
    expect(ran.code).toBe(0);
    expect(api.seen[0]?.headers["content-type"]).toBe(type);
    expect(String(api.seen[0]?.body)).toBe(text);
  });

  it("unpacks a ZIP: the media into a set, the N.json as JSON Lines", async () => {
    await using api = await deployment();
    const entries = [0, 1].flatMap((n) => [
      { name: `assets/${n}.json`, bytes: `{\n "name": "N${n}",\n "image": "${n}.png"\n}\n` },
      { name: `assets/${n}.png`, bytes: `art ${n}` },
    ]);
    await writeFile(path("drop.zip"), zipOf(entries));
    const ran = await runCli(["submit", path("drop.zip"), "--collection", "900"], { url: api.url });
    expect(ran.stderr).toContain("drop.zip holds one object each in 2 files and 2 media files.");
    expect(ran.code).toBe(0);
    const puts = api.seen.filter(({ method }) => method === "PUT");
    expect(puts.map(({ path: at, body }) => [at.split("/").at(-1), String(body)]).sort()).toEqual([
      ["0.png", "art 0"],
      ["1.png", "art 1"],
    ]);
    const sent = api.seen.at(-1);
    expect(sent?.headers["content-type"]).toBe("application/x-ndjson");
    expect(Object.fromEntries(sent?.query ?? [])).toMatchObject({
      name: "drop.zip",
      mediaSet: puts[0]?.path.split("/")[3],
    });
    expect(String(sent?.body)).toBe(
      '{"tokenId":"0","name": "N0",  "image": "0.png" }\n{"tokenId":"1","name": "N1",  "image": "1.png" }\n',
    );
  });
});
