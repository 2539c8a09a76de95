/** The checker over real runs in workerd: silent when nothing is wrong, loud when D1 or Sequence is tampered with. */
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { db, deliver, emulatorIn, type Mode, queuedBatch } from "../../support/consumer.ts";
import { factsOf, violationsIn } from "../../support/invariants.ts";
import { argsOf } from "../../support/rows.ts";

type Finished = { id: string; collectionId: number };

/** One row that is published, and one whose media is not there. */
async function finishedBatch(mode: Mode = "conflict"): Promise<Finished> {
  const emulator = emulatorIn(mode);
  const args = (line: number) =>
    argsOf(line, `${emulator.url}${line === 2 ? "/media/generated/good.png" : "/media/_/404"}`);
  const { id, keys, collectionId } = await queuedBatch({ rows: 2, mode, args });
  await deliver(keys, { mode });
  expect(await violationsIn(db, { batchIds: [id], mode })).toEqual([]);
  return { id, collectionId };
}

const run = (sql: string, ...values: (string | number)[]) =>
  env.DB.prepare(sql)
    .bind(...values)
    .run();

type Case = [what: string, names: string[], tamper: (batch: Finished) => Promise<unknown>];

const atSequence: Case[] = [
  [
    "its name is changed",
    ["job.differs"],
    ({ collectionId }) =>
      emulatorIn().rpc("UpdateToken", {
        collectionId,
        tokenId: "2",
        token: { tokenId: "2", name: "Other" },
        private: false,
      }),
  ],
  [
    "it is hidden",
    ["job.differs"],
    ({ collectionId }) => emulatorIn().rpc("UpdateToken", { collectionId, tokenId: "2", private: true }),
  ],
  [
    "it is deleted",
    ["job.differs"],
    ({ collectionId }) => emulatorIn().rpc("DeleteToken", { collectionId, tokenId: "2" }),
  ],
  [
    "a second asset is made",
    ["asset.doubled"],
    ({ collectionId }) =>
      emulatorIn().rpc("CreateAsset", { asset: { collectionId, tokenId: "2", metadataField: "image" } }),
  ],
];

const inD1: Case[] = [
  [
    "a counter is moved",
    ["counts.drift"],
    ({ id }) => run("UPDATE batches SET completed = completed + 1 WHERE id = ?", id),
  ],
  [
    "a job is opened again",
    ["counts.drift", "job.lost"],
    ({ id }) => run("UPDATE jobs SET state = 'pending', outcome = NULL WHERE batch_id = ? AND line = 2", id),
  ],
  [
    "a job vanishes",
    ["counts.drift", "job.lost", "manifest.wrong", "token.unasked"],
    ({ id }) => run("DELETE FROM jobs WHERE batch_id = ? AND line = 2", id),
  ],
  [
    "a dead letter vanishes",
    ["dead.unrecorded"],
    ({ id }) => run("DELETE FROM dead_letters WHERE batch_id = ?", id),
  ],
  [
    "a dead letter says 429",
    ["dead.by_throttle"],
    ({ id }) => run("UPDATE dead_letters SET http_status = 429 WHERE batch_id = ?", id),
  ],
  [
    "an attempt is added",
    ["attempt.burnt"],
    ({ id }) => run("UPDATE jobs SET attempt = attempt + 1 WHERE batch_id = ? AND line = 3", id),
  ],
  [
    "the manifest is emptied",
    ["manifest.wrong"],
    ({ collectionId }) => run("DELETE FROM manifest WHERE collection_id = ?", collectionId),
  ],
  [
    "a lease is left",
    ["lease.left"],
    ({ id }) =>
      run("INSERT INTO leases VALUES (?1, 'emulator#1', json_array(json_object('b', ?1, 'l', 2)), 1, 1)", id),
  ],
];

describe("the checker over a real run", () => {
  it.each([...atSequence, ...inD1])("fires when %s: %j", async (_what, names, tamper) => {
    const batch = await finishedBatch();
    await tamper(batch);
    const found = await violationsIn(db, { batchIds: [batch.id] });
    expect(new Set(found.map((text) => text.split(":")[0]))).toEqual(new Set(names));
  });

  it("fires when a token is created again where Sequence overwrites", async () => {
    const { id, collectionId } = await finishedBatch("overwrite");
    const { token } = argsOf(2);
    await emulatorIn("overwrite").rpc("CreateToken", {
      collectionId,
      token: { tokenId: "2", ...token },
      private: false,
    });
    const found = await violationsIn(db, { batchIds: [id], mode: "overwrite" });
    expect(found).toEqual([expect.stringMatching(/^token\.doubled: batch .* line 2, token \d+\/2: /)]);
  });

  it("fires when somebody else's token is written to", async () => {
    const emulator = emulatorIn();
    const collectionId = await emulator.makeCollection(true);
    await emulator.makeToken(collectionId, "2", "Made by hand");
    const { id, keys } = await queuedBatch({ rows: 1, collectionId });
    await deliver(keys);
    const asked = { batchIds: [id], handMade: [{ collectionId, tokenId: "2" }] };
    // The create itself was refused; that it was tried is no breach.
    expect(await violationsIn(db, asked)).toEqual([]);
    await emulator.rpc("UpdateToken", { collectionId, tokenId: "2", private: false });
    expect(await violationsIn(db, asked)).toEqual([
      expect.stringMatching(/^key\.foreign_touched: .*expected no write, found UpdateToken/),
    ]);
  });

  it("knows the bytes behind a URL where it is told them", async () => {
    const { id } = await finishedBatch();
    const mediaAt = (url: string) => (url.endsWith("/good.png") ? "0".repeat(64) : undefined);
    expect(await violationsIn(db, { batchIds: [id], mediaAt })).toEqual([
      expect.stringMatching(/^job\.differs: .*as the row names it/),
    ]);
    const { upstream } = await factsOf(db, { batchIds: [id] });
    expect(upstream.calls.find(({ method }) => method === "UploadAsset")).toMatchObject({
      field: "image",
      status: 200,
    });
  });
});
