import { Interface } from "ethers/abi";
import { expect, test } from "vitest";
import {
  baseUri,
  collectionAssetUploadUrl,
  contractCalls,
  contractUri,
  privateAssetUrl,
  publicTokenUrl,
  uploadUrl,
} from "../../../shared/sequence/addresses.ts";

const BASE = "https://metadata.sequence.app";

test("addresses are those of the guide", () => {
  expect(baseUri(BASE, 30957, 900)).toBe(`${BASE}/projects/30957/collections/900/tokens/`);
  expect(contractUri(BASE, 30957, 900)).toBe(`${BASE}/projects/30957/collections/900.json`);
  expect(publicTokenUrl(BASE, 30957, 900, "7")).toBe(`${BASE}/projects/30957/collections/900/tokens/7`);
  expect(privateAssetUrl(BASE, 30957, 900, "7", "image")).toBe(
    `${BASE}/projects/30957/collections/900/tokens/7/asset/image`,
  );
  expect(uploadUrl(BASE, 30957, 900, "7", 4418)).toBe(
    `${BASE}/projects/30957/collections/900/tokens/7/upload/4418`,
  );
  expect(collectionAssetUploadUrl(BASE, 30957, 900, 4418)).toBe(
    `${BASE}/projects/30957/collections/900/assets/4418/upload`,
  );
});

test("a slash at the end of the base is no harm, and a token id cannot leave its segment", () => {
  expect(contractUri(`${BASE}//`, 1, 2)).toBe(`${BASE}/projects/1/collections/2.json`);
  expect(publicTokenUrl(BASE, 1, 2, "7/../../x?y")).toBe(
    `${BASE}/projects/1/collections/2/tokens/7%2F..%2F..%2Fx%3Fy`,
  );
});

test("calldata: the selectors of setBaseMetadataURI(string) and setContractURI(string), then the text", () => {
  const base = baseUri(BASE, 30957, 900);
  const contract = contractUri(BASE, 30957, 900);
  const calls = contractCalls(base, contract);
  expect(calls.setBaseMetadataURI.signature).toBe("setBaseMetadataURI(string)");
  expect(calls.setContractURI.signature).toBe("setContractURI(string)");
  // keccak-256 of the signatures, first four bytes.
  expect(calls.setBaseMetadataURI.data.slice(0, 10)).toBe("0x7e518ec8");
  expect(calls.setContractURI.data.slice(0, 10)).toBe("0x938e3d7b");
  const abi = new Interface(["function setBaseMetadataURI(string)", "function setContractURI(string)"]);
  expect([...abi.decodeFunctionData("setBaseMetadataURI", calls.setBaseMetadataURI.data)]).toEqual([base]);
  expect([...abi.decodeFunctionData("setContractURI", calls.setContractURI.data)]).toEqual([contract]);
});
