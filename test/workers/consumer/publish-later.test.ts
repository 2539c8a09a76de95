/** Publish later and take back: what is complete is flipped, media is not touched, nothing newer is undone. */
import { describe, expect, test } from "vitest";
import { sql } from "../../../shared/store/db.ts";
import { deliver, makeDue, queueAll } from "../../support/consumer.ts";
import { dieAfterCalls, rescueAfterRestart } from "../../support/dead-consumer.ts";
import { api, ask, ear, emulator, followUp, isPublic, staged, takeIn } from "../../support/follow-ups.ts";
import { received } from "../../support/intake.ts";
import { violationsIn } from "../../support/invariants.ts";
import { edit, patchCsv } from "../../support/mending.ts";
import { batchOf, carryOn, db } from "../../support/pipeline.ts";

const shown = async (collectionId: number, rows: number): Promise<boolean[]> =>
  Promise.all(Array.from({ length: rows }, (_, n) => isPublic(collectionId, String(n + 1))));

/** A later batch of tokens 1 and 2, of which 1 is unchanged: its job for token 2 is through, past the queue. */
async function overtake(collectionId: number): Promise<string> {
  const lines = "tokenId,name,image\n1,Newer,1.png\n2,Newer,2.png\n";
  const id = await received(lines, { collectionId, options: { mediaSet: `set-${collectionId}` } });
  await takeIn(id);
  await deliver(await queueAll(id));
  return id;
}

async function stage(rows = 3) {
  const collectionId = await emulator.makeCollection(true);
  const id = await staged(rows, { collectionId });
  const calls = ear(collectionId);
  await calls();
  return { collectionId, id, calls };
}

describe("a staged batch", () => {
  test("is published with one UpdateToken a token, and taken back with one", async () => {
    const { collectionId, id, calls } = await stage();
    expect(await shown(collectionId, 3)).toEqual([false, false, false]);

    const published = await followUp("publish", id);
    expect(published).toMatchObject({
      kind: "publish",
      sourceId: id,
      state: "finished",
      jobs: { completed: 3, dead: 0 },
      outcomes: { updated: 3 },
      progress: 1,
      warnings: 0,
    });
    expect(await calls()).toEqual(["UpdateToken", "UpdateToken", "UpdateToken"]);
    expect(await shown(collectionId, 3)).toEqual([true, true, true]);
    const source = (await api.ask(`/v1/batches/${id}`)).body;
    expect(source).toMatchObject({ kind: "submit", sourceId: null, followUps: { publish: published.id } });
    const job = (await api.ask(`/v1/jobs/${id}:2`)).body;
    expect(job.publicUrl).toContain(`/collections/${collectionId}/tokens/1`);

    const again = await followUp("publish", id);
    expect(again).toMatchObject({ outcomes: { unchanged: 3, updated: 0 }, state: "finished" });
    expect(await calls()).toEqual([]);

    const back = await followUp("unpublish", id);
    expect(back).toMatchObject({ kind: "unpublish", outcomes: { updated: 3 } });
    expect(await calls()).toEqual(["UpdateToken", "UpdateToken", "UpdateToken"]);
    expect(await shown(collectionId, 3)).toEqual([false, false, false]);
    expect((await api.ask(`/v1/jobs/${id}:2`)).body.publicUrl).toBeNull();
    expect((await api.ask(`/v1/jobs/${published.id}:2`)).body.publicUrl).toBeNull();
    const batchIds = [id, published, again, back].map((one) =>
      typeof one === "string" ? one : String(one.id),
    );
    expect(await violationsIn(db, { batchIds })).toEqual([]);
  });

  test("keeps the description and every other field of its tokens", async () => {
    const { collectionId, id } = await stage(1);
    const before = (await emulator.getToken(collectionId, "1")).token;
    await followUp("publish", id);
    const { updatedAt: _then, ...then } = before ?? {};
    const { updatedAt: _now, ...now } = (await emulator.getToken(collectionId, "1")).token ?? {};
    expect(now).toEqual(then);
  });

  test("asked for twice while it runs is done once; the opposite is refused", async () => {
    const { id, calls } = await stage();
    const answers = await Promise.all(Array.from({ length: 10 }, () => ask("publish", id)));
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    expect(answers.map(({ status }) => status).sort()).toEqual([...Array(9).fill(200), 202]);
    const [first] = answers;
    expect(await ask("unpublish", id)).toMatchObject({
      status: 409,
      body: { code: "batch.opposite_open", batchId: first?.body.id },
    });
    await takeIn(String(first?.body.id));
    await carryOn();
    expect(await calls()).toHaveLength(3);
  });

  test("goes on where it was cut off: a lost answer and a message delivered twice change nothing", async () => {
    const { collectionId, id } = await stage();
    await emulator.setFaults({
      where: { method: "UpdateToken", collectionId },
      what: { kind: "closeAfter" },
      times: 1,
    });
    const asked = (await ask("publish", id)).body;
    const followUpId = String(asked.id);
    await takeIn(followUpId);
    await takeIn(followUpId);
    const keys = await queueAll(followUpId);
    await deliver([...keys, ...keys]);
    await deliver(keys);
    await carryOn();
    expect(await batchOf(followUpId)).toMatchObject({ state: "finished", completed: 3, updated: 3 });
    expect(await shown(collectionId, 3)).toEqual([true, true, true]);
    expect(await violationsIn(db, { batchIds: [id, followUpId] })).toEqual([]);
  });

  test("is flipped to the end by the next run, where a consumer died in the middle", async () => {
    const { collectionId, id, calls } = await stage(2);
    const flipId = String((await ask("publish", id)).body.id);
    await takeIn(flipId);
    await dieAfterCalls(await queueAll(flipId));
    expect(await calls()).toHaveLength(2);
    await rescueAfterRestart(flipId);
    await makeDue(flipId);
    await deliver([2, 3].map((line) => ({ batchId: flipId, line })));
    expect(await batchOf(flipId)).toMatchObject({ state: "finished", completed: 2, updated: 2 });
    expect(await calls()).toEqual(["UpdateToken", "UpdateToken"]);
    expect(await shown(collectionId, 2)).toEqual([true, true]);
    expect(await violationsIn(db, { batchIds: [id, flipId] })).toEqual([]);
  });

  test("can be paused, resumed and cancelled while it is flipped, and then asked for anew", async () => {
    const { collectionId, id } = await stage();
    const flipId = String((await ask("publish", id)).body.id);
    await takeIn(flipId);
    expect((await api.post(`/v1/batches/${flipId}/pause`)).status).toBe(200);
    await carryOn();
    expect(await shown(collectionId, 3)).toEqual([false, false, false]);
    expect((await ask("publish", id)).body).toMatchObject({ id: flipId, state: "paused" });
    await api.post(`/v1/batches/${flipId}/cancel`);
    const anew = await followUp("publish", id);
    expect(anew).toMatchObject({ state: "finished", outcomes: { updated: 3 } });
    expect(anew.id).not.toBe(flipId);
    expect(await shown(collectionId, 3)).toEqual([true, true, true]);
  });

  test("is halted by a key that is refused, and goes on with the next one", async () => {
    const { collectionId, id } = await stage(2);
    await emulator.setFaults({
      id: "key",
      where: { method: "UpdateToken", collectionId },
      what: { kind: "refusedKey" },
    });
    const flip = await followUp("publish", id);
    expect(flip).toMatchObject({ state: "halted", halted: { code: "key.refused" }, jobs: { dead: 0 } });
    await emulator.clearFaults("key");
    await api.post(`/v1/batches/${flip.id}/resume`);
    await carryOn();
    await deliver([2, 3].map((line) => ({ batchId: String(flip.id), line })));
    expect(await batchOf(String(flip.id))).toMatchObject({ state: "finished", updated: 2 });
    expect(await shown(collectionId, 2)).toEqual([true, true]);
  });

  test("flips only what is complete", async () => {
    const { collectionId, id } = await stage();
    await db.batch([
      sql("UPDATE jobs SET state = 'cancelled', outcome = NULL WHERE batch_id = ?1 AND line = 3", id),
      sql(
        "UPDATE batches SET state = 'cancelled', completed = 2, cancelled = 1, created = 2 WHERE id = ?1",
        id,
      ),
    ]);
    expect(await followUp("publish", id)).toMatchObject({ rows: { total: 2 }, jobs: { completed: 2 } });
    expect(await shown(collectionId, 3)).toEqual([true, false, true]);
  });
});

describe("a row that a later batch wrote again", () => {
  test("is left alone and named, also where the later one comes in between", async () => {
    const { collectionId, id, calls } = await stage();
    const published = await followUp("publish", id);
    const later = await staged(1, { collectionId, publish: true, name: () => "Newer" });
    await calls();
    const asked = (await ask("unpublish", id)).body;
    const flipId = String(asked.id);
    await takeIn(flipId);
    // Token 1 was known at the copy; token 2 is taken over only now, while the flip's job waits.
    const second = await overtake(collectionId);
    await calls();
    await carryOn();
    expect(await batchOf(flipId)).toMatchObject({
      state: "finished",
      completed: 3,
      unchanged: 2,
      warnings: 2,
    });
    expect(await calls()).toEqual(["UpdateToken"]);
    const { items } = (await api.ask(`/v1/batches/${flipId}/errors`)).body;
    expect(items).toMatchObject([
      { line: 2, code: "token.superseded", severity: "warning" },
      { line: 3, code: "token.superseded", message: expect.stringContaining(`${second}:3`) },
    ]);
    expect((await emulator.getToken(collectionId, "1")).token).toMatchObject({ name: "Newer" });
    expect(await isPublic(collectionId, "1")).toBe(true);
    expect(await violationsIn(db, { batchIds: [id, String(published.id), later, second, flipId] })).toEqual(
      [],
    );
  });

  test("is not undone by an older publish that is replayed after an unpublish", async () => {
    const { collectionId, id } = await stage(1);
    await emulator.setFaults({
      where: { method: "UpdateToken", collectionId },
      what: { kind: "status", status: 400, error: "ValidationFailed" },
      times: 1,
    });
    const first = await followUp("publish", id);
    expect(first).toMatchObject({ jobs: { dead: 1 } });
    await followUp("publish", id);
    await followUp("unpublish", id);
    await api.post("/v1/dead-letters/replay", { filter: { batchId: first.id } });
    await deliver([{ batchId: String(first.id), line: 2 }]);
    expect(await batchOf(String(first.id))).toMatchObject({ state: "finished", completed: 1, unchanged: 1 });
    expect(await isPublic(collectionId, "1")).toBe(false);
  });
});

describe("the same file submitted again", () => {
  test("is public again after an unpublish, without a second upload", async () => {
    const { collectionId, id, calls } = await stage(2);
    await followUp("publish", id);
    await followUp("unpublish", id);
    await calls();
    const again = await staged(2, { collectionId, publish: true });
    expect(await batchOf(again)).toMatchObject({ state: "finished", completed: 2, unchanged: 0 });
    expect(await calls()).not.toContain("UploadAsset");
    expect(await shown(collectionId, 2)).toEqual([true, true]);
    const unchanged = await staged(2, { collectionId, publish: true });
    expect(await batchOf(unchanged)).toMatchObject({ unchanged: 2 });
    // Its rows were never taken, and still they are the tokens': the batch before left them as it wants them.
    expect(await followUp("unpublish", unchanged)).toMatchObject({ outcomes: { updated: 2 }, warnings: 0 });
    expect(await shown(collectionId, 2)).toEqual([false, false]);
    expect(await followUp("publish", again)).toMatchObject({ outcomes: { unchanged: 2 }, warnings: 2 });
  });
});

describe("what cannot be flipped", () => {
  test("is said: an unknown batch, one that has not run, a token without its media", async () => {
    expect(await ask("publish", "bat_00000000000000000000000000")).toMatchObject({
      status: 404,
      body: { code: "batch.not_found" },
    });
    const { collectionId, id } = await stage(2);
    await db.run(sql("UPDATE batches SET state = 'planned', finished_at = NULL WHERE id = ?1", id));
    expect(await ask("publish", id)).toMatchObject({ status: 409, body: { code: "batch.wrong_state" } });
    await db.batch([
      sql("UPDATE batches SET state = 'finished', finished_at = 1 WHERE id = ?1", id),
      sql(
        "UPDATE jobs SET outputs = json_set(outputs, '$.assets[0].url', NULL) WHERE batch_id = ?1 AND line = 2",
        id,
      ),
    ]);
    const flip = await followUp("publish", id);
    expect(flip).toMatchObject({ jobs: { completed: 1, dead: 1 } });
    const letters = (await api.ask(`/v1/dead-letters?batchId=${flip.id}`)).body.items;
    expect(letters).toMatchObject([{ line: 2, code: "token.bare", step: "publish-token" }]);
    expect(await shown(collectionId, 2)).toEqual([false, true]);
  });

  test("a token that is gone is a dead letter; a collection that is gone ends it before the first call", async () => {
    const { collectionId, id } = await stage(2);
    await emulator.rpc("DeleteToken", { collectionId, tokenId: "1" });
    const flip = await followUp("publish", id);
    expect((await api.ask(`/v1/dead-letters?batchId=${flip.id}`)).body.items).toMatchObject([
      { tokenId: "1", code: "token.gone" },
    ]);
    await emulator.rpc("DeleteCollection", { collectionId });
    expect(await followUp("unpublish", id)).toMatchObject({ state: "invalid" });
  });

  test("is not corrected there: an edit is told which batch the row lives in, and what to do", async () => {
    const { collectionId, id } = await stage(2);
    await emulator.rpc("DeleteToken", { collectionId, tokenId: "1" });
    const flipId = String((await followUp("publish", id)).id);
    const job = `${flipId}:2`;
    const where = `which only publishes what batch ${id} made: the row is line 2 of that one`;
    const letter = (await api.ask(`/v1/dead-letters/${job}`)).body;
    expect(letter.submitted).toMatchObject({ text: "1,Relic 1,1.png", cells: { name: "Relic 1" } });
    const one = await edit(job, { name: "Other" });
    expect(one).toMatchObject({ status: 409, body: { code: "edit.follow_up" } });
    expect(one.body.detail).toContain(where);
    expect(one.body.next).toContain(`replay --job ${job}`);
    expect(one.body.next).toContain(`results ${id}`);
    const many = await patchCsv(flipId, "line,name\n2,Other\n");
    expect(many).toMatchObject({
      status: 400,
      body: {
        code: "edit.invalid",
        problems: [{ line: 2, code: "edit.follow_up", message: expect.stringContaining(where) }],
      },
    });
    // As it says: the row corrected in the source's results makes the token anew, and the flip then goes through.
    const rows = (await api.ask(`/v1/batches/${id}/results/succeeded.csv`)).text;
    const again = await received(rows.replace("1,Relic 1", "1,Mended").replace(/^2,.*\n/m, ""), {
      collectionId,
      options: { mediaSet: `set-${collectionId}`, publish: false },
    });
    await takeIn(again);
    await carryOn();
    expect(await batchOf(again)).toMatchObject({ state: "finished", completed: 1 });
    expect((await emulator.getToken(collectionId, "1")).token).toMatchObject({ name: "Mended" });
  });
});
