/** A dead row is corrected where it stands and replayed: to the end at Sequence, with nothing doubled on the way. */
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { JobMessage } from "../../../shared/job/message.ts";
import { sql } from "../../../shared/store/db.ts";
import { deliver, emulatorIn } from "../../support/consumer.ts";
import { violationsIn } from "../../support/invariants.ts";
import { batchOf, carryOn, db, runBatch } from "../../support/pipeline.ts";
import { producer } from "../../support/producer.ts";
import { counters } from "../../support/rows.ts";

const emulator = emulatorIn();
const api = producer({ MEDIA_PRIVATE_HOSTS: emulator.host });

const good = (name: string): string => `${emulator.url}/media/generated/${name}.png`;
const bad = (name: string): string => `${emulator.url}/media/nowhere/${name}.png`;

const patch = (path: string, body: unknown, type = "application/json") =>
  api.ask(path, {
    method: "PATCH",
    body: typeof body === "string" ? body : JSON.stringify(body),
    headers: { "content-type": type },
  });
const edit = (jobId: string, cells: Record<string, unknown>) => patch(`/v1/dead-letters/${jobId}`, { cells });
const patchCsv = (batchId: string, csv: string) =>
  patch(`/v1/dead-letters?batchId=${batchId}`, csv, "text/csv");
const replay = async (filter: Record<string, unknown>) => {
  const { body } = await api.post("/v1/dead-letters/replay", { filter });
  const sent = z.array(JobMessage).parse(api.sent.jobs.splice(0));
  await deliver(sent.map(({ b, l }) => ({ batchId: b, line: l })));
  await carryOn();
  return (await api.ask(`/v1/replays/${body.id}`)).body;
};
const results = async (id: string, kind: string) =>
  (await api.ask(`/v1/batches/${id}/results/${kind}.csv`)).text;
const linesOf = async (query: string) =>
  (await api.ask(`/v1/dead-letters?${query}`)).body.items.map(({ line }) => line);

async function agreed(id: string, handMade: { collectionId: number; tokenId: string }[] = []): Promise<void> {
  const { stored, counted } = await counters(db, id);
  expect(stored).toEqual(counted);
  expect(await violationsIn(db, { batchIds: [id], handMade })).toEqual([]);
}

describe("an edit", () => {
  test("mends a row's media; the replay publishes it, and the corrected file is unchanged from then on", async () => {
    const collectionId = await emulator.makeCollection(true);
    const header = "token_id,name,image,Age\r\n";
    const first = `1,One,${good("one")},7\r\n`;
    const file = `${header}${first}2,"Two, the second",${bad("two")},8\r\n`;
    const id = await runBatch(file, { collectionId });
    expect(await batchOf(id)).toMatchObject({ state: "finished", completed: 1, dead: 1 });

    const edited = await edit(`${id}:3`, { image: good("two") });
    expect(edited.status).toBe(200);
    expect(edited.body).toMatchObject({
      jobId: `${id}:3`,
      state: "open",
      code: "media.not_found",
      httpStatus: 404,
      row: { tokenId: "2", media: [{ field: "image", source: { kind: "url", url: good("two") } }] },
      submitted: {
        text: `2,"Two, the second",${bad("two")},8`,
        cells: { token_id: "2", name: "Two, the second", image: bad("two"), Age: "8" },
      },
      edits: [{ by: "local", cells: { image: { from: bad("two"), to: good("two") } }, tokenIdBefore: "2" }],
      warnings: [],
    });
    // The file of failed rows holds what was submitted, byte for byte.
    expect(await results(id, "failed")).toContain(`2,"Two, the second",${bad("two")},8,3,dead,2,`);

    expect(await replay({ batchId: id })).toMatchObject({
      state: "finished",
      selected: 1,
      completed: 1,
      left: 0,
    });
    expect(await batchOf(id)).toMatchObject({ state: "finished", completed: 2, created: 2, dead: 0 });
    expect((await emulator.getToken(collectionId, "2")).assets).toHaveLength(1);
    expect(await results(id, "succeeded")).toContain(`2,"Two, the second",${bad("two")},8,3,completed,2,`);
    await agreed(id);

    const again = await runBatch(`${header}${first}2,"Two, the second",${good("two")},8\r\n`, {
      collectionId,
    });
    expect(await batchOf(again)).toMatchObject({ state: "finished", completed: 2, unchanged: 2 });
    const { body } = await api.ask(`/v1/dead-letters/${id}:3`);
    expect(body).toMatchObject({ state: "replayed", edits: [{ by: "local" }] });
    expect((await edit(`${id}:3`, { image: good("x") })).body.code).toBe("dead_letter.wrong_state");
  });

  test("of a row whose token and asset are made already replaces the picture and makes nothing twice", async () => {
    const collectionId = await emulator.makeCollection(true);
    await emulator.setFaults({
      id: "no-upload",
      times: 1,
      where: { collectionId, method: "UploadAsset" },
      what: { kind: "refuse", error: "InvalidArgument" },
    });
    const id = await runBatch(`token_id,name,image\n5,Five,${good("five")}\n`, { collectionId });
    expect(await batchOf(id)).toMatchObject({ dead: 1 });
    expect((await edit(`${id}:2`, { token_id: "6" })).body).toMatchObject({
      status: 400,
      code: "edit.invalid",
      problems: [{ line: 2, column: "token_id", code: "row.token_id_made", severity: "error" }],
    });
    expect((await edit(`${id}:2`, { name: "Five, mended", image: good("five-b") })).status).toBe(200);
    expect(await replay({ jobIds: [`${id}:2`] })).toMatchObject({ completed: 1, deadAgain: 0 });
    const { token, assets } = await emulator.getToken(collectionId, "5");
    expect(token).toMatchObject({ name: "Five, mended" });
    expect(assets).toHaveLength(1);
    await agreed(id);
  });

  test("to another token id frees a row from somebody else's token, and never takes one of the batch", async () => {
    const collectionId = await emulator.makeCollection(true);
    await emulator.makeToken(collectionId, "10", "Theirs");
    const file = `token_id,name,image\n10,Ten,${good("ten")}\n11,Eleven,${good("eleven")}\n`;
    const id = await runBatch(file, { collectionId });
    expect(await linesOf(`batchId=${id}&code=token.exists`)).toEqual([2]);
    expect((await edit(`${id}:2`, { token_id: "0x0b" })).body.problems).toMatchObject([
      { column: "tokenId", code: "row.duplicate_token_id", value: "11" },
    ]);
    expect((await edit(`${id}:2`, { tokenId: "0012" })).body).toMatchObject({
      tokenId: "12",
      row: { tokenId: "12" },
      edits: [{ tokenIdBefore: "10" }],
    });
    expect(await replay({ batchId: id })).toMatchObject({ completed: 1 });
    expect((await emulator.getToken(collectionId, "12")).token).toMatchObject({ name: "Ten" });
    expect((await emulator.getToken(collectionId, "10")).token).toMatchObject({ name: "Theirs" });
    await agreed(id, [{ collectionId, tokenId: "10" }]);
  });

  test("of a row whose id is not in the file keeps the token that it was given", async () => {
    const collectionId = await emulator.makeCollection(true);
    const id = await runBatch(`name,image\nOne,${bad("a")}\nTwo,${good("b")}\n`, { collectionId });
    const { body } = await api.ask(`/v1/dead-letters/${id}:2`);
    const edited = await edit(`${id}:2`, { name: "One, mended", image: good("a") });
    expect(edited.body.tokenId).toBe(body.tokenId);
    expect(await replay({ batchId: id })).toMatchObject({ completed: 1 });
    expect((await emulator.getToken(collectionId, String(body.tokenId))).token).toMatchObject({
      name: "One, mended",
    });
    await agreed(id);
  });

  test("builds on the one before, and one that changes nothing leaves no trace", async () => {
    const collectionId = await emulator.makeCollection(true);
    const id = await runBatch(`token_id,name,image,Age\n1,One,${bad("a")},7\n`, { collectionId });
    await edit(`${id}:2`, { Age: 8 });
    await edit(`${id}:2`, { name: "First" });
    await edit(`${id}:2`, { name: "First" });
    const { body } = await edit(`${id}:2`, { Age: null });
    expect(body.row).toMatchObject({ token: { name: "First", attributes: null } });
    expect(body.edits).toMatchObject([
      { cells: { Age: { from: "7", to: "8" } } },
      { cells: { name: { from: "One", to: "First" } } },
      { cells: { Age: { from: "8", to: "" } } },
    ]);
  });

  test("of a row of JSON changes its values as JSON", async () => {
    const collectionId = await emulator.makeCollection(true);
    const line = (image: string) => JSON.stringify({ tokenId: "1", name: "One", image, Serial: "007" });
    const id = await runBatch(`${line(bad("j"))}\n`, {
      collectionId,
      options: { contentType: "application/x-ndjson" },
    });
    expect((await edit(`${id}:1`, { image: good("j"), name: "One, mended" })).status).toBe(200);
    const { body } = await edit(`${id}:1`, { description: "There." });
    expect(body.problems ?? body.row).toMatchObject([{ code: "row.unknown_column", column: "description" }]);
    expect(await replay({ batchId: id })).toMatchObject({ completed: 1 });
    expect((await emulator.getToken(collectionId, "1")).token).toMatchObject({ name: "One, mended" });
    await agreed(id);
  });

  test("that is no better than the row was is refused with every defect, and changes nothing", async () => {
    const collectionId = await emulator.makeCollection(true);
    const id = await runBatch(`token_id,name,image\n1,One,${bad("a")}\n`, { collectionId });
    const { status, body } = await edit(`${id}:2`, { name: null, image: "ftp://x", token_id: "1e5" });
    expect([status, body.code]).toEqual([400, "edit.invalid"]);
    expect(body.defects).toBe(3);
    expect(body.problems).toMatchObject([
      { line: 2, column: "token_id", code: "row.invalid_token_id" },
      { line: 2, column: "name" },
      { line: 2, column: "image" },
    ]);
    expect(String(body.next)).toContain("Nothing was changed");
    expect((await edit(`${id}:2`, { nmae: "x" })).body.problems).toMatchObject([
      { column: "nmae", code: "row.unknown_column", next: 'Did you mean "name"?' },
    ]);
    expect((await edit(`${id}:2`, {})).body.code).toBe("body.invalid");
    expect((await edit(`${id}:9`, { name: "x" })).body.code).toBe("dead_letter.not_found");
    expect((await api.ask(`/v1/dead-letters/${id}:2`)).body.edits).toEqual([]);
  });
});

describe("a patch", () => {
  const broken = (ids: readonly number[]): string =>
    `token_id,name,image\n${ids.map((id) => `${id},Relic ${id},${bad(String(id))}\n`).join("")}`;

  test("lists all its defects with line, column and next step, and changes nothing while there is one", async () => {
    const collectionId = await emulator.makeCollection(true);
    const id = await runBatch(broken([1, 2, 3]), { collectionId });
    const rows = [`2,${good("p1")},`, "3,ftp://x,", `9,${good("p1")},`, `3,${good("p2")},`, "x,y,"];
    const { status, body } = await patchCsv(id, `line,image,name\n${rows.join("\n")}\n`);
    expect([status, body.code]).toEqual([400, "edit.invalid"]);
    expect(body.problems).toMatchObject([
      { line: 5, column: "line", code: "patch.repeated_row", value: "3" },
      { line: 6, column: "line", code: "patch.no_such_row", value: "x" },
    ]);
    const second = await patchCsv(id, `line,image\n2,${good("p1")}\n3,ftp://x\n9,${good("p1")}\n`);
    expect(second.body.problems).toMatchObject([
      { line: 4, column: "line", code: "patch.no_such_row", value: "9" },
      { line: 3, column: "image" },
    ]);
    expect(await linesOf(`batchId=${id}`)).toEqual([4, 3, 2]);
    expect((await api.ask(`/v1/dead-letters/${id}:2`)).body.edits).toEqual([]);
    expect((await patchCsv(id, "line,colour\n2,red\n")).body.problems).toMatchObject([
      { line: 1, column: "colour", code: "row.unknown_column" },
    ]);
    expect((await patchCsv(id, "name\nx\n")).body.problems).toMatchObject([{ code: "patch.key_required" }]);
    expect((await patchCsv(id, "line\n2\n")).body.problems).toMatchObject([{ code: "patch.no_columns" }]);
    expect((await patchCsv(id, "")).body.code).toBe("edit.invalid");
    const twice = await patchCsv(id, "line,token_id\n2,77\n3,77\n");
    expect(twice.body.problems).toMatchObject([{ line: 3, code: "row.duplicate_token_id", value: "77" }]);
  });

  test("by token id changes only the cells that are filled", async () => {
    const collectionId = await emulator.makeCollection(true);
    const id = await runBatch(broken([21, 22, 23]), { collectionId });
    const csv = `token_id;image;name\n22;${good("q22")};\n0x17;${good("q23")};Mended\n`;
    expect((await patchCsv(id, csv)).body).toMatchObject({
      edited: 2,
      unchanged: 0,
      jobIds: [`${id}:3`, `${id}:4`],
      warnings: [],
    });
    expect(await replay({ jobIds: [`${id}:3`, `${id}:4`] })).toMatchObject({ selected: 2, completed: 2 });
    expect((await emulator.getToken(collectionId, "22")).token).toMatchObject({ name: "Relic 22" });
    expect((await emulator.getToken(collectionId, "23")).token).toMatchObject({ name: "Mended" });
    expect(await linesOf(`batchId=${id}`)).toEqual([2]);
    await agreed(id);
  });

  test("may be the file of failed rows itself, corrected", async () => {
    const collectionId = await emulator.makeCollection(true);
    const id = await runBatch(broken([31, 32]), { collectionId });
    const failed = await results(id, "failed");
    const corrected = failed.replace(bad("31"), good("r31")).replace(bad("31"), good("r31"));
    const { body } = await patch("/v1/dead-letters", corrected, "text/csv; charset=utf-8");
    // Without the batch, the line stands in other batches of this file as well.
    expect(body.problems).toMatchObject([{ code: "patch.ambiguous_row" }, { code: "patch.ambiguous_row" }]);
    expect((await patchCsv(id, corrected)).body).toMatchObject({
      edited: 1,
      unchanged: 1,
      jobIds: [`${id}:2`],
    });
    expect(await replay({ batchId: id })).toMatchObject({ selected: 2, completed: 1, deadAgain: 1 });
    await agreed(id);
  });

  test("is CSV of a bounded size, and an operator's", async () => {
    const viewer = await tokenOf("viewer");
    const csv = { method: "PATCH", headers: { authorization: "Bearer t", "content-type": "text/csv" } };
    expect((await viewer.ask("/v1/dead-letters", { ...csv, body: "line,name\n2,x\n" })).body.code).toBe(
      "auth.forbidden",
    );
    expect((await patch("/v1/dead-letters", "{}")).body.code).toBe("body.unsupported");
    expect((await patch("/v1/dead-letters", "x".repeat(5_000_000), "text/csv")).body.code).toBe(
      "body.too_large",
    );
    const many = `line,name\n${Array.from({ length: 5_001 }, (_, n) => `${n + 2},x\n`).join("")}`;
    expect((await patchCsv("bat_x", many)).body.problems).toMatchObject([{ code: "patch.too_many_rows" }]);
  });
});

async function tokenOf(role: string) {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode("t"));
  const hash = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
  return producer({ API_TOKENS: `ops:${role}:${hash}` });
}

describe("a replay", () => {
  const file = `token_id,name,image\n1,One,${bad("s1")}\n2,Two,${bad("s2")}\n3,Three,${good("s3")}\n`;

  test("of a paused batch rests until the batch is resumed; aborted, all is as it was", async () => {
    const collectionId = await emulator.makeCollection(true);
    const id = await runBatch(file, { collectionId });
    await db.run(sql("UPDATE batches SET state = 'paused', finished_at = NULL WHERE id = ?1", id));
    const { body } = await api.post("/v1/dead-letters/replay", { filter: { batchId: id } });
    expect(body).toMatchObject({ state: "running", selected: 2, resting: 2 });
    await carryOn();
    expect(await batchOf(id)).toMatchObject({ state: "paused", pending: 2, dead: 0 });
    const before = await linesOf(`batchId=${id}`);
    expect(before).toEqual([]);
    const aborted = await api.post(`/v1/replays/${body.id}/abort`);
    expect(aborted.body).toMatchObject({ state: "aborted", left: 2, waiting: 0, done: 0, resting: 0 });
    expect(await linesOf(`batchId=${id}`)).toEqual([3, 2]);
    expect(await batchOf(id)).toMatchObject({ pending: 0, dead: 2 });
    expect((await api.ask(`/v1/jobs/${id}:2`)).body).toMatchObject({
      state: "dead",
      error: { code: "media.not_found", httpStatus: 404, retryable: false },
    });
    expect((await api.post(`/v1/replays/${body.id}/abort`)).body).toMatchObject({
      state: "aborted",
      left: 2,
    });
    await api.post(`/v1/batches/${id}/resume`);
    expect(await batchOf(id)).toMatchObject({ state: "finished" });
    await agreed(id);
    expect((await api.post("/v1/replays/rep_none/abort")).body.code).toBe("replay.not_found");
  });

  test("aborted before its jobs begin ends the batch that it had set running", async () => {
    const collectionId = await emulator.makeCollection(true);
    const id = await runBatch(file, { collectionId });
    const slow = producer({ MEDIA_PRIVATE_HOSTS: emulator.host });
    const { body } = await slow.post("/v1/dead-letters/replay", { filter: { batchId: id }, perSecond: 1 });
    expect(body).toMatchObject({ state: "running", selected: 2, waiting: 1, perSecond: 1 });
    expect(slow.sent.intake).toEqual([{ v: 1, r: body.id }]);
    // The first has its message: it goes on, and dies again by itself.
    expect((await api.post(`/v1/replays/${body.id}/abort`)).body).toMatchObject({
      state: "aborted",
      left: 1,
    });
    await db.run(sql("UPDATE jobs SET state = 'pending' WHERE batch_id = ?1 AND state = 'queued'", id));
    await db.run(sql("UPDATE batches SET pending = pending + queued, queued = 0 WHERE id = ?1", id));
    expect((await api.post(`/v1/replays/${body.id}/abort`)).body).toMatchObject({ left: 2, done: 0 });
    expect(await batchOf(id)).toMatchObject({ state: "finished", dead: 2, completed: 1 });
    await db.run(sql("DELETE FROM dispatches WHERE batch_id = ?1", id));
    await agreed(id);
  });

  test("counts what failed again for itself, whatever is replayed after it, and ends once", async () => {
    const collectionId = await emulator.makeCollection(true);
    const id = await runBatch(file, { collectionId });
    const first = await replay({ batchId: id });
    expect(first).toMatchObject({ state: "finished", selected: 2, done: 2, completed: 0, deadAgain: 2 });
    expect(first.endedAt).not.toBeNull();
    await edit(`${id}:2`, { image: good("s1") });
    expect(await replay({ batchId: id })).toMatchObject({ selected: 2, completed: 1, deadAgain: 1 });
    expect((await api.ask(`/v1/replays/${first.id}`)).body).toEqual(first);
    expect((await api.post(`/v1/replays/${first.id}/abort`)).body.code).toBe("replay.wrong_state");
    const listed = await api.ask("/v1/replays?limit=1");
    expect(listed.body.items[0]).toMatchObject({ selected: 2, completed: 1 });
    await agreed(id);
  });
});

test("letters of one cause are one group, whose fingerprint replays them and no others", async () => {
  const collectionId = await emulator.makeCollection(true);
  const gone = [1, 2, 3].map((n) => `${n},Relic ${n},${bad(`g${n}`)}\n`).join("");
  await emulator.makeToken(collectionId, "4", "Theirs");
  const id = await runBatch(`token_id,name,image\n${gone}4,Four,${good("g4")}\n`, { collectionId });
  const { body } = await api.ask(`/v1/dead-letters/groups?batchId=${id}`);
  expect(body.items).toMatchObject([
    { code: "media.not_found", count: 3, host: emulator.host, httpStatus: 404, step: "upload-asset" },
    { code: "token.exists", count: 1, host: null, step: "create-token" },
  ]);
  expect(body.items[0]?.message).toContain("Expected a media file at <url>, got 404");
  expect(body.items[0]?.sampleJobIds).toEqual([`${id}:4`, `${id}:2`]);
  const { fingerprint } = body.items[1] ?? {};
  expect(await linesOf(`batchId=${id}&fingerprint=${fingerprint}`)).toEqual([5]);
  expect(await replay({ batchId: id, fingerprint })).toMatchObject({ selected: 1, deadAgain: 1 });
  await agreed(id, [{ collectionId, tokenId: "4" }]);
});

test("a discarded row stays failed, is kept, and is neither listed nor replayed", async () => {
  const collectionId = await emulator.makeCollection(true);
  const id = await runBatch(`token_id,name,image\n1,One,${bad("d1")}\n2,Two,${bad("d2")}\n`, {
    collectionId,
  });
  const operator = await tokenOf("operator");
  const as = { headers: { authorization: "Bearer t", "content-type": "application/json" } };
  const filter = { jobIds: [`${id}:2`] };
  const refused = await operator.post("/v1/dead-letters/discard", undefined, {
    ...as,
    body: JSON.stringify({ filter }),
  });
  expect(refused.body.code).toBe("auth.forbidden");
  expect((await api.post("/v1/dead-letters/discard", { filter, dryRun: true })).body).toEqual({
    selected: 1,
    discarded: 0,
  });
  expect((await api.post("/v1/dead-letters/discard", { filter })).body).toEqual({
    selected: 1,
    discarded: 1,
  });
  expect(await linesOf(`batchId=${id}`)).toEqual([3]);
  expect(await linesOf(`batchId=${id}&state=discarded`)).toEqual([2]);
  expect((await api.ask(`/v1/dead-letters/groups?batchId=${id}`)).body.items).toMatchObject([{ count: 1 }]);
  expect((await edit(`${id}:2`, { name: "x" })).body.code).toBe("dead_letter.wrong_state");
  expect(await replay({ batchId: id })).toMatchObject({ selected: 1, deadAgain: 1 });
  expect(await batchOf(id)).toMatchObject({ state: "finished", dead: 2 });
  expect(await results(id, "failed")).toContain(`1,One,${bad("d1")},2,dead,1,`);
  await agreed(id);
});
