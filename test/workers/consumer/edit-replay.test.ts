/** A dead row is corrected where it stands and replayed: to the end at Sequence, with nothing doubled on the way. */
import { describe, expect, test } from "vitest";
import { agreed, api, bad, edit, emulator, good, linesOf, replay, results } from "../../support/mending.ts";
import { batchOf, runBatch } from "../../support/pipeline.ts";

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
