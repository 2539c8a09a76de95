import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { collectionOf, playApi } from "./play-api.ts";
import { jsonLines, runCli } from "./run-cli.ts";
import { useFolder } from "./use-folder.ts";

const { path } = useFolder();

describe("render", () => {
  const bytes = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0xff, 0x00]);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const png = { headers: { "content-type": "image/png" }, body: bytes };

  it("reads the public token and its media without any credentials", async () => {
    await using host = await playApi({
      "GET /tokens/16": () => ({ body: { name: "Relic 16", image: `${host.url}/tokens/16/image.png` } }),
      "GET /tokens/16/image.png": png,
    });
    await using api = await playApi({
      "GET /v1/collections/900": { body: collectionOf({ published: true, baseUri: `${host.url}/tokens/` }) },
    });
    const file = path("relic.png");
    const ran = await runCli(["render", "900", "0x10", "-o", file], {
      url: api.url,
      env: { MINTLINE_TOKEN: "secret" },
    });
    expect(ran.code).toBe(0);
    expect(ran.stdout).toContain(`${host.url}/tokens/16/image.png`);
    expect(ran.stdout).toContain(`image/png, ${bytes.length} bytes, sha256 ${sha256}`);
    expect(await readFile(file)).toEqual(bytes);
    expect(host.seen.map(({ headers }) => headers.authorization)).toEqual([undefined, undefined]);
    const json = await runCli(["render", "900", "16", "--json"], { url: api.url });
    expect(jsonLines(json)).toMatchObject([{ sha256, metadata: { name: "Relic 16" } }]);
  });

  it("says what to type where the public sees nothing yet", async () => {
    await using host = await playApi({});
    await using api = await playApi({
      "GET /v1/collections/900": { body: collectionOf({ baseUri: `${host.url}/tokens/` }) },
    });
    const ran = await runCli(["render", "900", "16"], { url: api.url });
    expect(ran.code).toBe(3);
    expect(ran.stderr).toContain(`${host.url}/tokens/16 answered HTTP 404 to the public.`);
    expect(ran.stderr).toContain("npx --no mintline collection publish 900");
  });

  it("names the media that a public token has where it lacks the one asked for", async () => {
    await using host = await playApi({
      "GET /tokens/16": () => ({ body: { name: "Relic 16", image: `${host.url}/tokens/16/image.png` } }),
    });
    await using api = await playApi({
      "GET /v1/collections/900": { body: collectionOf({ published: true, baseUri: `${host.url}/tokens/` }) },
    });
    const ran = await runCli(["render", "900", "16", "--field", "video"], { url: api.url });
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain("expected a URL in its field video, got null.");
    expect(ran.stderr).toContain("next: Name a field that it has: --field image.");
  });

  it("renders privately through the API, to a file or to standard output", async () => {
    await using api = await playApi({ "GET /v1/collections/900/tokens/16/asset/animation_url": png });
    const args = ["render", "900", "16", "--private", "--field", "animation_url"];
    const file = path("relic.gif");
    const ran = await runCli([...args, "-o", file], { url: api.url });
    expect(ran.code).toBe(0);
    expect(await readFile(file)).toEqual(bytes);
    const piped = await runCli([...args, "-o", "-"], { url: api.url });
    expect(Buffer.from(piped.stdout)).toEqual(Buffer.from(String(bytes)));
    expect(piped.stderr).toContain(`sha256 ${sha256}`);
  });
});
