/** Result files that go back as they are: each row is the token that it was, or says why it can be none. */
import { describe, expect, test } from "vitest";
import { emulatorIn } from "../../support/consumer.ts";
import { errorsOf, jobsOf, type Submission } from "../../support/intake.ts";
import { batchOf, putPicture, runBatch } from "../../support/pipeline.ts";
import { producer } from "../../support/producer.ts";

const emulator = emulatorIn();
const api = producer();

const result = async (id: string, name: string): Promise<string> => {
  const { status, text } = await api.ask(`/v1/batches/${id}/results/${name}`);
  expect(status).toBe(200);
  return text;
};
const idsOf = async (id: string): Promise<unknown[]> => (await jobsOf(id)).map(({ token_id }) => token_id);
const nameOf = async (collectionId: number, tokenId: string): Promise<unknown> =>
  (await emulator.getToken(collectionId, tokenId)).token?.name;
const tokenCount = async (collectionId: number): Promise<unknown> => {
  const { collection } = (await emulator.rpc("GetCollection", { collectionId })) as {
    collection: { tokenCount: number };
  };
  return collection.tokenCount;
};
const callsSoFar = async (collectionId: number): Promise<number> =>
  (await emulator.calls(collectionId)).length;
const refuseCreates = (collectionId: number, times: number, tokenId?: string): Promise<unknown> =>
  emulator.setFaults({
    id: `sent-back-${collectionId}`,
    times,
    where: { collectionId, method: "CreateToken", ...(tokenId === undefined ? {} : { tokenId }) },
    what: { kind: "refuse", error: "ValidationFailed" },
  });

async function scene(set: string, options: Submission["options"] = {}) {
  const collectionId = await emulator.makeCollection(true);
  await putPicture(set, "a.png", 1);
  const given = { collectionId, options: { mediaSet: set, onInvalid: "skip" as const, ...options } };
  return { collectionId, given };
}

describe("a row that was refused because another line has its id", () => {
  const CSV = "tokenId,name,image\n1,One,a.png\n2,Two,a.png\n1,Other,a.png\n";
  const JSONL = [
    { tokenId: "1", name: "One", image: "a.png" },
    { tokenId: 2, name: "Two", image: "a.png" },
    { tokenId: "0x1", name: "Other", image: "a.png" },
  ]
    .map((row) => `${JSON.stringify(row)}\n`)
    .join("");

  test.each([
    ["CSV", CSV, "failed.csv", "text/csv", 2],
    ["JSON Lines", JSONL, "failed.jsonl", "application/x-ndjson", 1],
  ])(
    "does not take that line's token when it goes back alone: %s",
    async (kind, file, name, contentType, line) => {
      const { collectionId, given } = await scene(`twice ${kind}`, { contentType });
      const first = await runBatch(file, given);
      expect(await batchOf(first)).toMatchObject({ state: "finished", created: 2, rows_invalid: 1 });
      const failed = await result(first, name);
      let sent = failed;
      // And again, and again: what it says of itself is kept.
      for (const _ of ["once", "twice"]) {
        const before = await callsSoFar(collectionId);
        const second = await runBatch(sent, given);
        expect(await batchOf(second)).toMatchObject({ state: "invalid", rows_total: 1, rows_invalid: 1 });
        const told = (await errorsOf(second)).find(({ code }) => code === "row.duplicate_token_id");
        expect(told).toMatchObject({ col: "tokenId", severity: "error", value: "1" });
        expect(told?.message).toContain(`line ${line} of batch ${first}`);
        expect(await callsSoFar(collectionId)).toBe(before);
        sent = await result(second, name);
      }
      expect(await nameOf(collectionId, "1")).toBe("One");
    },
  );

  test("is a token of its own with another id, and that line's with the mark taken off", async () => {
    const { collectionId, given } = await scene("twice mended");
    const failed = await result(await runBatch(CSV, given), "failed.csv");
    const mended = await runBatch(failed.replace("\n1,Other", "\n3,Other"), given);
    expect(await batchOf(mended)).toMatchObject({ state: "finished", created: 1, rows_valid: 1 });
    expect(await nameOf(collectionId, "3")).toBe("Other");
    expect(await nameOf(collectionId, "1")).toBe("One");
    const meant = await runBatch(failed.replace("row.duplicate_token_id", ""), given);
    expect(await batchOf(meant)).toMatchObject({ state: "finished", updated: 1 });
    expect(await nameOf(collectionId, "1")).toBe("Other");
  });
});

describe("rows that are alike in a file without ids, invalid until their art is there", () => {
  const FILE = "name,image\nA,late.png\nB,a.png\nA,late.png\nA,late.png\n";

  test.each(["file", "derived", "sequential"] as const)(
    "are as many tokens: tokenIds=%s",
    async (tokenIds) => {
      const set = `alike ${tokenIds}`;
      const { collectionId, given } = await scene(set, { tokenIds, firstTokenId: "7" });
      const first = await runBatch(FILE, given);
      expect(await batchOf(first)).toMatchObject({ state: "finished", created: 1, rows_invalid: 3 });
      await putPicture(set, "late.png", 2);

      const second = await runBatch(await result(first, "failed.csv"), given);
      expect(await batchOf(second)).toMatchObject({ state: "finished", created: 3, rows_invalid: 0 });
      expect(await tokenCount(collectionId)).toBe(4);

      const before = await callsSoFar(collectionId);
      const whole = await runBatch(FILE, given);
      expect(await batchOf(whole)).toMatchObject({ state: "finished", unchanged: 4 });
      expect((await emulator.calls(collectionId)).slice(before).map(({ method }) => method)).toEqual([
        "GetCollection",
      ]);
      const own = await idsOf(second);
      expect(own).toEqual((await idsOf(whole)).filter((id) => own.includes(id)));
      expect(new Set(own).size).toBe(3);
    },
  );

  test("and one of them alone, with a row of its own id beside it", async () => {
    const set = "alike beside";
    const { collectionId, given } = await scene(set);
    await refuseCreates(collectionId, 1);
    const first = await runBatch(FILE, given);
    expect(await batchOf(first)).toMatchObject({ state: "finished", dead: 1, rows_invalid: 3 });
    await putPicture(set, "late.png", 2);
    const second = await runBatch(await result(first, "failed.csv"), given);
    expect(await batchOf(second)).toMatchObject({ state: "finished", created: 4 });
    expect(await batchOf(await runBatch(FILE, given))).toMatchObject({ unchanged: 4 });
    expect(await tokenCount(collectionId)).toBe(4);
  });

  test("but the same id twice is still one token", async () => {
    const { given } = await scene("same own");
    const file = "_token_id,name,image\n5,A,a.png\n,A,a.png\n5,A,a.png\n,A,a.png\n";
    const id = await runBatch(file, given);
    expect(await batchOf(id)).toMatchObject({ rows_valid: 3, rows_invalid: 1, created: 3 });
    expect((await errorsOf(id)).map(({ line, code }) => `${line} ${code}`)).toEqual([
      "4 row.duplicate_token_id",
    ]);
  });
});

describe("_token_id of JSON", () => {
  const rows = (image: string): string =>
    [{ metadata: { name: "A", image, attributes: [] } }, { metadata: { name: "A", image, attributes: [] } }]
      .map((row) => `${JSON.stringify(row)}\n`)
      .join("");
  const wrapped = (lines: string): string => `{"assets":[${lines.trim().replaceAll("\n", ",")}]}`;

  test.each([
    ["application/x-ndjson", "failed.jsonl", rows],
    ["application/json", "failed.json", (image: string) => wrapped(rows(image))],
  ])("counts beside metadata, the second time as well: %s", async (contentType, name, file) => {
    const set = `json ${contentType}`;
    const { collectionId, given } = await scene(set, { contentType });
    // The second of the two, which only its ordinal tells from the first.
    const dry = { ...given, options: { ...given.options, dryRun: true } };
    const [, second] = await idsOf(await runBatch(file("a.png"), dry));
    await refuseCreates(collectionId, 1, String(second));
    const first = await runBatch(file("a.png"), given);
    expect(await batchOf(first)).toMatchObject({ state: "finished", created: 1, dead: 1 });

    // A set without the file makes the rows invalid, so that they come back a second time, without a job.
    const elsewhere = { ...given, options: { ...given.options, mediaSet: `${set} empty` } };
    const back = await runBatch(await result(first, name), elsewhere);
    expect(await batchOf(back)).toMatchObject({ state: "invalid", rows_invalid: 1 });

    const third = await runBatch(await result(back, name), given);
    expect(await batchOf(third)).toMatchObject({ state: "finished", created: 1 });
    expect(await idsOf(third)).toEqual([second]);
    expect(await tokenCount(collectionId)).toBe(2);
  });

  test("counts where rows are counted, the third time as well", async () => {
    const { given } = await scene("json counted", {
      contentType: "application/x-ndjson",
      tokenIds: "sequential",
      firstTokenId: "7",
    });
    await putPicture("json counted elsewhere", "b.png", 1);
    const elsewhere = { ...given, options: { ...given.options, mediaSet: "json counted elsewhere" } };
    const first = await runBatch(`{"name":"Z","image":"b.png"}\n${rows("a.png")}`, elsewhere);
    expect(await batchOf(first)).toMatchObject({ created: 1, rows_invalid: 2 });
    const second = await runBatch(await result(first, "failed.jsonl"), elsewhere);
    expect(await batchOf(second)).toMatchObject({ state: "invalid", rows_invalid: 2 });
    const third = await runBatch(await result(second, "failed.jsonl"), given);
    expect(await idsOf(third)).toEqual(["8", "9"]);
  });

  test("counts in a CSV beside a column called metadata", async () => {
    const { collectionId, given } = await scene("csv metadata");
    await refuseCreates(collectionId, 2);
    const cell = '"{""name"":""Inner"",""token_id"":""99""}"';
    const first = await runBatch(`name,image,metadata\nA,a.png,${cell}\nA,a.png,${cell}\n`, given);
    const second = await runBatch(await result(first, "failed.csv"), given);
    expect(await batchOf(second)).toMatchObject({ state: "finished", created: 2 });
    expect(await idsOf(second)).toEqual(await idsOf(first));
  });
});
