/** Many dead rows corrected by one CSV: all of them, or none and a list of what is wrong. */
import { describe, expect, test } from "vitest";
import {
  agreed,
  api,
  bad,
  emulator,
  good,
  linesOf,
  patch,
  patchCsv,
  replay,
  results,
  tokenOf,
} from "../../support/mending.ts";
import { runBatch } from "../../support/pipeline.ts";

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
