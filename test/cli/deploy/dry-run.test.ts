/** `npm run deploy -- --dry-run`, as people type it, on a machine without an account. */
import { rmSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, expect, test, vi } from "vitest";
import { costTable, itemise, MILLION_JOBS } from "../../../cli/deploy/cost.ts";
import { USES } from "../../../cli/deploy/uses.ts";
import { folderOf, PATIENT, runDeploy } from "./running.ts";

vi.setConfig(PATIENT);

const ENV = "dry";
afterAll(() => rmSync(folderOf(ENV), { recursive: true, force: true }));

test("needs no account, prints the whole plan and both bundles with their sizes, and asks nobody anything", async () => {
  const ran = await runDeploy(null, ["--dry-run", "--env", ENV]);
  expect(ran.stderr).toBe("");
  expect(ran.code).toBe(0);
  expect(ran.elsewhere).toBe("");
  const things = [
    ...["queue mintline-dead-dry", "queue mintline-jobs-dry", "queue mintline-intake-dry"],
    ...[
      "D1 database mintline-dry",
      "R2 bucket mintline-dry",
      "R2 lifecycle mintline-spool",
      "migrations mintline-dry",
    ],
    ...["consumer Worker mintline-consumer-dry", "producer Worker mintline-producer-dry"],
  ];
  // Columns are as wide as they need to be.
  const said = ran.stdout.replaceAll(/ +/g, " ");
  for (const [at, thing] of things.entries()) expect(said).toContain(` ${at + 1} create ${thing}`);
  for (const migration of await readdir("shared/store/migrations")) expect(ran.stdout).toContain(migration);
  for (const worker of ["consumer", "producer"]) expect(said).toContain(await sizeLine(worker));
  for (const words of [
    "Durable Object UpstreamGate",
    "14 days",
    "about 3,000 items a day",
    "$5 a month",
    "nothing was changed",
  ]) {
    expect(ran.stdout).toContain(words);
  }
});

/** What the table must say of a Worker, from the bundle that was made or kept. */
async function sizeLine(worker: string): Promise<string> {
  const bundles = join(folderOf(ENV), "../bundles");
  const mine = (await readdir(bundles)).filter((name) => new RegExp(`^${worker}-[0-9a-f]{16}$`).test(name));
  expect(mine).toHaveLength(1);
  const module = await readFile(join(bundles, mine[0] ?? "", "index.js"));
  return ` ${worker} ${kilobytes(module.length)} gzip ${kilobytes(gzipSync(module).length)}`;
}

const kilobytes = (bytes: number): string =>
  `${(bytes / 1000).toLocaleString("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 })} kB`;

test("what a million tokens cost adds up, item by item", () => {
  const of = (what: string) =>
    itemise(MILLION_JOBS).find(({ price }) => price.what === what) ?? expect.fail(what);
  expect(of("Queues: operations")).toMatchObject({ used: 3_000_000, alone: 0.8 });
  expect(of("Queues: operations").atMost).toBeCloseTo(1.2);
  expect(of("D1: rows written")).toMatchObject({ used: 5_450_000, alone: 0 });
  expect(of("D1: rows written").atMost).toBeCloseTo(5.45);
  expect(of("R2: MB kept for a month").alone).toBeCloseTo(7.35);
  const table = costTable(MILLION_JOBS);
  expect(table).toHaveLength(USES.length + 2);
  const column = (at: number) => table.slice(1, -1).map((row) => Number((row[at] ?? "").replace("$", "")));
  const sum = column(4).reduce((total, value) => total + value, 0);
  expect(Number(table.at(-1)?.[4]?.replace("$", ""))).toBeCloseTo(sum, 1);
});
