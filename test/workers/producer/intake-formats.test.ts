/** Files that are no plain CSV, from `POST /v1/batches` to jobs. */
import { describe, expect, test } from "vitest";
import { JobArgs } from "../../../shared/job/job.ts";
import { sql } from "../../../shared/store/db.ts";
import { runIntake } from "../../../workers/producer/intake/intake.ts";
import { readOpening } from "../../../workers/producer/intake/state.ts";
import {
  batchOf,
  db,
  drain,
  errorsOf,
  intakeRun,
  jobsOf,
  received,
  taken,
  told,
  upstream,
} from "../../support/intake.ts";
import { producer } from "../../support/producer.ts";

const URL_1 = "https://example.com/1.png";
const api = producer();

/** Submitted over HTTP and taken in. */
async function submitted(body: string, type: string | null, query = "") {
  const collectionId = await upstream.makeCollection(true);
  const answer = await api.ask(`/v1/batches?collectionId=${collectionId}${query}`, {
    method: "POST",
    body: type === null ? new Blob([body]).stream() : body,
    ...(type === null ? {} : { headers: { "content-type": type } }),
  });
  expect(answer.status, answer.text).toBe(202);
  const id = String(answer.body.id);
  await drain(id);
  const shown = await api.ask(`/v1/batches/${id}`);
  return { id, batch: shown.body, jobs: await jobsOf(id), errors: await errorsOf(id) };
}

const argsOf = (job: { args?: unknown } | undefined): JobArgs => JobArgs.parse(JSON.parse(String(job?.args)));
const stateOf = async (id: string): Promise<string | null> =>
  String((await db.run(sql("SELECT intake_state FROM batches WHERE id = ?1", id))).rows[0]?.intake_state);

describe("JSON is taken like CSV", () => {
  const objects = [
    { tokenId: "1", name: "One", image: URL_1, attributes: [{ trait_type: "Hat", value: "Red" }] },
    { tokenId: "0x2", name: "Two", image: URL_1, series: 3 },
  ];
  const lines = objects.map((one) => `${JSON.stringify(one)}\n`).join("");

  test.each<[string, string, string | null, string]>([
    ["JSON Lines", lines, "application/x-ndjson", "json-lines"],
    ["JSON Lines without a type", lines, null, "json-lines"],
    ["a JSON list", JSON.stringify(objects, null, 2), "application/json; charset=utf-8", "json"],
    ["a JSON list on one line", JSON.stringify(objects), "text/csv", "json"],
    ["rows in an object", JSON.stringify({ rows: objects }), "application/json", "json"],
    ["assets in an object", JSON.stringify({ assets: objects }), "application/json", "immutable"],
  ])("%s", async (_, body, type, format) => {
    const { batch, jobs, errors } = await submitted(body, type);
    expect(errors).toEqual([]);
    expect(batch).toMatchObject({
      state: "running",
      format,
      rows: { total: 2, valid: 2, invalid: 0 },
      mapping: { tokenId: "tokenId", attributes: "attributes", "properties.series": "series" },
    });
    expect(jobs.map(argsOf)).toEqual([
      {
        tokenId: "1",
        token: {
          name: "One",
          description: "",
          decimals: 0,
          properties: null,
          attributes: [{ trait_type: "Hat", value: "Red" }],
        },
        media: [{ field: "image", source: { kind: "url", url: URL_1 } }],
      },
      {
        tokenId: "2",
        token: { name: "Two", description: "", decimals: 0, properties: { series: 3 }, attributes: null },
        media: [{ field: "image", source: { kind: "url", url: URL_1 } }],
      },
    ]);
  });

  test("map and template name its keys", async () => {
    const query = "&map[name]=Card&template[image]=https://example.com/{id}.png";
    const { jobs } = await submitted('[{"id":7,"Card":"Ace"}]', "application/json", query);
    expect(argsOf(jobs[0])).toMatchObject({
      tokenId: "7",
      token: { name: "Ace" },
      media: [{ source: { url: "https://example.com/7.png" } }],
    });
  });

  test("each object is a job of its own, however many stand on a line", async () => {
    const many = Array.from({ length: 300 }, (_, n) => ({ id: n, name: `N${n}`, image: URL_1 }));
    const { batch, jobs } = await submitted(JSON.stringify(many), "application/json");
    expect(batch).toMatchObject({ rows: { total: 300, valid: 300 }, jobs: { pending: 300 } });
    expect(jobs.map(({ line }) => line)).toEqual(Array.from({ length: 300 }, (_, n) => n + 1));
  });

  test("what is wrong names line and key", async () => {
    const bad = `${lines}not json\n{"tokenId":"-5","name":"","image":"${URL_1}"}\n{"tokenId":"1","name":"Again","image":"${URL_1}"}\n`;
    const { batch, errors } = await submitted(bad, "application/x-ndjson");
    expect(batch.state).toBe("invalid");
    expect(told(errors)).toEqual([
      "3  row.not_json",
      "4 name row.missing_name",
      "4 tokenId row.invalid_token_id",
      "5 tokenId row.duplicate_token_id",
    ]);
  });

  test("JSON that is cut off ends the batch", async () => {
    const { batch, errors } = await submitted('[{"name":"One"', "application/json");
    expect(batch.state).toBe("invalid");
    expect(told(errors)).toEqual(["1  file.not_json"]);
  });
});

describe("in slices", () => {
  /** A clock that is past a message's time at once, so that each step is a message of its own. */
  const hasty = () => {
    let now = 1_000_000;
    return intakeRun({ now: () => (now += 10_000) });
  };
  const row = (n: number, more = ""): string =>
    `{"id":${n},"name":"N","image":"${URL_1}","text":"${"x".repeat(3_600)}"${more}}`;

  test("JSON Lines longer than a slice, by two at once: keys that only the last slice has are columns", {
    timeout: 60_000,
  }, async () => {
    const count = 1_300;
    const file = Array.from({ length: count }, (_, n) => row(n, n === count - 1 ? ',"late":1' : ""));
    const id = await received(`${file.join("\n")}\n`, { options: { contentType: "application/x-ndjson" } });
    await Promise.all([drain(id, hasty()), drain(id, hasty())]);
    const batch = await batchOf(id);
    expect(batch).toMatchObject({ state: "running", rows_total: count, pending: count, warnings: 0 });
    expect(batch.mapping).toMatchObject({ "attributes[late]": "late" });
    expect((await jobsOf(id)).map(({ line }) => line)).toEqual(
      Array.from({ length: count }, (_, n) => n + 1),
    );
  });

  test("a JSON list longer than a slice", { timeout: 60_000 }, async () => {
    const file = `[${Array.from({ length: 1_300 }, (_, n) => row(n)).join(",")}]`;
    const id = await received(file, { options: { contentType: "application/json" } });
    await drain(id, hasty());
    expect(await batchOf(id)).toMatchObject({ state: "running", rows_total: 1_300, pending: 1_300 });
  });

  test("a near-duplicate is noticed over slices, and told once", { timeout: 60_000 }, async () => {
    const line = (n: number, hat: string): string => `${n},N,${URL_1},${hat},${"x".repeat(3_600)}`;
    const rows = Array.from({ length: 1_300 }, (_, n) => line(n, n < 1_298 ? "Blue" : "blue"));
    const id = await received(`id,name,image,Hat,properties.text\n${rows.join("\n")}\n`);
    await drain(id, hasty());
    const errors = await errorsOf(id);
    expect(told(errors)).toEqual(["1300 attributes[Hat] row.trait_spelling"]);
    expect(errors[0]?.message).toContain("line 2");
    expect(await batchOf(id)).toMatchObject({ warnings: 1, pending: 1_300 });
  });
});

describe("spreadsheets as they are", () => {
  test("rows of unticked checkboxes at the end are left out, with one warning that names them", async () => {
    const file = `tokenId,name,image,Shiny\n1,One,${URL_1},TRUE\n${",,,FALSE\n".repeat(2_000)}`;
    const { batch, jobs, errors } = await taken(file);
    expect(batch).toMatchObject({ state: "running", rows_total: 1, pending: 1, warnings: 1 });
    expect(jobs).toHaveLength(1);
    expect(told(errors)).toEqual(["3  file.trailing_false"]);
    expect(errors[0]?.message).toContain("Lines 3 to 2002");
  });

  test("a column called traits is looked at to its end", async () => {
    const list = '"[{""trait_type"":""Hat"",""value"":""Red""}]"';
    const yes = await taken(`id,name,image,traits\n1,A,${URL_1},${list}\n2,B,${URL_1},\n`);
    expect(yes.batch.mapping).toMatchObject({ attributes: "traits" });
    const no = await taken(`id,name,image,traits\n1,A,${URL_1},${list}\n2,B,${URL_1},3\n`);
    expect(no.batch.mapping).toMatchObject({ "attributes[traits]": "traits" });
  });
});

describe("what was found out about the file", () => {
  test("is kept when intake is over, also where the batch is invalid", async () => {
    for (const name of ["One", ""]) {
      const file = `\ufeff"tokenId";name;image\r\n1;${name};${URL_1}\r\n`;
      const { id, batch } = await taken(file);
      expect(batch.state).toBe(name === "" ? "invalid" : "running");
      expect(readOpening(await stateOf(id))).toMatchObject({
        dialect: { syntax: "csv", encoding: "utf-8", delimiter: ";" },
        head: { start: 3, end: 25 },
        rows: { offset: 25, line: 2 },
        end: Buffer.byteLength(file),
      });
    }
  });

  test("is nothing where the file could not be opened", async () => {
    const { id, batch } = await taken("tokenId,image\n1,x\n");
    expect(batch.state).toBe("invalid");
    expect(readOpening(await stateOf(id))).toBeNull();
    await runIntake(id, intakeRun());
  });
});
