/** Every file of the corpus is read as somebody wrote down that it should be. `CORPUS=write` writes what is read now: for review. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { cases, described, expectedUrl, readCase } from "./corpus.ts";

const all = cases();

test("the corpus is large enough to mean something", () => {
  const formats = all.filter(({ file }) => file.startsWith("formats/"));
  expect(formats.length).toBeGreaterThanOrEqual(20);
  expect(all.length - formats.length).toBeGreaterThanOrEqual(40);
  expect(new Set(all.map(({ file }) => file)).size).toBe(all.length);
});

test.each(all.map((one) => [one.file, one] as const))("%s", async (_, one) => {
  const read = described(one, await readCase(one));
  const expected = expectedUrl(one);
  if (process.env.CORPUS === "write") writeFileSync(expected, read);
  expect(existsSync(expected), `${expected.pathname} is missing`).toBe(true);
  expect(read).toBe(readFileSync(expected, "utf8"));
});
