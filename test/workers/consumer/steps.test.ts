/** Each step's done, reused and failed path, seen from the queue and from Sequence's side. */
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { claimJobs } from "../../../shared/store/claim.ts";
import {
  db,
  deliver,
  makeDue,
  onlyJob,
  pictureAt,
  queueAll,
  queuedBatch,
  targetIn,
} from "../../support/consumer.ts";
import { rescueAfterRestart } from "../../support/dead-consumer.ts";
import type { TestEmulator } from "../../support/emulator.ts";
import { argsOf, counters, readBatch, seedBatch } from "../../support/rows.ts";

const methods = async (emulator: TestEmulator, collectionId: number, tokenId = "2") =>
  (await emulator.calls(collectionId)).filter((call) => call.tokenId === tokenId).map(({ method }) => method);
const FOUR = ["CreateToken", "CreateAsset", "UploadAsset", "UpdateToken"];

describe("a job without faults", () => {
  it("makes exactly the four calls in their order, and the token is public with its picture", async () => {
    const { id, keys, collectionId, emulator } = await queuedBatch();
    const said = await deliver(keys);
    expect(said).toMatchObject({ outcome: "ok", acked: [`${id}:2`], retried: [] });
    expect(await methods(emulator, collectionId)).toEqual(FOUR);
    const job = await onlyJob(id);
    expect(job).toMatchObject({ state: "completed", outcome: "created", attempt: 1, claims: 1 });
    expect(job.attempts[0]?.steps.map((one) => one.outcome)).toEqual(Array(4).fill("done"));
    const seen = await emulator.seePublic(`/projects/1/collections/${collectionId}/tokens/2.json`);
    const token = (await seen.json()) as { name: string; image: string };
    expect(token.name).toBe("Relic 2");
    const [published, source] = await Promise.all([
      fetch(token.image).then((answer) => answer.arrayBuffer()),
      fetch(pictureAt(emulator.url, collectionId, 2)).then((answer) => answer.arrayBuffer()),
    ]);
    expect(new Uint8Array(published)).toEqual(new Uint8Array(source));
    const digest = await crypto.subtle.digest("SHA-256", published);
    expect(job.outputs?.assets[0]?.sha256).toBe(Buffer.from(digest).toString("hex"));
    expect(await readBatch(db, id)).toMatchObject({ state: "finished", completed: 1, created: 1 });
  });

  it("delivered twice in one delivery and again later does nothing twice", async () => {
    const { id, keys, collectionId, emulator } = await queuedBatch();
    await deliver([...keys, ...keys]);
    expect(await deliver(keys)).toMatchObject({ acked: [`${id}:2`] });
    expect(await methods(emulator, collectionId)).toEqual(FOUR);
  });

  it("delivered three times at once does nothing twice", async () => {
    const { id, keys, collectionId, emulator } = await queuedBatch({ rows: 6 });
    await Promise.all([deliver(keys), deliver(keys), deliver(keys)]);
    const { stored, counted } = await counters(db, id);
    expect(stored).toEqual(counted);
    expect(stored).toEqual({ completed: 6 });
    const calls = await emulator.calls(collectionId);
    expect(calls.filter(({ method }) => method === "CreateToken")).toHaveLength(6);
    expect(calls.filter(({ method }) => method === "CreateAsset")).toHaveLength(6);
  });

  it("sends the full token with the publication", async () => {
    const full = {
      name: "Whole",
      description: "kept",
      decimals: 2,
      external_url: "https://example.org/x",
      background_color: "0098EE",
      properties: { deep: { a: [1, "b"] } },
      attributes: [{ trait_type: "Kind", value: "Cup" }],
    };
    const args = (line: number) => argsOf(line);
    const { keys, collectionId, emulator } = await queuedBatch({
      args: (line) => ({ ...args(line), token: full, media: [] }),
    });
    await deliver(keys);
    const { token } = await emulator.getToken(collectionId, "2");
    expect(token).toMatchObject(full);
  });

  it("stages privately where the batch says publish=false", async () => {
    const { id, keys, collectionId, emulator } = await queuedBatch({ options: { publish: false } });
    await deliver(keys);
    expect(await onlyJob(id)).toMatchObject({ state: "completed", outputs: { published: false } });
    const seen = await emulator.seePublic(`/projects/1/collections/${collectionId}/tokens/2.json`);
    expect(seen.status).toBe(404);
  });
});

describe("reused: what is already there", () => {
  const once = { times: 1 };
  const faults = [
    ["CreateToken", ["CreateToken", "GetToken", "CreateAsset", "UploadAsset", "UpdateToken"]],
    ["CreateAsset", ["CreateToken", "CreateAsset", "GetToken", "UploadAsset", "UpdateToken"]],
    ["UploadAsset", ["CreateToken", "CreateAsset", "UploadAsset", "UploadAsset", "UpdateToken"]],
    ["UpdateToken", ["CreateToken", "CreateAsset", "UploadAsset", "UpdateToken", "UpdateToken"]],
  ] as const;

  it.each(faults)("%s acted and its answer was lost: nothing is made twice", async (method, expected) => {
    const { id, keys, collectionId, emulator } = await queuedBatch();
    await emulator.setFaults({ ...once, where: { method, collectionId }, what: { kind: "closeAfter" } });
    await deliver(keys);
    expect(await methods(emulator, collectionId)).toEqual(expected);
    expect(await onlyJob(id)).toMatchObject({ state: "completed", outcome: "created", attempt: 1 });
    expect((await emulator.getToken(collectionId, "2")).assets).toHaveLength(1);
  });

  it.each(["nullBody", "cutBody"] as const)("an answer that is %s counts as lost", async (kind) => {
    const { id, keys, collectionId, emulator } = await queuedBatch();
    const where = { method: ["CreateToken", "CreateAsset"], collectionId };
    await emulator.setFaults({ times: 2, where, what: { kind } });
    await deliver(keys);
    expect(await onlyJob(id)).toMatchObject({ state: "completed", attempt: 1 });
    expect((await emulator.getToken(collectionId, "2")).assets).toHaveLength(1);
  });

  it("a create refused with 500 before it acted is sent again after a look", async () => {
    const { id, keys, collectionId, emulator } = await queuedBatch();
    const where = { method: "CreateToken", collectionId };
    await emulator.setFaults({ ...once, where, what: { kind: "status", status: 500 } });
    await deliver(keys);
    expect((await methods(emulator, collectionId)).slice(0, 3)).toEqual([
      "CreateToken",
      "GetToken",
      "CreateToken",
    ]);
    expect(await onlyJob(id)).toMatchObject({ state: "completed", attempt: 1 });
  });

  it("after a failed publication the next attempt looks first and does only what is left", async () => {
    const { id, keys, collectionId, emulator } = await queuedBatch();
    const where = { method: "UpdateToken", collectionId };
    await emulator.setFaults({ times: 3, where, what: { kind: "status", status: 502, body: "html" } });
    await deliver(keys);
    expect(await onlyJob(id)).toMatchObject({ state: "retryable", attempt: 1, step: "publish-token" });
    const before = (await emulator.calls(collectionId)).length;
    await makeDue(id);
    await deliver(keys);
    const after = (await emulator.calls(collectionId)).slice(before).map(({ method }) => method);
    expect(after).toEqual(["GetToken", "UpdateToken"]);
    const job = await onlyJob(id);
    expect(job).toMatchObject({ state: "completed", outcome: "created", attempt: 2 });
    expect(job.attempts.map(({ steps }) => steps.map(({ outcome }) => outcome))).toEqual([
      ["done", "done", "done", "failed"],
      ["reused", "reused", "reused", "done"],
    ]);
  });
});

describe("a token that somebody made by hand", () => {
  const modes = ["conflict", "endpoint", "overwrite"] as const;
  /** What intake's look at ListTokens leaves behind where tokens stand upstream that are not ours. */
  const markForeign = (collectionId: number, target: string) =>
    env.DB.prepare(
      "INSERT INTO manifest (target, collection_id, token_id, batch_id, line, found) VALUES (?, ?, '2', '', 0, 1)",
    )
      .bind(target, collectionId)
      .run();

  it.each(modes)("stays byte for byte under onExisting=fail (%s)", async (mode) => {
    const { id, keys, collectionId, emulator } = await queuedBatch({ mode });
    await emulator.makeToken(collectionId, "2", "Relic 2", {
      attributes: [{ trait_type: "Line", value: 2 }],
    });
    await markForeign(collectionId, targetIn(mode));
    const before = await emulator.getToken(collectionId, "2");
    await deliver(keys, { mode });
    expect(await onlyJob(id)).toMatchObject({ state: "dead", error: { code: "token.exists" }, attempt: 1 });
    expect(await emulator.getToken(collectionId, "2")).toEqual(before);
  });

  it("is still theirs after a consumer died before it sent anything, however like the row it is", async () => {
    const { id, keys, collectionId, emulator } = await queuedBatch();
    await emulator.makeToken(collectionId, "2", "Relic 2", {
      attributes: [{ trait_type: "Line", value: 2 }],
    });
    await markForeign(collectionId, targetIn());
    const before = await emulator.getToken(collectionId, "2");
    const leaseId = `died-${id}`;
    await claimJobs(db, { keys, leaseId, target: targetIn(), now: 1, expiresAt: 2, toleranceMs: 0 });
    await rescueAfterRestart(id);
    await deliver(keys);
    expect(await onlyJob(id)).toMatchObject({ state: "dead", rescues: 1, error: { code: "token.exists" } });
    expect(await emulator.getToken(collectionId, "2")).toEqual(before);
  });

  it.each(["conflict", "endpoint"] as const)("is met unforeseen and left alone (%s)", async (mode) => {
    const { id, keys, collectionId, emulator } = await queuedBatch({ mode });
    await emulator.makeToken(collectionId, "2", "Relic 2", {
      attributes: [{ trait_type: "Line", value: 2 }],
    });
    const before = await emulator.getToken(collectionId, "2");
    await deliver(keys, { mode });
    expect(await onlyJob(id)).toMatchObject({ state: "dead", error: { code: "token.exists" } });
    expect(await emulator.getToken(collectionId, "2")).toEqual(before);
  });

  it("is skipped under onExisting=skip and overwritten under onExisting=update", async () => {
    const skip = await queuedBatch({ options: { onExisting: "skip" } });
    await skip.emulator.makeToken(skip.collectionId, "2", "By hand");
    await deliver(skip.keys);
    expect(await onlyJob(skip.id)).toMatchObject({ state: "completed", outcome: "unchanged" });
    expect((await skip.emulator.getToken(skip.collectionId, "2")).token).toMatchObject({ name: "By hand" });

    const update = await queuedBatch({ options: { onExisting: "update" } });
    await update.emulator.makeToken(update.collectionId, "2", "By hand");
    await deliver(update.keys);
    expect(await onlyJob(update.id)).toMatchObject({ state: "completed", outcome: "updated" });
    expect((await update.emulator.getToken(update.collectionId, "2")).token).toMatchObject({
      name: "Relic 2",
    });
  });

  it("an edited row updates the token that an earlier batch made, and its one asset", async () => {
    const first = await queuedBatch();
    await deliver(first.keys);
    const { collectionId, emulator } = first;
    const edited = await seedBatch(db, {
      rows: 1,
      collectionId,
      args: (line) => {
        const args = argsOf(line, pictureAt(emulator.url, collectionId, 77));
        return { ...args, token: { ...args.token, name: "Edited" } };
      },
    });
    await deliver(await queueAll(edited));
    expect(await onlyJob(edited)).toMatchObject({ state: "completed", outcome: "updated" });
    const { token, assets } = await emulator.getToken(collectionId, "2");
    expect(token).toMatchObject({ name: "Edited" });
    expect(assets).toHaveLength(1);
  });
});

describe("failed", () => {
  it("buries a row that Sequence refuses, with one attempt and the answer as evidence", async () => {
    const { id, keys, collectionId, emulator } = await queuedBatch();
    const where = { collectionId, method: "CreateToken" };
    await emulator.setFaults({ where, what: { kind: "refuse", error: "ValidationFailed", cause: "bad" } });
    await deliver(keys);
    expect(await onlyJob(id)).toMatchObject({ state: "dead", attempt: 1, step: "create-token" });
    const { results } = await env.DB.prepare("SELECT * FROM dead_letters WHERE batch_id = ?").bind(id).all();
    expect(results).toMatchObject([{ line: 2, step: "create-token", http_status: 400, attempts: 1 }]);
    expect(String(results[0]?.response)).toContain("ValidationFailed");
  });

  it("recreates a token that went missing between two steps, once", async () => {
    const { id, keys, collectionId, emulator } = await queuedBatch();
    const where = { collectionId, method: "CreateAsset" };
    await emulator.setFaults({ times: 1, where, what: { kind: "refuse", error: "NotFound" } });
    await deliver(keys);
    expect(await methods(emulator, collectionId)).toEqual([
      "CreateToken",
      "CreateAsset",
      "GetToken",
      "CreateAsset",
      "UploadAsset",
      "UpdateToken",
    ]);
    expect(await onlyJob(id)).toMatchObject({ state: "completed" });
  });

  it("buries what stays missing", async () => {
    const { id, keys, collectionId, emulator } = await queuedBatch();
    await emulator.setFaults({
      where: { collectionId, method: "CreateAsset" },
      what: { kind: "refuse", error: "NotFound" },
    });
    await deliver(keys);
    expect(await onlyJob(id)).toMatchObject({ state: "dead", step: "create-asset" });
  });

  it("gives an unnamed answer its attempts and then a dead letter", async () => {
    const { id, keys, collectionId, emulator } = await queuedBatch();
    const where = { collectionId, method: "UploadAsset" };
    await emulator.setFaults({ where, what: { kind: "status", status: 418, body: "text" } });
    for (let attempt = 1; attempt <= 5; attempt += 1) {
      await deliver(keys);
      await makeDue(id);
    }
    expect(await onlyJob(id)).toMatchObject({ state: "dead", attempt: 5, step: "upload-asset" });
    const { token } = await emulator.getToken(collectionId, "2");
    expect(token).toBeDefined();
    const seen = await emulator.seePublic(`/projects/1/collections/${collectionId}/tokens/2.json`);
    expect(seen.status).toBe(404);
  });
});
