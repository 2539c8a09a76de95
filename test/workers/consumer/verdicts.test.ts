/** What each failure does to a job and its batch, met for real at the emulator (design §6). */
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { FaultInput } from "../../../emulator/faults.ts";
import { rescueJobs } from "../../../shared/store/release.ts";
import { db, deliver, makeDue, onlyJob, queueAll, queuedBatch } from "../../support/consumer.ts";
import { argsOf, counters, readBatch, readJobs } from "../../support/rows.ts";

const one = async (fault: FaultInput, given: Parameters<typeof queuedBatch>[0] = {}) => {
  const batch = await queuedBatch(given);
  const { collectionId, emulator } = batch;
  await emulator.setFaults({ ...fault, id: batch.id, where: { ...fault.where, collectionId } });
  return { ...batch, clear: () => emulator.clearFaults(batch.id) };
};
const state = async (id: string) => String((await onlyJob(id)).state);
const called = async ({ emulator, collectionId }: Awaited<ReturnType<typeof one>>) =>
  (await emulator.calls(collectionId)).map(({ method }) => method);

describe("Sequence", () => {
  const at = (method: string): FaultInput["where"] => ({ method });
  const table: [string, FaultInput, string, number][] = [
    [
      "429 RateLimited",
      { what: { kind: "status", status: 429, error: "RateLimited", retryAfterSeconds: 7 } },
      "snoozed",
      0,
    ],
    ["429 QuotaRateLimit", { what: { kind: "status", status: 429, error: "QuotaRateLimit" } }, "snoozed", 0],
    [
      "a 502 page",
      { where: at("Sequence"), what: { kind: "status", status: 502, body: "html" } },
      "retryable",
      1,
    ],
    [
      "a 403 page",
      { where: at("Sequence"), what: { kind: "status", status: 403, body: "html" } },
      "retryable",
      1,
    ],
    ["500", { where: at("Sequence"), what: { kind: "status", status: 500 } }, "retryable", 1],
    ["408", { where: at("Sequence"), what: { kind: "status", status: 408, body: "text" } }, "retryable", 1],
    ["no connection", { where: at("Sequence"), what: { kind: "closeBefore" } }, "retryable", 1],
    ["InvalidArgument", { what: { kind: "refuse", error: "InvalidArgument" } }, "dead", 1],
    ["RequiredArgument", { what: { kind: "refuse", error: "RequiredArgument" } }, "dead", 1],
    ["ValidationFailed", { what: { kind: "refuse", error: "ValidationFailed" } }, "dead", 1],
    [
      "QueryFailed, with no token there",
      { where: at("CreateToken"), what: { kind: "refuse", error: "QueryFailed" } },
      "retryable",
      1,
    ],
    ["something unnamed", { what: { kind: "status", status: 418, body: "text" } }, "retryable", 1],
  ];

  it.each(table)("%s → %3$s, at %4$i attempts", async (_name, fault, expected, attempts) => {
    const batch = await one(fault);
    const said = await deliver(batch.keys);
    expect(said).toMatchObject({ outcome: "ok", acked: [`${batch.id}:2`] });
    const job = await onlyJob(batch.id);
    expect([job.state, job.attempt]).toEqual([expected, attempts]);
    expect(job.error?.next).toMatch(/\w/);
    await batch.clear();
  });

  it("a 429 is never tried again inside the call, and the batch says what it waits for", async () => {
    const batch = await one({
      what: { kind: "status", status: 429, error: "QuotaRateLimit", retryAfterSeconds: 60 },
    });
    await deliver(batch.keys);
    expect(await called(batch)).toEqual(["CreateToken"]);
    const { waiting } = await readBatch(db, batch.id);
    expect(JSON.parse(String(waiting))).toMatchObject({ reason: "rate_limited", host: batch.emulator.host });
    await batch.clear();
    await makeDue(batch.id);
    await deliver(batch.keys);
    expect(await readBatch(db, batch.id)).toMatchObject({ state: "finished", waiting: null });
  });

  const account: [string, FaultInput["what"], string][] = [
    ["a refused key", { kind: "refusedKey" }, "key.refused"],
    ["a read-only key", { kind: "readOnlyKey" }, "key.read_only"],
    ["an expired key", { kind: "expiredKey" }, "key.expired"],
    ["a spent quota", { kind: "spentQuota" }, "quota.spent"],
  ];
  it.each(account)("%s halts the batch and burns nothing", async (_name, what, code) => {
    const batch = await one({ what }, { rows: 8 });
    await deliver(batch.keys);
    const row = await readBatch(db, batch.id);
    expect(row).toMatchObject({ state: "halted", pending: 8, dead: 0 });
    expect(JSON.parse(String(row.halted))).toMatchObject({ code, next: expect.stringMatching(/\w/) });
    expect((await readJobs(db, batch.id)).map(({ attempt }) => attempt)).toEqual(Array(8).fill(0));
    await batch.clear();
  });

  it("a collection that is gone halts the batch with 0 dead, and a read-only key says how to mend it", async () => {
    const batch = await queuedBatch({ rows: 6 });
    await batch.emulator.rpc("DeleteCollection", { collectionId: batch.collectionId });
    await deliver(batch.keys);
    const row = await readBatch(db, batch.id);
    expect(row).toMatchObject({ state: "halted", pending: 6, dead: 0 });
    expect(JSON.parse(String(row.halted))).toMatchObject({ code: "collection.not_found" });
  });

  it("a time-out after a write is looked into before anything is sent again", async () => {
    const batch = await one({ times: 1, where: at("CreateToken"), what: { kind: "latency", ms: 900 } });
    await deliver(batch.keys, { variables: { CALL_TIMEOUT_MS: "300" } });
    expect((await called(batch)).slice(0, 2)).toEqual(["CreateToken", "GetToken"]);
    const created = (await called(batch)).filter((method) => method === "CreateToken");
    const { assets } = await batch.emulator.getToken(batch.collectionId, "2");
    expect(created.length).toBeLessThanOrEqual(2);
    expect(assets?.length ?? 0).toBeLessThanOrEqual(1);
    expect(await state(batch.id)).toBe("completed");
  });
});

describe("media", () => {
  const paths: [string, string, string][] = [
    ["answers 404", "/media/_/404", "dead"],
    ["is an HTML page", "/media/_/html", "dead"],
    ["is empty", "/media/_/empty", "dead"],
    ["is over the cap", "/media/_/bytes/200000001", "dead"],
  ];
  it.each(paths)("that %s is buried with nothing half-made", async (_name, path, expected) => {
    const batch = await queuedBatch();
    const job = (line: number) => argsOf(line, `${batch.emulator.url}${path}`);
    const bad = await queuedBatch({ collectionId: batch.collectionId, args: job });
    await deliver(bad.keys);
    const row = await onlyJob(bad.id);
    expect([row.state, row.step, row.attempt]).toEqual([expected, "upload-asset", 1]);
    expect(row.error?.code).toMatch(/^media\./);
    expect(await batch.emulator.calls(batch.collectionId)).toEqual([]);
    const { results } = await env.DB.prepare("SELECT response FROM dead_letters WHERE batch_id = ?")
      .bind(bad.id)
      .all();
    expect(String(results[0]?.response)).toContain(path);
  });

  it("on a private address is refused before a request leaves", async () => {
    const batch = await queuedBatch({ args: (line) => argsOf(line, "http://127.0.0.1:9/x.png") });
    const sent: string[] = [];
    const original = globalThis.fetch;
    globalThis.fetch = (input, init) => {
      sent.push(String(input instanceof Request ? input.url : input));
      return original(input, init);
    };
    try {
      await deliver(batch.keys);
    } finally {
      globalThis.fetch = original;
    }
    expect(await onlyJob(batch.id)).toMatchObject({
      state: "dead",
      error: { code: expect.stringContaining("private") },
    });
    expect(sent).toEqual([]);
  });

  it("on a host that answers 503 waits at no attempt, and the batch names the host", async () => {
    const batch = await queuedBatch();
    await batch.emulator.setFaults({
      id: batch.id,
      where: { method: "Media", pathIncludes: `/${batch.collectionId}-` },
      what: { kind: "status", status: 503, body: "text", retryAfterSeconds: 30 },
    });
    await deliver(batch.keys);
    expect(await onlyJob(batch.id)).toMatchObject({ state: "snoozed", attempt: 0 });
    expect(JSON.parse(String((await readBatch(db, batch.id)).waiting))).toMatchObject({
      reason: "media_host_down",
    });
    await batch.emulator.clearFaults(batch.id);
  });
});

describe("coming back: the first call is GetToken", () => {
  const snooze: FaultInput = { times: 1, what: { kind: "status", status: 429, error: "RateLimited" } };
  const firstAfter = async (batch: Awaited<ReturnType<typeof one>>, again: () => Promise<void>) => {
    const before = (await called(batch)).length;
    await again();
    await deliver(batch.keys);
    expect((await called(batch))[before]).toBe("GetToken");
    expect(await state(batch.id)).toBe("completed");
  };

  it("after a snooze", async () => {
    const batch = await one(snooze);
    await deliver(batch.keys);
    expect(await state(batch.id)).toBe("snoozed");
    await firstAfter(batch, () => makeDue(batch.id));
  });

  it("after a halt and a resume", async () => {
    const batch = await one({ times: 1, what: { kind: "refusedKey" } });
    await deliver(batch.keys);
    await firstAfter(batch, async () => {
      await env.DB.prepare("UPDATE batches SET state = 'running', halted = NULL WHERE id = ?")
        .bind(batch.id)
        .run();
      await queueAll(batch.id);
    });
  });

  it("after a release between two steps", async () => {
    const batch = await one({ times: 1, where: { method: "CreateAsset" }, what: { kind: "refusedKey" } });
    await deliver(batch.keys);
    expect(await onlyJob(batch.id)).toMatchObject({ state: "pending", outputs: { token: "created" } });
    await firstAfter(batch, async () => {
      await env.DB.prepare("UPDATE batches SET state = 'running', halted = NULL WHERE id = ?")
        .bind(batch.id)
        .run();
      await queueAll(batch.id);
    });
  });

  it("after a rescue", async () => {
    const batch = await one({ what: { kind: "latency" } });
    await env.DB.prepare("UPDATE jobs SET state = 'running', lease_id = ?, claims = 1 WHERE batch_id = ?")
      .bind(`dead-${batch.id}`, batch.id)
      .run();
    await env.DB.prepare("UPDATE batches SET queued = 0, running = 1 WHERE id = ?").bind(batch.id).run();
    await env.DB.prepare("INSERT INTO leases VALUES (?, 'emulator#1', ?, 0, 1)")
      .bind(`dead-${batch.id}`, JSON.stringify([{ b: batch.id, l: 2 }]))
      .run();
    await env.DB.prepare(
      "INSERT INTO manifest (target, collection_id, token_id, batch_id, line) VALUES ('emulator#1', ?, '2', ?, 2)",
    )
      .bind(batch.collectionId, batch.id)
      .run();
    await rescueJobs(db, { leaseId: `dead-${batch.id}`, now: Date.now(), startedAt: Date.now() + 1 });
    await firstAfter(batch, () => makeDue(batch.id));
  });
});

describe("one bad row among good ones", () => {
  it("dies alone", async () => {
    const batch = await queuedBatch({ rows: 10 });
    await batch.emulator.setFaults({
      id: batch.id,
      where: { collectionId: batch.collectionId, tokenId: "5" },
      what: { kind: "refuse", error: "ValidationFailed" },
    });
    await deliver(batch.keys);
    const { stored, counted } = await counters(db, batch.id);
    expect(stored).toEqual({ completed: 9, dead: 1 });
    expect(counted).toEqual(stored);
    await batch.emulator.clearFaults(batch.id);
  });
});
