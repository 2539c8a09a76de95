import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { JobArgs } from "../../../shared/job/job.ts";
import { putMedia } from "../../../shared/media/store.ts";
import { sql } from "../../../shared/store/db.ts";
import { putMediaFile } from "../../../shared/store/media-files.ts";
import { runIntake } from "../../../workers/producer/intake/intake.ts";
import {
  batchOf,
  db,
  drain,
  errorsOf,
  intakeRun,
  jobsOf,
  received,
  rows,
  taken,
  target,
  told,
  upstream,
} from "../../support/intake.ts";

const ROW = "https://example.com/1.png";

describe("a good file", () => {
  test("becomes pending jobs of a running batch, after one call", async () => {
    const collectionId = await upstream.makeCollection(true);
    const { batch, jobs, run, errors } = await taken(rows(3), { collectionId });
    expect(batch).toMatchObject({
      state: "running",
      format: "csv",
      rows_total: 3,
      rows_valid: 3,
      rows_invalid: 0,
      pending: 3,
      completed: 0,
      collection_published: true,
      finished_at: null,
      waiting: null,
    });
    expect(batch.mapping).toEqual({ tokenId: "tokenId", name: "name", image: "image" });
    expect(batch.started_at).not.toBeNull();
    expect(errors).toEqual([]);
    expect(jobs.map(({ line, token_id, state, claims }) => [line, token_id, state, claims])).toEqual([
      [2, "1", "pending", 0],
      [3, "2", "pending", 0],
      [4, "3", "pending", 0],
    ]);
    expect(JobArgs.parse(JSON.parse(String(jobs[0]?.args)))).toEqual({
      tokenId: "1",
      token: { name: "Relic 1", description: "", decimals: 0, properties: null, attributes: null },
      media: [{ field: "image", source: { kind: "url", url: ROW } }],
    });
    expect(run.dispatched()).toBe(1);
    expect((await upstream.calls(collectionId)).map(({ method }) => method)).toEqual(["GetCollection"]);
  });

  test("equal rows have equal args, whatever the order of keys and columns", async () => {
    const one = await taken(`tokenId,name,image,properties\n1,A,${ROW},"{""a"":1,""b"":2}"\n`);
    const two = await taken(`properties,image,tokenId,name\n"{""b"":2, ""a"":1}",${ROW},01,A\n`);
    const three = await taken(`tokenId,name,image,properties\n1,B,${ROW},"{""a"":1,""b"":2}"\n`);
    expect(one.jobs[0]?.args).toBe(two.jobs[0]?.args);
    expect(one.jobs[0]?.args).not.toBe(three.jobs[0]?.args);
  });

  test("first=N is kept for dispatch", async () => {
    const { id } = await taken(rows(5), { options: { first: 2 } });
    const { rows: found } = await db.run(sql("SELECT trial_left, pending FROM batches WHERE id = ?1", id));
    expect(found).toEqual([{ trial_left: 2, pending: 5 }]);
  });

  test("media of a set is bound to its bytes; a data URL becomes such media", async () => {
    const png = tinyPng();
    const stored = await putMedia(env.BUCKET, new Response(png).body, {
      declaredBytes: png.length,
      maxBytes: 1_000_000,
      where: "1.png",
    });
    if (!stored.ok) throw new Error(stored.error.message);
    await putMediaFile(db, { target, set: "relics", fileName: "art/1.png" }, { ...stored.value, now: 1 });
    const { jobs, errors } = await taken(
      `tokenId,name,image\n1,Named,1.PNG\n2,Inline,"data:image/png;base64,${png.toString("base64")}"\n3,Lies,"data:image/png;base64,aGVsbG8="\n`,
      { options: { mediaSet: "relics", onInvalid: "skip" } },
    );
    expect(jobs.map(({ args }) => JSON.parse(String(args)).media[0].source)).toEqual([
      { kind: "set", fileName: "art/1.png", ...stored.value },
      { kind: "set", fileName: "(data URL)", ...stored.value },
    ]);
    expect(await env.BUCKET.head(`media/${stored.value.sha256}`)).not.toBeNull();
    expect(told(errors)).toEqual(["4 image row.media_unknown_type"]);
  });
});

const tinyPng = (): Buffer =>
  Buffer.from(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==",
    "base64",
  );

describe("a file that cannot be used ends the batch before any call", () => {
  test.each<[string, string | Uint8Array, string[]]>([
    ["empty", "", ["1  file.empty"]],
    ["header only", "tokenId,name,image\n", ["1  file.no_rows"]],
    ["no header", `1,One,${ROW}\n`, ["1 1 file.no_header"]],
    ["no name", `tokenId,image\n1,${ROW}\n`, ["1 name file.missing_name"]],
    ["wrong delimiter", "tokenId:name:image\n1:One:x\n", ["1 tokenId:name:image file.wrong_delimiter"]],
    [
      "unreadable bytes",
      Buffer.concat([Buffer.from("tokenId,name,image\n1,A"), Buffer.from([0x81, 0x0a])]),
      ["2 name file.undecodable"],
    ],
    ["negative id", `tokenId,name,image\n-1,A,${ROW}\n`, ["2 tokenId row.invalid_token_id"]],
    ["Excel's id", `tokenId,name,image\n1.23457E+17,A,${ROW}\n`, ["2 tokenId row.invalid_token_id"]],
    ["fractional id", `tokenId,name,image\n1.5,A,${ROW}\n`, ["2 tokenId row.invalid_token_id"]],
    ["id too large", `tokenId,name,image\n${2n ** 256n},A,${ROW}\n`, ["2 tokenId row.invalid_token_id"]],
    ["id twice", `tokenId,name,image\n7,A,${ROW}\n007,B,${ROW}\n`, ["3 tokenId row.duplicate_token_id"]],
    ["bad properties", `tokenId,name,image,properties\n1,A,${ROW},{x\n`, ["2 properties row.invalid_json"]],
    [
      "bad attributes",
      `tokenId,name,image,attributes\n1,A,${ROW},[1]\n`,
      ["2 attributes row.attribute_not_object"],
    ],
    ["no URL", "tokenId,name,image\n1,A,some picture\n", ["2 image row.media_url"]],
    ["a private URL", "tokenId,name,image\n1,A,http://10.0.0.1/a.png\n", ["2 image row.media_private"]],
  ])("%s", async (_, file, expected) => {
    const collectionId = await upstream.makeCollection();
    const { batch, errors, run } = await taken(file, { collectionId });
    expect(told(errors)).toEqual(expected);
    expect(batch).toMatchObject({ state: "invalid", pending: 0 });
    expect(batch.finished_at).not.toBeNull();
    expect(run.dispatched()).toBe(0);
    expect(await upstream.calls(collectionId)).toEqual([]);
  });

  test("a file that is gone from the store", async () => {
    const id = await received(rows(1));
    await env.BUCKET.delete(`batches/${id}/source`);
    await drain(id);
    expect((await batchOf(id)).state).toBe("invalid");
    expect(told(await errorsOf(id))).toEqual(["1  file.gone"]);
  });
});

describe("invalid rows", () => {
  const file = `tokenId,name,image\n1,A,${ROW}\n-2,B,${ROW}\n1,C,${ROW}\n3,D,${ROW}\n`;

  test("stop the whole batch", async () => {
    const { batch, errors } = await taken(file);
    expect(batch).toMatchObject({ state: "invalid", rows_total: 4, rows_valid: 2, rows_invalid: 2 });
    expect(told(errors)).toEqual(["3 tokenId row.invalid_token_id", "4 tokenId row.duplicate_token_id"]);
    expect(errors[1]?.message).toContain("on line 2 and again on line 4");
  });

  test("are left out with skip; the first of two equal ids stays", async () => {
    const { batch, jobs } = await taken(file, { options: { onInvalid: "skip" } });
    expect(batch).toMatchObject({
      state: "running",
      rows_total: 4,
      rows_valid: 2,
      rows_invalid: 2,
      pending: 2,
    });
    expect(jobs.map(({ line }) => line)).toEqual([2, 5]);
  });

  test("that leave nothing end the batch also with skip", async () => {
    const { batch, errors } = await taken(`tokenId,name,image\n-1,A,${ROW}\n`, {
      options: { onInvalid: "skip" },
    });
    expect(batch.state).toBe("invalid");
    expect(told(errors)).toEqual(["1  file.no_rows", "2 tokenId row.invalid_token_id"]);
  });

  test("are counted beyond the 10,000 that are listed", { timeout: 60_000 }, async () => {
    const bad = Array.from({ length: 10_200 }, (_, n) => `${n},,${ROW}`).join("\n");
    const { batch, errors } = await taken(`tokenId,name,image\n${bad}\n`);
    expect(batch).toMatchObject({ rows_total: 10_200, rows_invalid: 10_200 });
    expect(errors).toHaveLength(10_000);
  });

  test("thousands of equal ids leave one", { timeout: 60_000 }, async () => {
    const same = Array.from({ length: 6_000 }, () => `5,N,${ROW}`).join("\n");
    const { batch, jobs } = await taken(`tokenId,name,image\n${same}\n`, { options: { onInvalid: "skip" } });
    expect(batch).toMatchObject({ state: "running", rows_total: 6_000, rows_valid: 1, rows_invalid: 5_999 });
    expect(jobs.map(({ line }) => line)).toEqual([2]);
  });
});

describe("rows without ids", () => {
  test("identical ones are as many tokens, and the same file has the same ones", async () => {
    const file = `name,image\nA,${ROW}\nB,${ROW}\nA,${ROW}\nA,${ROW}\n`;
    const collectionId = await upstream.makeCollection();
    const one = await taken(file, { collectionId });
    const ids = one.jobs.map(({ token_id }) => token_id);
    expect(new Set(ids).size).toBe(4);
    expect(one.batch).toMatchObject({ state: "running", rows_valid: 4, warnings: 1 });
    expect(one.jobs.map(({ args }) => JSON.parse(String(args)).tokenId)).toEqual(ids);
    const again = await taken(file, { collectionId });
    expect(again.jobs.map(({ token_id }) => token_id)).toEqual(ids);
    const other = await taken(`image,name\n${ROW},B\n`, { collectionId });
    expect(other.jobs[0]?.token_id).toBe(ids[1]);
  });

  test("a column called edition is looked at to its end", async () => {
    const yes = await taken(`edition,name,image\n5,A,${ROW}\n6,B,${ROW}\n`);
    expect(yes.jobs.map(({ token_id }) => token_id)).toEqual(["5", "6"]);
    const no = await taken(`edition,name,image\n5,A,${ROW}\nfirst,B,${ROW}\n`);
    expect(no.jobs.map(({ token_id }) => String(token_id).length > 40)).toEqual([true, true]);
    expect(no.batch.mapping).toMatchObject({ "attributes[edition]": "edition" });
  });
});

describe("done twice, or by two at once", () => {
  const many = rows(3_000);

  test("a message too many changes nothing", async () => {
    const { id, batch } = await taken(rows(3));
    const run = await drain(id);
    expect(await batchOf(id)).toEqual(batch);
    expect(run.dispatched()).toBe(0);
  });

  test("two at once leave what one leaves", async () => {
    const id = await received(many);
    const runs = [intakeRun(), intakeRun(), intakeRun()];
    await Promise.all(runs.map((run) => drain(id, run)));
    const batch = await batchOf(id);
    expect(batch).toMatchObject({ state: "running", rows_total: 3_000, rows_valid: 3_000, pending: 3_000 });
    expect(await jobsOf(id)).toHaveLength(3_000);
    expect(runs.reduce((sum, run) => sum + run.dispatched(), 0)).toBe(1);
  });

  test("so do two whose file has faults and repeats", async () => {
    const file = `${many}1,Again,${ROW}\n-5,Bad,${ROW}\n2,Again,${ROW}\n`;
    const id = await received(file, { options: { onInvalid: "skip" } });
    await Promise.all([drain(id), drain(id)]);
    expect(await batchOf(id)).toMatchObject({
      state: "running",
      rows_total: 3_003,
      rows_valid: 3_000,
      rows_invalid: 3,
      pending: 3_000,
    });
    expect(await jobsOf(id)).toHaveLength(3_000);
    expect(told(await errorsOf(id))).toHaveLength(3);
  });

  test("so do two on a file of several slices, which a message of its own each", {
    timeout: 60_000,
  }, async () => {
    const long = Array.from({ length: 5_000 }, (_, n) => `${n},N,${ROW},${"x".repeat(1_800)}`).join("\n");
    const id = await received(`tokenId,name,image,description\n${long}\n`);
    const runs = [intakeRun({ now: clockPast() }), intakeRun({ now: clockPast() })];
    await Promise.all(runs.map((run) => drain(id, run)));
    expect(await batchOf(id)).toMatchObject({
      state: "running",
      rows_total: 5_000,
      rows_valid: 5_000,
      pending: 5_000,
      warnings: 5_000,
    });
    const lines = (await jobsOf(id)).map(({ line }) => line);
    expect(lines).toEqual(Array.from({ length: 5_000 }, (_, n) => n + 2));
  });

  test("a slice whose end was never recorded is done again, and counted once", async () => {
    const id = await received(many);
    let calls = 0;
    const crashing = intakeRun({
      db: {
        ...db,
        batch: async (statements) => {
          // After the rows of the first slice are in, and before its totals are.
          if (statements.some((one) => one.sql.includes("rows_total = rows_total")) && calls++ === 1) {
            await db.batch(statements.slice(0, -1));
            throw new Error("the isolate was evicted");
          }
          return db.batch(statements);
        },
      },
    });
    await expect(drain(id, crashing)).rejects.toThrow("evicted");
    expect((await jobsOf(id)).length).toBe(3_000);
    expect((await batchOf(id)).rows_total).toBe(0);
    await drain(id);
    expect(await batchOf(id)).toMatchObject({ state: "running", rows_total: 3_000, pending: 3_000 });
  });

  test("somebody slow does not put back a row that was taken out", async () => {
    const file = `${rows(2)}1,Again,${ROW}\n`;
    const id = await received(file, { options: { onInvalid: "skip" } });
    const held = Promise.withResolvers<void>();
    const arrived = Promise.withResolvers<void>();
    const slow = intakeRun({
      db: {
        ...db,
        batch: async (statements) => {
          if (statements.some((one) => one.sql.includes("INSERT INTO jobs"))) {
            arrived.resolve();
            await held.promise;
          }
          return db.batch(statements);
        },
      },
    });
    const late = drain(id, slow);
    await arrived.promise;
    await drain(id);
    held.resolve();
    await late;
    expect((await jobsOf(id)).map(({ line }) => line)).toEqual([2, 3]);
    expect(await batchOf(id)).toMatchObject({ rows_total: 3, rows_valid: 2, pending: 2 });
  });

  test("who cancels during validation wins", async () => {
    const id = await received(many);
    const run = intakeRun({ now: clockPast() });
    await runIntake(id, run);
    await db.run(sql("UPDATE batches SET state = 'cancelled', finished_at = 5 WHERE id = ?1", id));
    await drain(id, run);
    expect(await batchOf(id)).toMatchObject({ state: "cancelled", pending: 0 });
    expect(run.dispatched()).toBe(0);
  });
});

/** A clock that is past a message's time at once, so that each step is a message of its own. */
function clockPast(): () => number {
  let now = 1_000_000;
  return () => (now += 10_000);
}

test("a batch of another target is left alone", async () => {
  const id = await received(rows(1), { target: "https://metadata.sequence.app#1", collectionId: 1 });
  await drain(id);
  expect((await batchOf(id, "https://metadata.sequence.app#1")).state).toBe("validating");
});

test("each step may be a message of its own", async () => {
  const id = await received(rows(3));
  const run = intakeRun({ now: clockPast() });
  await runIntake(id, run);
  expect(run.sent).toEqual([{ batchId: id, delaySeconds: undefined }]);
  await drain(id, run);
  expect((await batchOf(id)).state).toBe("running");
});

test("no value handed to D1 is larger than it takes, however much is wrong with a file", async () => {
  const id = "9".repeat(77);
  const cell = "x".repeat(180);
  const file = `tokenId,name,image\n${Array.from({ length: 6_000 }, () => `${id},${cell},${ROW}\n`).join("")}`;
  let largest = 0;
  const run = intakeRun({
    db: {
      ...db,
      batch: (statements) => {
        for (const value of statements.flatMap(({ params }) => params)) {
          if (typeof value === "string") largest = Math.max(largest, Buffer.byteLength(value));
        }
        return db.batch(statements);
      },
    },
  });
  const { batch } = await taken(file, { options: { onInvalid: "skip" } }, run);
  expect(batch).toMatchObject({ state: "running", rows_valid: 1, rows_invalid: 5_999 });
  expect(largest).toBeGreaterThan(500_000);
  expect(largest).toBeLessThanOrEqual(1_100_000);
});
