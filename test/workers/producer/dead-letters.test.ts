import { describe, expect, test } from "vitest";
import { DeadLetter, DeadLetterDetail, pageOf, Replay } from "../../../shared/api/contract.ts";
import { LIMITS } from "../../../shared/limits.ts";
import { sql } from "../../../shared/store/db.ts";
import { readReplay } from "../../../shared/store/replay-progress.ts";
import { countReplayable, replayJobs } from "../../../shared/store/replays.ts";
import { db, producer, target } from "../../support/producer.ts";
import { counters, readBatch, readJobs, seedBatch } from "../../support/rows.ts";

type Letter = {
  step?: string;
  code?: string;
  message?: string;
  httpStatus?: number;
  host?: string;
  createdAt?: number;
};

/** A batch whose given lines are dead, with a letter each; all others stay pending. */
async function seedDead(
  letters: Record<number, Letter>,
  given: Parameters<typeof seedBatch>[1] = {},
): Promise<string> {
  const of = given.target ?? target();
  const id = await seedBatch(db, { target: of, state: "running", rows: 4, ...given });
  const lines = Object.keys(letters).length;
  for (const [line, letter] of Object.entries(letters)) {
    await db.batch([
      sql(
        `UPDATE jobs SET state = 'dead', attempt = 5, claims = 5, rescues = 2, step = 'upload-asset',
           outputs = '{"token":"created","sent":true,"assets":[],"published":false}', error = ?3,
           attempts = '[{"attempt":1,"startedAt":1000,"endedAt":2000,"outcome":"dead","steps":[],"error":null}]'
         WHERE batch_id = ?1 AND line = ?2`,
        id,
        Number(line),
        '{"step":"upload-asset","code":"media.not_found","message":"m","next":"n","httpStatus":404,"retryable":false}',
      ),
      sql(
        `INSERT INTO dead_letters (target, batch_id, line, token_id, name, step, code, message, next, http_status, host,
           attempts, response, created_at)
         VALUES (?1, ?2, ?3, ?3, 'Relic ' || ?3, ?4, ?5, ?6, 'Do this.', ?7, ?8, 5, ?9, ?10)`,
        of,
        id,
        Number(line),
        letter.step ?? "upload-asset",
        letter.code ?? "media.not_found",
        letter.message ?? "Expected a picture, got 404",
        letter.httpStatus ?? null,
        letter.host ?? null,
        JSON.stringify({
          url: "https://cdn.example/x.png",
          host: "cdn.example",
          status: 404,
          body: "gone",
          hop: 0,
        }),
        letter.createdAt ?? 1_000,
      ),
    ]);
  }
  await db.run(sql("UPDATE batches SET dead = ?2, pending = pending - ?2 WHERE id = ?1", id, lines));
  return id;
}

const finish = (id: string) =>
  db.batch([
    sql(
      "UPDATE jobs SET state = 'completed', outcome = 'created' WHERE batch_id = ?1 AND state = 'pending'",
      id,
    ),
    sql(
      `UPDATE batches SET completed = pending, pending = 0, state = 'finished', finished_at = 9, dispatch_line = 99
       WHERE id = ?1`,
      id,
    ),
  ]);

const api = producer();
const linesOf = async (query: string) =>
  (await api.ask(`/v1/dead-letters?${query}`)).body.items.map(({ line }) => line);

describe("the list", () => {
  test("comes newest first, page by page", async () => {
    const id = await seedDead({ 2: {}, 3: {}, 4: {}, 5: {} });
    const first = await api.ask(`/v1/dead-letters?batchId=${id}&limit=3`);
    expect(
      pageOf(DeadLetter)
        .parse(first.body)
        .items.map(({ line }) => line),
    ).toEqual([5, 4, 3]);
    const rest = await api.ask(`/v1/dead-letters?batchId=${id}&limit=3&cursor=${first.body.nextCursor}`);
    expect(rest.body.items.map(({ line }) => line)).toEqual([2]);
    expect(rest.body.nextCursor).toBeNull();
  });

  test("filters by everything that the contract names", async () => {
    const id = await seedDead({
      2: { step: "create-token", code: "token.exists", createdAt: 1_000 },
      3: { httpStatus: 404, host: "cdn.example", createdAt: 60_000 },
      4: {
        httpStatus: 503,
        host: "ipfs.example",
        message: "The Gateway said: 50% of 100_000",
        createdAt: 120_000,
      },
    });
    const of = (query: string) => linesOf(`batchId=${id}&${query}`);
    expect(await of("step=create-token")).toEqual([2]);
    expect(await of("code=media.not_found")).toEqual([4, 3]);
    expect(await of("httpStatus=503")).toEqual([4]);
    expect(await of("host=cdn.example")).toEqual([3]);
    expect(await of("line=3")).toEqual([3]);
    expect(await of("since=1970-01-01T00:01:00Z")).toEqual([4, 3]);
    expect(await of("until=1970-01-01T00:01:00Z")).toEqual([2]);
    expect(await of("since=1970-01-01T01:01:00%2B01:00&until=1970-01-01T00:02:00Z")).toEqual([3]);
    expect(await of("q=gateway")).toEqual([4]);
    expect(await of(`q=${encodeURIComponent("50% of 100_000")}`)).toEqual([4]);
    expect(await of(`q=${encodeURIComponent("50_ of")}`)).toEqual([]);
    expect(await of("q=relic%203")).toEqual([3]);
    expect(await of("code=media.not_found&httpStatus=404&line=4")).toEqual([]);
  });

  test("shows only this target's", async () => {
    const id = await seedDead({ 2: {} }, { target: "https://other#1" });
    expect(await linesOf(`batchId=${id}`)).toEqual([]);
    expect((await api.ask(`/v1/dead-letters/${id}:2`)).body.code).toBe("dead_letter.not_found");
  });
});

test("one is shown with its row, its attempts and the last response", async () => {
  const id = await seedDead({ 2: { httpStatus: 404 } });
  const { body } = await api.ask(`/v1/dead-letters/${id}:2`);
  expect(DeadLetterDetail.parse(body)).toMatchObject({
    jobId: `${id}:2`,
    state: "open",
    next: "Do this.",
    httpStatus: 404,
    row: { tokenId: "2", token: { name: "Relic 2" } },
    attemptRecords: [{ attempt: 1, startedAt: "1970-01-01T00:00:01.000Z", outcome: "dead" }],
    response: { status: 404, body: "gone", host: "cdn.example" },
  });
  expect((await api.ask(`/v1/dead-letters/${id}:3`)).body.code).toBe("dead_letter.not_found");
});

test("an orphan of the platform is shown although it has no job", async () => {
  const id = await seedDead({ 2: {} });
  await db.run(sql("DELETE FROM jobs WHERE batch_id = ?1 AND line = 2", id));
  expect(DeadLetterDetail.parse((await api.ask(`/v1/dead-letters/${id}:2`)).body)).toMatchObject({
    row: null,
    attemptRecords: [],
  });
  expect((await api.post("/v1/dead-letters/replay", { filter: { batchId: id } })).body.selected).toBe(0);
});

describe("a replay", () => {
  test("puts jobs back with claims and outputs kept, and a finished batch runs again", async () => {
    const mine = producer();
    const id = await seedDead({ 3: {}, 5: {} });
    await finish(id);
    const { status, headers, body } = await mine.post("/v1/dead-letters/replay", { filter: { batchId: id } });
    expect(status).toBe(202);
    expect(headers.get("location")).toBe(`/v1/replays/${body.id}`);
    expect(Replay.parse(body)).toMatchObject({ state: "running", selected: 2, done: 0 });
    expect(await readBatch(db, id)).toMatchObject({
      state: "running",
      finished_at: null,
      dead: 0,
      completed: 2,
    });
    const [, job] = await readJobs(db, id);
    expect(job).toMatchObject({ attempt: 0, claims: 5, rescues: 0, error: null, step: "upload-asset" });
    expect(JSON.parse(String(job?.outputs))).toMatchObject({ token: "created" });
    expect(JSON.parse(String(job?.attempts))).toHaveLength(1);
    expect((await counters(db, id)).counted).toEqual({ completed: 2, queued: 2 });
    expect((await counters(db, id)).stored).toEqual({ completed: 2, queued: 2 });
    const sent = mine.sent.jobs.filter((message) => (message as { b: string }).b === id);
    expect(sent).toEqual([
      { v: 1, b: id, l: 3 },
      { v: 1, b: id, l: 5 },
    ]);
    expect(await linesOf(`batchId=${id}`)).toEqual([]);
    expect(await linesOf(`batchId=${id}&state=replayed`)).toEqual([5, 3]);
  });

  test("counts its progress from its jobs", async () => {
    const id = await seedDead({ 2: {}, 3: {}, 4: {} });
    const { body } = await api.post("/v1/dead-letters/replay", { filter: { batchId: id } });
    await db.batch([
      sql("UPDATE jobs SET state = 'completed', outcome = 'created' WHERE batch_id = ?1 AND line = 2", id),
      sql("UPDATE jobs SET state = 'dead' WHERE batch_id = ?1 AND line = 3", id),
    ]);
    const { body: half } = await api.ask(`/v1/replays/${body.id}`);
    expect(half).toMatchObject({
      id: body.id,
      state: "running",
      selected: 3,
      waiting: 0,
      done: 2,
      completed: 1,
      deadAgain: 1,
      left: 0,
      perSecond: null,
      endedAt: null,
    });
    await db.run(sql("UPDATE jobs SET state = 'cancelled' WHERE batch_id = ?1 AND line = 4", id));
    expect((await api.ask(`/v1/replays/${body.id}`)).body).toMatchObject({ state: "finished", done: 3 });
    expect((await api.ask("/v1/replays/rep_none")).body.code).toBe("replay.not_found");
  });

  test("done twice changes nothing the second time, also where a job has died again meanwhile", async () => {
    const id = await seedDead({ 2: {}, 3: {} });
    const filter = { batchId: id };
    const { newestLetter } = await countReplayable(db, target(), filter);
    const replay = { id: `rep_${crypto.randomUUID()}`, target: target(), filter, newestLetter, now: 5_000 };
    expect(await replayJobs(db, replay)).toBe(2);
    const [batch, jobs] = [await readBatch(db, id), await readJobs(db, id)];
    expect(await replayJobs(db, replay)).toBe(2);
    expect(await readBatch(db, id)).toEqual(batch);
    expect(await readJobs(db, id)).toEqual(jobs);
    await db.batch([
      sql("UPDATE jobs SET state = 'dead' WHERE batch_id = ?1 AND line = 2", id),
      sql("UPDATE batches SET dead = 1, pending = pending - 1 WHERE id = ?1", id),
      sql(
        `INSERT INTO dead_letters (target, batch_id, line, token_id, name, step, code, message, next, attempts, created_at)
         VALUES (?2, ?1, 2, '2', 'x', 'create-token', 'a.b', 'm', 'n', 1, 6000)`,
        id,
        target(),
      ),
    ]);
    expect(await replayJobs(db, replay)).toBe(2);
    expect((await counters(db, id)).stored).toEqual((await counters(db, id)).counted);
    expect((await counters(db, id)).stored).toEqual({ dead: 1, pending: 3 });
    expect(await linesOf(`batchId=${id}`)).toEqual([2]);
    expect(await readReplay(db, target(), replay.id, 9_000_000)).toMatchObject({
      selected: 2,
      dead_again: 1,
    });
  });

  test("asked for twice at once takes each dead letter once", async () => {
    const id = await seedDead({ 2: {}, 3: {}, 4: {} });
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => api.post("/v1/dead-letters/replay", { filter: { batchId: id } })),
    );
    expect(answers.map(({ body }) => Number(body.selected)).sort()).toEqual([0, 0, 0, 0, 3]);
    expect((await counters(db, id)).stored).toEqual((await counters(db, id)).counted);
  });

  test("of more than one piece leaves none behind and counts each once", async () => {
    const rows = LIMITS.replayPiece + 3;
    const id = await seedBatch(db, { target: target(), state: "finished", rows: 0 });
    const lines = `WITH RECURSIVE c(line) AS (SELECT 2 UNION ALL SELECT line + 1 FROM c WHERE line < ${rows + 1})`;
    await db.batch([
      sql(
        `${lines} INSERT INTO jobs (batch_id, line, token_id, args, args_hash, state) SELECT ?1, line, line, '{}', '', 'dead' FROM c`,
        id,
      ),
      sql(
        `${lines} INSERT INTO dead_letters (target, batch_id, line, token_id, name, step, code, message, next, attempts, created_at)
         SELECT ?2, ?1, line, line, 'n', 'create-token', 'a.b', 'm', 'n', 1, 1 FROM c`,
        id,
        target(),
      ),
      sql("UPDATE batches SET rows_valid = ?2, dead = ?2 WHERE id = ?1", id, rows),
    ]);
    const { newestLetter } = await countReplayable(db, target(), { batchId: id });
    const replay = { id: `rep_${id}`, target: target(), filter: { batchId: id }, newestLetter, now: 5 };
    expect(await replayJobs(db, replay)).toBe(rows);
    expect(await readBatch(db, id)).toMatchObject({
      state: "running",
      dead: 0,
      pending: rows,
      dispatch_line: 0,
    });
    expect(await readReplay(db, target(), replay.id, 9_000_000)).toMatchObject({
      selected: rows,
      put_back: rows,
      completed: 0,
    });
    expect((await countReplayable(db, target(), { batchId: id })).selected).toBe(0);
    await db.run(sql("UPDATE batches SET state = 'paused' WHERE id = ?1", id));
  });

  test("selects by job, step, code and text", async () => {
    const id = await seedDead({
      2: { step: "create-token", code: "token.exists" },
      3: { message: "the word walrus" },
      4: {},
      5: {},
    });
    const dry = async (filter: Record<string, unknown>) =>
      (await api.post("/v1/dead-letters/replay", { filter: { batchId: id, ...filter }, dryRun: true })).body;
    expect(await dry({})).toMatchObject({ id: null, state: "planned", selected: 4 });
    expect((await dry({ step: "create-token" })).selected).toBe(1);
    expect((await dry({ code: "media.not_found" })).selected).toBe(3);
    expect((await dry({ q: "WALRUS" })).selected).toBe(1);
    const jobIds = [`${id}:2`, `${id}:5`, "bat_01ARZ3NDEKTSV4RRFFQ69G5FAV:2"];
    const { body } = await api.post("/v1/dead-letters/replay", { filter: { jobIds } });
    expect(body.selected).toBe(2);
    expect(await linesOf(`batchId=${id}`)).toEqual([4, 3]);
  });

  test("leaves a paused or halted batch as it is", async () => {
    for (const state of ["paused", "halted"]) {
      const id = await seedDead({ 2: {} }, { state });
      await api.post("/v1/dead-letters/replay", { filter: { batchId: id } });
      expect(await readBatch(db, id)).toMatchObject({ state, dead: 0, pending: 4, dispatch_line: 0 });
    }
  });

  test("of a cancelled batch is refused when named, and left out of a wider selection", async () => {
    const code = `odd.${crypto.randomUUID().slice(0, 8)}`;
    const cancelled = await seedDead({ 2: { code } }, { state: "cancelled" });
    const running = await seedDead({ 2: { code } });
    for (const filter of [{ batchId: cancelled }, { jobIds: [`${cancelled}:2`, `${running}:2`] }]) {
      const { status, body } = await api.post("/v1/dead-letters/replay", { filter });
      expect([status, body.code]).toEqual([409, "batch.cancelled"]);
    }
    expect((await api.post("/v1/dead-letters/replay", { filter: { code } })).body.selected).toBe(1);
    expect(await readBatch(db, cancelled)).toMatchObject({ state: "cancelled", dead: 1 });
  });

  test.each([
    [{}, "body.invalid", "filter"],
    [{ filter: {} }, "body.invalid", "at least one"],
    [{ filter: { batchID: "x" } }, "body.unknown_field", 'Did you mean "batchId"?'],
    [{ filter: { batchId: "x" }, dryrun: true }, "body.unknown_field", 'Did you mean "dryRun"?'],
    [{ filter: { jobIds: ["17"] } }, "body.invalid", "bat_01J"],
    [{ filter: { jobIds: Array(1001).fill("a") } }, "body.invalid", "jobIds"],
    ["[", "body.invalid", "JSON"],
  ])("is refused as %j", async (json, code, said) => {
    const given = typeof json === "string" ? json : JSON.stringify(json);
    const { status, body } = await api.ask("/v1/dead-letters/replay", {
      method: "POST",
      body: given,
      headers: { "content-type": "application/json" },
    });
    expect([status, body.code]).toEqual([400, code]);
    expect(String(body.detail)).toContain(said);
  });

  test("is refused as a form, and as a body without end", async () => {
    const form = await api.post("/v1/dead-letters/replay", undefined, {
      body: "batchId=1",
      headers: { "content-type": "application/x-www-form-urlencoded" },
    });
    expect(form.body.code).toBe("body.unsupported");
    const endless = new ReadableStream({
      pull: (controller) => controller.enqueue(new Uint8Array(100_000)),
    });
    const long = await api.ask("/v1/dead-letters/replay", {
      method: "POST",
      body: endless,
      headers: { "content-type": "application/json" },
    });
    expect([long.status, long.body.code]).toEqual([413, "body.too_large"]);
  });
});
