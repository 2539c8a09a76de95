import { describe, expect, test } from "vitest";
import {
  addressesOf,
  checkMediaSource,
  isMediaUrl,
  PUBLIC_GATEWAYS,
  readGateways,
} from "../../../shared/media/sources.ts";

const V0 = "QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG";
const V1 = "bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi";
const TX = "BNttzDav3jHVnNiV7nYbQv-GY0HQ-4XXsdkE5K9ylHQ";

const of = (cell: string): string => {
  const checked = checkMediaSource(cell, []);
  return checked.ok ? checked.value : checked.error.code;
};

describe("content by name, in one spelling", () => {
  test.each([
    [`ipfs://${V1}`, `ipfs://${V1}`],
    [`ipfs://${V0}/1.png`, `ipfs://${V0}/1.png`],
    [`IPFS://${V0}/1.png`, `ipfs://${V0}/1.png`],
    [`ipfs://ipfs/${V0}/1.png`, `ipfs://${V0}/1.png`],
    [`ipfs:/ipfs/${V0}/1.png`, `ipfs://${V0}/1.png`],
    [`ipfs:${V0}`, `ipfs://${V0}`],
    [`/ipfs/${V0}/art/1.png`, `ipfs://${V0}/art/1.png`],
    [`ipfs/${V1}/1.png`, `ipfs://${V1}/1.png`],
    [`ipfs://${V0}/a b/ü.png`, `ipfs://${V0}/a%20b/%C3%BC.png`],
    [`ipfs://${V0}/a%20b/%C3%BC.png`, `ipfs://${V0}/a%20b/%C3%BC.png`],
    [`ipfs://${V0}/100%.png`, `ipfs://${V0}/100%25.png`],
    [`ipfs://${V0}/Cool%20Cat%20%231.png`, `ipfs://${V0}/Cool%20Cat%20%231.png`],
    [`ipfs://${V0}/1.svg?filename=x.svg#layer`, `ipfs://${V0}/1.svg?filename=x.svg`],
    [
      "ipfs://bafkreifjjcie6lypi6ny7amxnfftagclbuxndqonfipmb64f2km2devei4",
      "ipfs://bafkreifjjcie6lypi6ny7amxnfftagclbuxndqonfipmb64f2km2devei4",
    ],
    [`ar://${TX}`, `ar://${TX}`],
    [`AR://${TX}/1.png?ext=png`, `ar://${TX}/1.png?ext=png`],
    ["https://ipfs.io/ipfs/QmX/1.png", "https://ipfs.io/ipfs/QmX/1.png"],
    ["https://example.com/a b.png", "https://example.com/a%20b.png"],
  ])("%s is %s", (cell, one) => {
    expect(of(cell)).toBe(one);
    expect(of(of(cell)), "and stays so").toBe(one);
  });

  test.each([
    "ipfs://",
    "ipfs://ipfsHash/0",
    "ipfs://my-collection/1.png",
    `ipfs://${V0.toLowerCase()}/1.png`,
    `ipfs://${V0.slice(0, -1)}/1.png`,
    `ipfs://${V0}x/1.png`,
    `ipfs://${V0}:8080/1.png`,
    `ipfs://${V0}/../1.png`,
    `ipfs://${V0}/%2e%2e/1.png`,
    `ipfs://${V0}/..%2f1.png`,
    `ipfs://${V0}/..%5c1.png`,
    `ipfs://${V0}/?a b`,
    `ipfs://${V0}/${"a".repeat(8_000)}`,
    `ipfs://${V0}/${"é".repeat(2_000)}`,
    "ar://",
    "ar://ardrive",
    `ar://${TX}x`,
    `ar://${TX}/../tx`,
  ])("%s is none", (cell) => {
    expect(of(cell)).toBe("row.media_url");
  });

  test("a refusal shows the cell and what to do", () => {
    const checked = checkMediaSource("ipfs://ipfsHash/0", []);
    if (checked.ok) throw new Error("let through");
    expect(checked.error.message).toBe(
      'Expected ipfs://CID/path or ar://TRANSACTION/path, got "ipfs://ipfsHash/0".',
    );
  });
});

describe("where to ask", () => {
  const gateways = { ipfs: ["https://a.example", "http://b.example:8080/gw"], ar: ["https://c.example"] };
  test.each<[string, string[]]>([
    [
      `ipfs://${V0}/1.png`,
      [`https://a.example/ipfs/${V0}/1.png`, `http://b.example:8080/gw/ipfs/${V0}/1.png`],
    ],
    [`ipfs://${V1}`, [`https://a.example/ipfs/${V1}`, `http://b.example:8080/gw/ipfs/${V1}`]],
    [`ar://${TX}/1.png?ext=png`, [`https://c.example/${TX}/1.png?ext=png`]],
    ["https://example.com/1.png", ["https://example.com/1.png"]],
    ["file:///etc/passwd", ["file:///etc/passwd"]],
  ])("%s", (source, addresses) => {
    expect(addressesOf(source, gateways)).toEqual(addresses);
  });
});

describe("gateways as an operator writes them", () => {
  test.each<[string, string[]]>([
    ["", []],
    ["https://a.example", ["https://a.example"]],
    [" https://a.example/ ,, https://b.example/ipfs/ ", ["https://a.example", "https://b.example"]],
    ["https://a.example/ipfs,https://a.example", ["https://a.example"]],
    ["http://127.0.0.1:8080/gw/", ["http://127.0.0.1:8080/gw"]],
  ])("%j", (text, bases) => {
    expect(readGateways(text, ["127.0.0.1:8080"])).toEqual({ ok: true, value: bases });
  });

  test.each([
    "a.example",
    "ipfs://a",
    "https://a.example?x=1",
    "http://127.0.0.1:8081",
    "http://localhost:8080",
  ])("not %s", (entry) => {
    expect(readGateways(`https://a.example,${entry}`, ["127.0.0.1:8080"])).toEqual({
      ok: false,
      error: entry,
    });
  });

  test("nor one with a password, which is not shown", () => {
    expect(readGateways("https://bob:hunter2@a.example", [])).toEqual({
      ok: false,
      error: "https://…@a.example",
    });
  });

  test("the public ones would pass", () => {
    for (const bases of Object.values(PUBLIC_GATEWAYS)) {
      expect(readGateways(bases.join(","), [])).toEqual({ ok: true, value: bases });
    }
  });
});

test.each([
  ["https://example.com/1.png", true],
  ["ipfs://bafy/1.png", true],
  [`/ipfs/${V0}/1.png`, true],
  [`ipfs/${V1}`, true],
  ["ar://x", true],
  ["data:image/png;base64,iVBO", true],
  ["javascript:alert(1)", true],
  ["HTTP:127.0.0.1", true],
  ["1.png", false],
  ["ipfs/1.png", false],
  ["/ipfs/art/1.png", false],
  ["art/1.png", false],
  ["C:\\art\\1.png", false],
  ["C:/art/1.png", false],
  ["final: version.png", false],
])("a cell %s is meant as an address: %s", (cell, meant) => {
  expect(isMediaUrl(cell)).toBe(meant);
});
