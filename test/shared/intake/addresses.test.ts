/** Finding the addresses that several rows of a file need, without holding the file. */
import { expect, test } from "vitest";
import { collectAddresses, sharedAddressesMax, sharedPlaces } from "../../../shared/intake/addresses.ts";
import type { JobArgs } from "../../../shared/job/job.ts";
import { ended } from "./support.ts";

const media = (...urls: string[]): Pick<JobArgs, "media"> => ({
  media: urls.map((url, index) => ({
    field: index === 0 ? "image" : "video",
    source: { kind: "url", url },
  })),
});
const set: Pick<JobArgs, "media"> = {
  media: [
    {
      field: "image",
      source: { kind: "set", fileName: "a.png", sha256: "ab", bytes: 1, contentType: "image/png" },
    },
  ],
};
const listOf = (rows: readonly (readonly [number, Pick<JobArgs, "media">])[]) => {
  const collector = collectAddresses();
  for (const [line, args] of rows) collector.add(line, args);
  return collector.list();
};

test("the first place of each that repeats, also from one list to the next and within a row", () => {
  const lists = [
    listOf([
      [2, media("https://a/1", "https://a/film")],
      [3, media("https://a/2")],
      [4, set],
    ]),
    listOf([
      [5, media("https://a/2", "https://a/film")],
      [6, media("https://a/twice", "https://a/twice")],
      [7, media("https://a/last")],
    ]),
  ];
  expect(ended(sharedPlaces(lists, 100))).toEqual([4 * 2 + 1, 4 * 3, 4 * 6]);
  expect(ended(sharedPlaces(lists, 1))).toHaveLength(1);
  expect(ended(sharedPlaces([], 100))).toEqual([]);
});

test("of too many the most used", () => {
  const rows = [1, 2, 2, 3, 3, 3, 4, 4, 4, 4].map(
    (name, index) => [index + 2, media(`https://a/${name}`)] as const,
  );
  expect(ended(sharedPlaces([listOf(rows)], 2))).toEqual([4 * 5, 4 * 8]);
});

test("one for ten rows of the file, and a hundred in any case: 0.2 rows written a job at most", () => {
  expect([1, 999, 10_000].map(sharedAddressesMax)).toEqual([100, 100, 1_000]);
});

test("200,000 addresses that look alike are told apart, quickly", () => {
  const collector = collectAddresses();
  for (let n = 0; n < 200_000; n += 1) {
    const url =
      n % 2 === 0
        ? `https://art.example/collection/${n}.png`
        : `ipfs://bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi/${n}`;
    collector.add(n + 2, media(url));
  }
  collector.add(200_002, media("https://art.example/collection/77776.png"));
  const startedAt = performance.now();
  expect(ended(sharedPlaces([collector.list()], 1_000))).toEqual([4 * 77_778]);
  expect(performance.now() - startedAt).toBeLessThan(5_000);
});
