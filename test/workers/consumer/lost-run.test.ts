/** After a run that was never heard of again: nobody knows what it sent, and Sequence may still be working on it. */
import { env } from "cloudflare:workers";
import { describe, expect, inject, it } from "vitest";
import { claimJobs } from "../../../shared/store/claim.ts";
import { db, deliver, makeDue, onlyJob, queuedBatch, targetIn } from "../../support/consumer.ts";
import { dieAfterCalls, rescueAfterRestart } from "../../support/dead-consumer.ts";
import { argsOf } from "../../support/rows.ts";

type Queued = Awaited<ReturnType<typeof queuedBatch>>;

/** The methods of the calls that `work` makes. */
async function callsOf({ emulator, collectionId }: Queued, work: () => Promise<unknown>): Promise<string[]> {
  const before = (await emulator.calls(collectionId)).length;
  await work();
  return (await emulator.calls(collectionId)).slice(before).map(({ method }) => method);
}

/** The row as it runs again after the restart, due at once. */
const runAgain = (queued: Queued) =>
  callsOf(queued, async () => {
    await makeDue(queued.id);
    await deliver(queued.keys);
  });

/** Claimed, and whatever it did then, it did without telling anybody. */
async function claimAndDie({ keys }: Queued): Promise<void> {
  const now = Date.now();
  const lease = { leaseId: crypto.randomUUID(), now, expiresAt: now + 20_000, toleranceMs: 1_000 };
  expect(await claimJobs(db, { keys, target: targetIn(), ...lease })).toHaveLength(keys.length);
}

/** As if the lost run's lease had run out meanwhile. */
const leaseIsOver = (id: string) =>
  env.DB.prepare("UPDATE jobs SET attempts = json_set(attempts, '$[0].until', 1) WHERE batch_id = ?")
    .bind(id)
    .run();

describe("what it had done", () => {
  it("is found by its bytes, and only what cannot be read back is written again", async () => {
    const queued = await queuedBatch();
    await dieAfterCalls(queued.keys);
    await rescueAfterRestart(queued.id);
    expect(await runAgain(queued)).toEqual(["GetToken", "PrivateRead", "UpdateToken"]);
    expect(await onlyJob(queued.id)).toMatchObject({ state: "completed", outcome: "created", rescues: 1 });
    expect((await queued.emulator.getToken(queued.collectionId, "2")).assets).toHaveLength(1);
  });

  it("is uploaded again where other bytes of the same length are there", async () => {
    const queued = await queuedBatch();
    const { emulator, collectionId, id } = queued;
    await dieAfterCalls(queued.keys);
    const [asset] = (await emulator.getToken(collectionId, "2")).assets ?? [];
    const there = await fetch(String(asset?.url));
    const bytes = new Uint8Array(await there.arrayBuffer());
    bytes.set([0, 0, 0, 0], bytes.length - 4);
    const project = inject("emulators").conflict.project;
    await emulator.uploadByHand({ project, collectionId, tokenId: "2" }, Number(asset?.id), bytes);
    await rescueAfterRestart(id);
    expect(await runAgain(queued)).toEqual(["GetToken", "PrivateRead", "UploadAsset", "UpdateToken"]);
    expect(await onlyJob(id)).toMatchObject({ state: "completed", rescues: 1 });
  });

  it("is uploaded again where nobody may read it", async () => {
    const queued = await queuedBatch();
    const { emulator, collectionId, id } = queued;
    await dieAfterCalls(queued.keys);
    const where = { method: "PrivateRead", collectionId };
    await emulator.setFaults({ where, what: { kind: "cutBody" } });
    await rescueAfterRestart(id);
    expect(await runAgain(queued)).toEqual(["GetToken", "PrivateRead", "UploadAsset", "UpdateToken"]);
    expect(await onlyJob(id)).toMatchObject({ state: "completed", rescues: 1 });
  });
});

describe("what is missing", () => {
  it("is made only once Sequence can no longer be at it, and the wait costs no attempt", async () => {
    const queued = await queuedBatch();
    await claimAndDie(queued);
    await rescueAfterRestart(queued.id);
    const from = Date.now();
    expect(await runAgain(queued)).toEqual(["GetToken"]);
    const { scheduled_at } = await waitOf(queued.id);
    expect(scheduled_at - from).toBeGreaterThan(15_000);
    expect(scheduled_at - from).toBeLessThan(25_000);
    expect(await onlyJob(queued.id)).toMatchObject({
      state: "snoozed",
      attempt: 0,
      error: { code: "job.too_early" },
    });
    // Too early again, whatever brought the message.
    expect(await runAgain(queued)).toEqual(["GetToken"]);
    await leaseIsOver(queued.id);
    expect((await runAgain(queued)).slice(0, 2)).toEqual(["GetToken", "CreateToken"]);
    expect(await onlyJob(queued.id)).toMatchObject({ state: "completed", outcome: "created", attempt: 1 });
  });

  it("may be an asset alone", async () => {
    const queued = await queuedBatch();
    const { emulator, collectionId, id } = queued;
    await claimAndDie(queued);
    const { name, attributes } = argsOf(2).token;
    await emulator.makeToken(collectionId, "2", name, { attributes });
    await rescueAfterRestart(id);
    expect(await runAgain(queued)).toEqual(["GetToken"]);
    expect(await onlyJob(id)).toMatchObject({ state: "snoozed", step: "create-asset", attempt: 0 });
    // What the dead one had asked for has come.
    await emulator.rpc("CreateAsset", {
      asset: { collectionId, tokenId: "2", metadataField: "image" },
    });
    expect(await runAgain(queued)).toEqual(["GetToken", "UploadAsset", "UpdateToken"]);
    expect((await emulator.getToken(collectionId, "2")).assets).toHaveLength(1);
  });

  it("is nothing that the batch says it waits for", async () => {
    const queued = await queuedBatch();
    await claimAndDie(queued);
    await rescueAfterRestart(queued.id);
    await runAgain(queued);
    expect((await waitOf(queued.id)).waiting).toBeNull();
  });
});

async function waitOf(id: string): Promise<{ scheduled_at: number; waiting: string | null }> {
  const row = await env.DB.prepare(
    "SELECT j.scheduled_at, b.waiting FROM jobs j JOIN batches b ON b.id = j.batch_id WHERE b.id = ?",
  )
    .bind(id)
    .first<{ scheduled_at: number; waiting: string | null }>();
  if (row === null) throw new Error(`batch ${id} has no job`);
  return row;
}
