import { expect, it } from "vitest";
import { heldWhole, workerSources } from "./held-whole.ts";

it("nothing that runs in a Worker reads a body whole", () => {
  const sources = workerSources();
  expect(sources.map(({ file }) => file)).toContain("workers/consumer/media/fetch-media.ts");
  expect(sources.flatMap(({ file, source }) => heldWhole(file, source))).toEqual([]);
});

it.each([
  ["arrayBuffer", "return inMemory(facts, new Uint8Array(await response.arrayBuffer()));"],
  ["blob", "const file = await object.blob ();"],
  ["formData", 'const form = await request["formData"]();'],
  ["new FormData", 'const form = new FormData();\nform.set("file", file);'],
  ["new Blob", "fetch(url, { body: new Blob([head, file, tail]) });"],
])("fires where media were held by %s", (what, line) => {
  const real = workerSources().find(({ file }) => file === "workers/consumer/media/fetch-media.ts");
  const mutated = `${real?.source}\n${line}\n`;
  const at = real?.source.split("\n").length ?? 0;
  expect(heldWhole("fetch-media.ts", mutated)).toEqual([`fetch-media.ts:${at + 1} ${what}`]);
});

it("lets a comment say why", () => {
  expect(heldWhole("a.ts", "/**\n * never `arrayBuffer()`\n */\nconst a = 1; // not blob()\n")).toEqual([]);
});
