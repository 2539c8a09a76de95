import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { differences, type SeenToken } from "../../cli/demo/comparison.ts";
import { ART, RELICS, readLocalFiles } from "../../cli/demo/examples.ts";
import { type ExpectedToken, expectedTokens } from "../../cli/demo/expectation.ts";
import { proveAll } from "../../cli/demo/fetch-back.ts";
import { shortcomings } from "../../cli/demo/proof.ts";
import { batchOf } from "./play-api.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

const expected: ExpectedToken = {
  tokenId: "7",
  name: "Tide Bell",
  attributes: [
    { trait_type: "Resonance", value: 15, display_type: "boost_number" },
    { trait_type: "Wing", value: "Tidal" },
  ],
  files: new Map([
    ["image", { fileName: "tide-bell.jpg", bytes: bytes("a picture") }],
    ["audio", { fileName: "tide-bell.mp3", bytes: bytes("a sound") }],
  ]),
};

const document = {
  tokenId: "7",
  name: "Tide Bell",
  image: "http://host/image.jpg",
  audio: "http://host/audio.mp3",
  attributes: [
    { trait_type: "Wing", value: "Tidal" },
    { display_type: "boost_number", trait_type: "Resonance", value: 15 },
  ],
};

const seen: SeenToken = {
  plain: document,
  withSuffix: document,
  files: new Map([
    ["image", bytes("a picture")],
    ["audio", bytes("a sound")],
  ]),
};

/** The first sentence of what differs; "" if nothing does. */
const first = (change: Partial<SeenToken>): string => differences(expected, { ...seen, ...change })[0] ?? "";
const files = (image: Uint8Array | null, more: [["video", Uint8Array]] | [] = []) =>
  new Map([...seen.files, ["image" as const, image], ...more]);

describe("the demo's comparison", () => {
  it("finds nothing in what is as it was submitted, whatever the order of traits", () => {
    expect(differences(expected, seen)).toEqual([]);
  });

  it.each<[string, Partial<SeenToken>, string]>([
    ["other bytes", { files: files(bytes("a pictur3")) }, "image: expected tide-bell.jpg (9 bytes"],
    ["a cut file", { files: files(bytes("a pict")) }, "got other bytes (6 bytes"],
    ["a file that cannot be fetched", { files: files(null) }, "image: tide-bell.jpg could not be fetched"],
    [
      "a file nobody submitted",
      { files: files(bytes("a picture"), [["video", bytes("x")]]) },
      "video: a file is",
    ],
    ["another name", { plain: { ...document, name: "Tide bell" } }, 'baseUri + id: name is "Tide bell"'],
    [
      "another name under .json only",
      { withSuffix: { ...document, name: "x" } },
      "baseUri + id + .json: name",
    ],
    ["no image", { plain: { ...document, image: "" } }, 'baseUri + id: image is ""'],
    ["a local image name", { plain: { ...document, image: "tide-bell.jpg" } }, 'image is "tide-bell.jpg"'],
    ["a missing trait", { plain: { ...document, attributes: document.attributes.slice(1) } }, "is missing"],
    ["no traits", { plain: { ...document, attributes: null } }, "is missing"],
    [
      "a trait too many",
      {
        plain: { ...document, attributes: [...document.attributes, { trait_type: "Wing", value: "Tidal" }] },
      },
      "was never submitted",
    ],
    [
      "a number that became text",
      {
        plain: {
          ...document,
          attributes: [document.attributes[0], { ...document.attributes[1], value: "15" }],
        },
      },
      "is missing",
    ],
    [
      "a page instead of metadata",
      { withSuffix: "HTTP 404" },
      "baseUri + id + .json: expected a token's metadata",
    ],
  ])("finds %s", (_what, change, sentence) => {
    expect(first(change)).toContain(sentence);
  });
});

describe("the demo's proof", () => {
  const host = (tamper: (path: string, answer: Response) => Response) => async (url: string) => {
    const { pathname } = new URL(url);
    const answers: Record<string, () => Response> = {
      "/tokens/7": () => Response.json(document),
      "/tokens/7.json": () => Response.json(document),
      "/image.jpg": () => new Response("a picture"),
      "/audio.mp3": () => new Response("a sound"),
    };
    return tamper(pathname, answers[pathname]?.() ?? new Response("not found", { status: 404 }));
  };
  const prove = (tamper: (path: string, answer: Response) => Response) =>
    proveAll("http://host/tokens/", [expected], () => {}, host(tamper));

  it("holds for an honest host", async () => {
    const proofs = await prove((_path, answer) => answer);
    expect(proofs).toEqual([
      { tokenId: "7", name: "Tide Bell", url: "http://host/tokens/7", files: 2, bytes: 16, differences: [] },
    ]);
  });

  it.each([
    ["/image.jpg", () => new Response("a forgery")],
    ["/audio.mp3", () => new Response("gone", { status: 404 })],
    ["/tokens/7.json", () => new Response("not found", { status: 404 })],
    ["/tokens/7", () => Response.error()],
  ])("fails where %s is not what was submitted", async (path, forge) => {
    const proofs = await prove((asked, answer) => (asked === path ? forge() : answer));
    expect(proofs[0]?.differences).not.toEqual([]);
  });

  it("fails where rows are missing, dead, or not fetched back", async () => {
    const proofs = await prove((_path, answer) => answer);
    const rows = { total: 1, valid: 1, invalid: 0 };
    const good = batchOf({ rows, jobs: { completed: 1 } });
    expect(shortcomings({ batch: good, proofs })).toEqual([]);
    expect(shortcomings({ batch: good, proofs: [] })).toHaveLength(1);
    expect(shortcomings({ batch: batchOf({ rows, jobs: { dead: 1 } }), proofs })).toHaveLength(1);
    expect(
      shortcomings({ batch: batchOf({ rows: { ...rows, total: 0 }, jobs: {} }), proofs: [] }),
    ).toHaveLength(1);
  });
});

describe("what the examples must become", () => {
  it("names a local file for every media cell, and reads ids and traits as the contract says", async () => {
    const tokens = expectedTokens(await readFile(RELICS, "utf8"), await readLocalFiles(ART));
    const lacking = tokens.flatMap(({ files }) => [...files.values()].filter((file) => file.bytes === null));
    expect(lacking).toEqual([]);
    expect(tokens.length).toBeGreaterThanOrEqual(24);
    const byId = new Map(tokens.map((token) => [token.tokenId, token]));
    expect(byId.size).toBe(tokens.length);
    expect([...byId.keys()]).toEqual(expect.arrayContaining(["7", "6750", (2n ** 256n - 1n).toString()]));
    expect(byId.get("13")?.attributes).toEqual(
      expect.arrayContaining([
        { trait_type: "Diet", value: "Bookworms" },
        { trait_type: "Depth, fathoms", value: 2750 },
        { trait_type: "Accession", value: "20240112093045000001" },
      ]),
    );
    expect(byId.get("1")?.attributes.some(({ trait_type }) => trait_type === "Mood")).toBe(false);
    expect([...(byId.get("19")?.files.keys() ?? [])]).toEqual(["image"]);
  });
});
