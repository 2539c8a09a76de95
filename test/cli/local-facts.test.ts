/** The facts of a local stack: D1 from the file that Wrangler keeps, the rest from the emulator. */
import { globSync, mkdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, it, onTestFinished } from "vitest";
import { readLocalFacts, readLocalStore } from "../../cli/stack/facts.ts";
import { makeKey } from "../../emulator/keys.ts";
import { startEmulator } from "../../emulator/server.ts";
import { checkInvariants } from "../../shared/invariants/check.ts";
import { emulatorAt } from "../support/emulator.ts";

const TARGET = "emulator#1";

/** As `wrangler dev --persist-to` leaves it: a file by hash, and one of Wrangler's own beside it. */
async function localD1(): Promise<{ stateRoot: string; database: DatabaseSync }> {
  const stateRoot = await mkdtemp(join(tmpdir(), "mintline-facts-"));
  onTestFinished(() => rm(stateRoot, { recursive: true, force: true }));
  const folder = join(stateRoot, "v3/d1/miniflare-D1DatabaseObject");
  mkdirSync(folder, { recursive: true });
  new DatabaseSync(join(folder, "0.sqlite")).close();
  const database = new DatabaseSync(join(folder, "5f3a.sqlite"));
  onTestFinished(() => database.close());
  database.exec("PRAGMA journal_mode = WAL");
  for (const file of globSync("shared/store/migrations/*.sql").sort())
    database.exec(readFileSync(file, "utf8"));
  return { stateRoot, database };
}

it("reads both sides, while the runtime has its file open, and ends in what does not hold", async () => {
  const { stateRoot, database } = await localD1();
  const emulator = await startEmulator({});
  onTestFinished(() => emulator.close());
  const service = emulatorAt(emulator.url, await makeKey({ project: 1 }));
  const collectionId = await service.makeCollection(true);
  await service.makeToken(collectionId, "7", "By hand");
  const options = { ...OPTIONS };
  database
    .prepare(
      `INSERT INTO batches (id, target, name, state, collection_id, options, fingerprint, source_key, rows_total,
         rows_valid, completed, created, created_at, started_at, finished_at)
       VALUES ('bat_1', ?, 'a.csv', 'finished', ?, ?, '', '', 1, 1, 1, 1, 1, 1, 2)`,
    )
    .run(TARGET, collectionId, JSON.stringify(options));
  const asked = { stateRoot, target: TARGET, emulatorUrl: emulator.url, maxAttempts: 5 };
  const facts = await readLocalFacts(asked);
  expect(facts.store.batches).toMatchObject([{ id: "bat_1", counts: { completed: 1, pending: 0 } }]);
  expect(facts.upstream).toMatchObject({
    tokens: [{ collectionId, tokenId: "7", isPrivate: true, metadata: { name: "By hand" } }],
    calls: [{ method: "CreateCollection" }, { method: "CreateToken", acted: 2, isPrivate: true }],
  });
  expect(new Set(checkInvariants(facts).map(({ name }) => name))).toEqual(
    new Set(["job.lost", "counts.drift"]),
  );
  expect(readLocalStore(stateRoot, "https://elsewhere.example#1").batches).toEqual([]);
});

it("says where it looked when there is no D1", () => {
  expect(() => readLocalStore("/nowhere", TARGET)).toThrow(
    "Expected the local D1 under /nowhere, found none.",
  );
});

const OPTIONS = {
  ...{ onInvalid: "stop", onExisting: "fail", publish: true, dryRun: false, first: null, force: false },
  ...{ refreshMedia: false, mediaSet: null, template: {}, map: {}, tokenIds: "file", firstTokenId: "0" },
  contentType: "text/csv",
};
