/** Intake finds the media addresses that several rows need, over all slices of a file, and leaves nothing else behind. */
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { sql } from "../../../shared/store/db.ts";
import { batchOf, db, drain, intakeRun, received, rows, taken } from "../../support/intake.ts";

const shared = async (batchId: string) =>
  (await db.run(sql("SELECT url, line FROM media_fetches WHERE batch_id = ?1 ORDER BY line", batchId))).rows;
const lists = async (batchId: string) =>
  (await env.BUCKET.list({ prefix: `batches/${batchId}/addresses/` })).objects.length;
const url = (name: string) => `https://example.com/${name}.png`;

test("where all differ nothing is written", async () => {
  const { id, batch } = await taken(rows(50));
  expect(batch).toMatchObject({ state: "running", rows_valid: 50 });
  expect([await shared(id), await lists(id)]).toEqual([[], 0]);
});

test("in a file of several slices each is found once, with the first row that needs it", async () => {
  // Words that make two slices of it.
  const words = "w".repeat(40_000);
  const names = Array.from({ length: 150 }, (_, n) =>
    n % 140 === 7 ? "rare" : n % 50 === 5 ? "common" : `own${n}`,
  );
  const file = names.map((name, n) => `${n + 1},R,${words},${url(name)},${n > 145 ? url("film") : ""}\n`);
  const { id, batch } = await taken(`tokenId,name,description,image,video\n${file.join("")}`);
  expect(batch).toMatchObject({ state: "running", rows_valid: 150 });
  expect(await shared(id)).toEqual([
    { url: url("common"), line: 2 + 5 },
    { url: url("rare"), line: 2 + 7 },
    { url: url("film"), line: 2 + 146 },
  ]);
  expect(await lists(id)).toBe(0);
}, 60_000);

test("by two intakes at once the same, and once", async () => {
  const file = `tokenId,name,image\n${Array.from({ length: 40 }, (_, n) => `${n},R,${url(String(n % 4))}\n`).join("")}`;
  const id = await received(file);
  await Promise.all([drain(id, intakeRun()), drain(id, intakeRun())]);
  expect(await batchOf(id)).toMatchObject({ state: "running", rows_valid: 40 });
  expect((await shared(id)).map(({ line }) => line)).toEqual([2, 3, 4, 5]);
});

test("of a file that will not run nothing is noted, and no list is left", async () => {
  const { id, batch } = await taken(`tokenId,name,image\n1,A,${url("a")}\n2,,${url("a")}\n3,C,${url("a")}\n`);
  expect(batch.state).toBe("invalid");
  expect([await shared(id), await lists(id)]).toEqual([[], 0]);
});
