import { describe, expect, test } from "vitest";
import { Collection } from "../../../shared/api/contract.ts";
import { SequenceCollection } from "../../../shared/sequence/schema.ts";
import { patched, toCollection, toCollectionWrite } from "../../../shared/sequence/to-collection.ts";
import { ASSET_ON_WIRE, COLLECTION_ON_WIRE, HOST } from "./stub.ts";

const TARGET = { metadataUrl: HOST, projectId: 30957 };
const read = (wire: object) => SequenceCollection.parse({ ...COLLECTION_ON_WIRE, ...wire });
const asset = (id: number, metadataField: string, url: string) => ({
  ...ASSET_ON_WIRE,
  id,
  tokenId: null,
  metadataField,
  url,
});

describe("a collection as our API shows it", () => {
  test("external_link becomes externalLink, private its opposite", () => {
    const shown = toCollection(TARGET, read({}));
    expect(Collection.parse(shown)).toEqual({
      id: 887,
      name: "N",
      description: "D",
      externalLink: "https://x.example",
      properties: null,
      attributes: null,
      image: null,
      published: false,
      tokenCount: 3,
      baseUri: `${HOST}/projects/30957/collections/887/tokens/`,
      contractUri: `${HOST}/projects/30957/collections/887.json`,
    });
  });

  test("the addresses that publishing leaves out are the same", () => {
    const { baseUri, contractUri } = toCollection(TARGET, read({}));
    expect(toCollection(TARGET, read({ baseURIs: undefined }))).toMatchObject({ baseUri, contractUri });
  });

  test("the image is that of the newest uploaded asset, else what the metadata say", () => {
    const metadata = { name: "N", description: "", image: "https://elsewhere/i.png" };
    const assets = [
      asset(1, "image", "https://h/old.png"),
      asset(2, "image", "https://h/new.png"),
      asset(3, "image", ""),
      asset(4, "banner", "https://h/banner.png"),
    ];
    expect(toCollection(TARGET, read({ metadata, assets })).image).toBe("https://h/new.png");
    expect(toCollection(TARGET, read({ metadata })).image).toBe("https://elsewhere/i.png");
  });
});

describe("a collection as Sequence is told it", () => {
  test("a new one is private and says external_link, which the server does not drop", () => {
    expect(toCollectionWrite({ name: "N", externalLink: "https://x.example", attributes: null })).toEqual({
      metadata: {
        name: "N",
        description: "",
        external_link: "https://x.example",
        properties: undefined,
        attributes: null,
      },
      private: true,
    });
  });

  test("a patch keeps all that it does not name: an update may replace, and a missing `private` would publish", () => {
    const current = read({
      revealKey: "r",
      metadata: {
        ...COLLECTION_ON_WIRE.metadata,
        image: "https://i",
        properties: { a: 1 },
        attributes: [{ b: 2 }],
      },
    });
    expect(patched(current, { description: "new", attributes: null })).toEqual({
      metadata: {
        name: "N",
        description: "new",
        image: "https://i",
        external_link: "https://x.example",
        properties: { a: 1 },
        attributes: null,
      },
      private: true,
      revealKey: "r",
    });
    expect(patched(read({ private: false }), { name: "M" })).toMatchObject({ private: false });
  });
});
