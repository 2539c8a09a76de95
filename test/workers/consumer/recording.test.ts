/** When D1 or the gate fails in the middle of a delivery: nothing is lost, nothing is buried for it, nobody waits for ever. */
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { db, deliver, makeDue, onlyJob, pictureAt, queueAll, queuedBatch } from "../../support/consumer.ts";
import { d1With } from "../../support/d1.ts";
import { argsOf, counters, readBatch } from "../../support/rows.ts";

/** D1 that does something else, or nothing, at chosen calls; counted from 1, the claim. */
const tampered = (at: (call: number) => Promise<void> | undefined) =>
  d1With(async (statements, really, call) => {
    await at(call);
    return really(statements);
  });
const fail = (message: string) => Promise.reject(new Error(message));
const OVERLOADED = "D1_ERROR: D1 DB is overloaded. Requests queued for too long.";

const leaseCount = async (id: string): Promise<number> => {
  const { results } = await env.DB.prepare("SELECT id FROM leases WHERE jobs LIKE ?").bind(`%${id}%`).all();
  return results.length;
};

describe("an outcome that D1 does not take", () => {
  it("for D1's own sake buries nothing: the lease stays, and with it the job", async () => {
    const { id, keys } = await queuedBatch();
    const DB = tampered((call) => (call === 2 || call === 3 ? fail(OVERLOADED) : undefined));
    const said = await deliver(keys, { env: { DB } });
    expect(said).toMatchObject({ acked: [], retried: [`${id}:2`] });
    expect(await counters(db, id)).toMatchObject({ stored: { running: 1 } });
    expect(await leaseCount(id)).toBe(1);
  });

  it("early in a delivery is recorded with the last ones", async () => {
    const { id, keys, emulator, collectionId } = await queuedBatch({ rows: 3 });
    await emulator.setFaults({ where: { collectionId }, what: { kind: "latency", ms: 160 } });
    const DB = tampered((call) =>
      call >= 2 && call <= 5 ? fail("D1_ERROR: Network connection lost.") : undefined,
    );
    const said = await deliver(keys, { env: { DB }, variables: { JOB_CONCURRENCY: "1" } });
    expect(said.acked).toHaveLength(3);
    expect(await counters(db, id)).toMatchObject({ stored: { completed: 3 } });
    expect(await leaseCount(id)).toBe(0);
  });
});

describe("a message that could not be claimed", () => {
  it("and whose reason D1 does not tell keeps no other job from running", async () => {
    const { id, keys } = await queuedBatch();
    const stray = { batchId: "bat_00000000000000000000000000", line: 5 };
    const DB = tampered((call) => (call === 2 ? fail(OVERLOADED) : undefined));
    const said = await deliver([...keys, stray], { env: { DB } });
    expect(said).toMatchObject({ outcome: "ok", acked: [`${id}:2`], retried: [`${stray.batchId}:5`] });
    expect(await readBatch(db, id)).toMatchObject({ state: "finished", completed: 1 });
  });

  it("because its batch was paused comes again where the batch was resumed meanwhile", async () => {
    const { id, keys } = await queuedBatch({ rows: 2 });
    const steer = (state: string) =>
      db.run({ sql: "UPDATE batches SET state = ?2 WHERE id = ?1", params: [id, state] });
    await steer("paused");
    // Claim and the question why find it paused; what was to be put back is found running again.
    const DB = tampered(async (call) => void (call === 3 && (await steer("running"))));
    const said = await deliver(keys, { env: { DB } });
    expect(said).toMatchObject({ acked: [], retried: [`${id}:2`, `${id}:3`] });
    expect(await counters(db, id)).toMatchObject({ stored: { queued: 2 } });
  });
});

it("a fuller window that cannot be had is no reason to repeat a delivery", async () => {
  const { id, keys } = await queuedBatch({ rows: 1 });
  await db.run({
    sql: "INSERT INTO jobs (batch_id, line, token_id, args, args_hash) SELECT batch_id, 99, '99', args, '' FROM jobs WHERE batch_id = ?1",
    params: [id],
  });
  await db.run({ sql: "UPDATE batches SET pending = 1, rows_valid = 2 WHERE id = ?1", params: [id] });
  const DB = tampered((call) => (call === 3 ? fail(OVERLOADED) : undefined));
  const said = await deliver(keys, { env: { DB } });
  expect(said).toMatchObject({ outcome: "ok", acked: [`${id}:2`], retried: [] });
});

it("a gate that does not answer sends everything back untouched, and not at once", async () => {
  const { id, keys, emulator, collectionId } = await queuedBatch();
  const GATE = { getByName: () => ({ enter: () => fail("the object was reset") }) };
  const said = await deliver(keys, { env: { GATE: GATE as never } });
  expect(said).toMatchObject({ outcome: "ok", acked: [], retried: [`${id}:2`] });
  expect(await emulator.calls(collectionId)).toEqual([]);
  expect(await onlyJob(id)).toMatchObject({ state: "queued", attempt: 0, claims: 0 });
  await deliver(keys);
  expect(await onlyJob(id)).toMatchObject({ state: "completed", outcome: "created" });
});

it("a job that comes back after another wrote its token brings its own media again", async () => {
  const one = await queuedBatch();
  const { emulator, collectionId, id } = one;
  const fault = `slow-publish-${collectionId}`;
  await emulator.setFaults({
    id: fault,
    where: { collectionId, method: "UpdateToken" },
    what: { kind: "status", status: 429, body: "text" },
  });
  await deliver(one.keys);
  expect(await onlyJob(id)).toMatchObject({ state: "snoozed", step: "publish-token" });
  await emulator.clearFaults(fault);
  const two = await queuedBatch({
    collectionId,
    args: (line) => argsOf(line, pictureAt(emulator.url, collectionId, 77)),
  });
  await deliver(two.keys);
  expect(await readBatch(db, two.id)).toMatchObject({ state: "finished", completed: 1 });
  await makeDue(id);
  await deliver(one.keys);
  const job = await onlyJob(id);
  expect(job.state).toBe("completed");
  const asset = (await emulator.getToken(collectionId, "2")).assets?.[0];
  const bytes = await (await fetch(String(asset?.url))).arrayBuffer();
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  const sha256 = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
  expect(sha256).toBe(job.outputs?.assets[0]?.sha256);
  expect(await queueAll(id)).toEqual([]);
});
