import { describe, expect, it } from "vitest";
import { collectionOf, page, playApi, problem } from "./play-api.ts";
import { jsonLines, lastLine, runCli } from "./run-cli.ts";
import { useFolder } from "./use-folder.ts";

const { put } = useFolder();

describe("collection", () => {
  it("create sends the fields and the image, and prints the COLLECTION_ID line", async () => {
    const image = await put("cover.png", "picture");
    const attributes = await put("attributes.json", '[{"trait_type":"Era","value":"Bronze"}]');
    await using api = await playApi({
      "POST /v1/collections": { status: 201, body: collectionOf() },
      "PUT /v1/collections/900/image": {
        body: collectionOf({ image: "https://metadata.example/image.png" }),
      },
    });
    const options = ["--name", "Relics", "--external-link", "https://relics.example", "--image", image];
    const json = ["--properties", '{"season":2}', "--attributes", `@${attributes}`];
    const ran = await runCli(["collection", "create", ...options, ...json], { url: api.url });
    expect(ran.code).toBe(0);
    expect(ran.stdout.split("\n")[0]).toBe("COLLECTION_ID=900");
    expect(lastLine(ran)).toContain("npx --no mintline collection publish 900");
    expect(JSON.parse(String(api.seen[0]?.body))).toEqual({
      name: "Relics",
      externalLink: "https://relics.example",
      properties: { season: 2 },
      attributes: [{ trait_type: "Era", value: "Bronze" }],
    });
    expect(String(api.seen[1]?.body)).toBe("picture");
  });

  it("create keeps the id in sight when only the image fails", async () => {
    const image = await put("cover.png", "no picture");
    await using api = await playApi({
      "POST /v1/collections": { body: collectionOf() },
      PUT: problem(400, "media.unknown_type"),
    });
    const ran = await runCli(["collection", "create", "--name", "Relics", "--image", image], {
      url: api.url,
    });
    expect(ran.code).toBe(2);
    expect(ran.stdout).toContain("COLLECTION_ID=900");
    expect(ran.stderr).toContain(`npx --no mintline collection update 900 --image ${image}`);
  });

  it.each([
    ["an image that is not there", ["--image", "no-such.png"], "no-such.png: expected a file"],
    ["properties that are no object", ["--properties", "[1]"], "--properties: expected a JSON object"],
    [
      "attributes that are no JSON",
      ["--attributes", "Era=Bronze"],
      "--attributes: expected a JSON array of objects",
    ],
    ["a link that is none", ["--external-link", "relics"], "externalLink"],
  ])("create makes nothing with %s", async (_what, options, told) => {
    await using api = await playApi({});
    const ran = await runCli(["collection", "create", "--name", "Relics", ...options], { url: api.url });
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain(told);
    expect(api.seen).toEqual([]);
  });

  it("show gives the base URI first, then where to paste it, then the calldata", async () => {
    await using api = await playApi({ "GET /v1/collections/900": { body: collectionOf() } });
    const ran = await runCli(["collection", "show", "900"], { url: api.url });
    const lines = ran.stdout.split("\n");
    expect(lines[0]).toContain("https://metadata.example/projects/1/collections/900/tokens/");
    expect(lines[1]).toContain("Builder → Contracts → your contract → Write Contract");
    expect(ran.stdout).toContain("METADATA_ADMIN_ROLE");
    // keccak-256("setBaseMetadataURI(string)") and ("setContractURI(string)") begin so.
    expect(ran.stdout).toMatch(/setBaseMetadataURI\(string\)\n +0x7e518ec8/);
    expect(ran.stdout).toMatch(/setContractURI\(string\)\n +0x938e3d7b/);
    const json = await runCli(["collection", "show", "900", "--json"], { url: api.url });
    expect(jsonLines(json)).toMatchObject([
      { ...collectionOf(), calls: { setContractURI: { signature: "setContractURI(string)" } } },
    ]);
  });

  it("list, update, publish and unpublish call their routes and no other", async () => {
    await using api = await playApi({
      "GET /v1/collections": page([collectionOf()]),
      "PATCH /v1/collections/900": { body: collectionOf({ description: "Lost things" }) },
      "POST /v1/collections/900/publish": { body: collectionOf({ published: true }) },
      "POST /v1/collections/900/unpublish": { body: collectionOf() },
    });
    const listed = await runCli(["collection", "list"], { url: api.url });
    expect(listed.stdout).toMatch(/^id +published +tokens +name\n900 +no +3 +Relics\n$/);
    await runCli(["collection", "update", "900", "--description", "Lost things"], { url: api.url });
    const published = await runCli(["collection", "publish", "900"], { url: api.url });
    expect(published.stdout).toContain("Collection 900 is public.");
    await runCli(["collection", "unpublish", "900"], { url: api.url });
    expect(api.calls()).toEqual([
      "GET /v1/collections",
      "PATCH /v1/collections/900",
      "POST /v1/collections/900/publish",
      "POST /v1/collections/900/unpublish",
    ]);
    expect(JSON.parse(String(api.seen[1]?.body))).toEqual({ description: "Lost things" });
  });
});
