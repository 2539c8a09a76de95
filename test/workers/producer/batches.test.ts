import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { Batch, Job, pageOf, RowProblem } from "../../../shared/api/contract.ts";
import { openDb, sql } from "../../../shared/store/db.ts";
import { db, emulator, producer, target } from "../../support/producer.ts";
import { seedBatch } from "../../support/rows.ts";

const api = producer();

const set = (id: string, columns: string) => db.run(sql(`UPDATE batches SET ${columns} WHERE id = ?1`, id));
const seed = (given: Parameters<typeof seedBatch>[1] = {}) => seedBatch(db, { target: target(), ...given });

describe("a batch", () => {
  test("is shown from its row alone, as the contract says", async () => {
    const id = await seed({ rows: 4 });
    await set(
      id,
      `completed = 2, dead = 1, pending = 0, running = 1, created = 1, unchanged = 1, rate_per_second = 0.5,
       warnings = 3, format = 'opensea', mapping = '{"name":"Title"}', collection_published = 1`,
    );
    const { status, body, headers } = await api.ask(`/v1/batches/${id}`);
    expect(status).toBe(200);
    expect(Batch.parse(body)).toEqual({
      id,
      name: "test.csv",
      target: target(),
      collectionId: 1,
      collectionPublished: true,
      state: "running",
      kind: "submit",
      sourceId: null,
      followUps: { publish: null, unpublish: null, verify: null },
      priority: "normal",
      rows: { total: 4, valid: 4, invalid: 0 },
      jobs: {
        pending: 0,
        queued: 0,
        running: 1,
        retryable: 0,
        snoozed: 0,
        completed: 2,
        dead: 1,
        cancelled: 0,
      },
      outcomes: { created: 1, updated: 0, unchanged: 1 },
      progress: 0.75,
      ratePerSecond: 0.5,
      etaSeconds: 1,
      waiting: null,
      halted: null,
      format: "opensea",
      mapping: { name: "Title" },
      warnings: 3,
      drifts: 0,
      publish: true,
      plan: null,
      createdAt: "1970-01-01T00:00:01.000Z",
      startedAt: "1970-01-01T00:00:01.000Z",
      finishedAt: null,
    });
    expect(headers.get("retry-after")).toBe("1");
  });

  test("that waits for somebody says for whom instead of when", async () => {
    const id = await seed();
    await set(
      id,
      `rate_per_second = 5, waiting = '{"reason":"rate_limited","host":"h","since":1000,"until":61000,"message":"m"}'`,
    );
    const { body, headers } = await api.ask(`/v1/batches/${id}`);
    expect(body).toMatchObject({
      etaSeconds: null,
      waiting: {
        reason: "rate_limited",
        since: "1970-01-01T00:00:01.000Z",
        until: "1970-01-01T00:01:01.000Z",
      },
    });
    // The time they named is over: it may go on any moment.
    expect(headers.get("retry-after")).toBe("1");
  });

  test("that is finished has its average speed and no reason to ask again", async () => {
    const id = await seed({ state: "finished", rows: 10 });
    await set(id, "pending = 0, completed = 10, finished_at = 6000, rate_per_second = 99");
    const { body, headers } = await api.ask(`/v1/batches/${id}`);
    expect(body).toMatchObject({ progress: 1, ratePerSecond: 2, etaSeconds: 0 });
    expect(headers.has("retry-after")).toBe(false);
  });

  test("never claims to be done while a job is open", async () => {
    const id = await seed({ rows: 1 });
    await set(id, "rows_valid = 1000000, pending = 1, completed = 999999");
    expect((await api.ask(`/v1/batches/${id}`)).body.progress).toBe(0.9999);
  });

  test("halted shows why; planned shows the plan", async () => {
    const halted = await seed({ state: "halted" });
    expect((await api.ask(`/v1/batches/${halted}`)).body.halted).toEqual({
      code: "key.refused",
      message: "m",
      next: "n",
    });
    const planned = await seed({ state: "planned" });
    const plan = { create: 1, update: 2, unchanged: 0, conflict: 0, calls: 12, bytes: 5, seconds: 1.5 };
    await set(planned, `plan = '${JSON.stringify(plan)}'`);
    expect((await api.ask(`/v1/batches/${planned}`)).body.plan).toEqual(plan);
  });

  test("costs at most five rows read, whatever its size", async () => {
    const id = await seed({ rows: 2000 });
    const meter = { calls: 0, rowsRead: 0, rowsWritten: 0 };
    const { readBatch } = await import("../../../shared/store/batch-views.ts");
    await readBatch(openDb(env.DB, meter), target(), id);
    expect(meter.calls).toBe(1);
    expect(meter.rowsRead).toBeLessThanOrEqual(5);
    expect(meter.rowsWritten).toBe(0);
  });

  test("unchanged is not sent again, and still says when to ask", async () => {
    const id = await seed();
    const first = await api.ask(`/v1/batches/${id}`);
    const etag = first.headers.get("etag") ?? "";
    expect(etag).toMatch(/^"[0-9a-f]{20,}"$/);
    const same = await api.ask(`/v1/batches/${id}`, { headers: { "if-none-match": `W/${etag}, "x"` } });
    expect([same.status, same.text]).toEqual([304, ""]);
    expect(same.headers.get("etag")).toBe(etag);
    expect(same.headers.get("retry-after")).toBe("1");
    await set(id, "completed = 1, pending = pending - 1");
    const changed = await api.ask(`/v1/batches/${id}`, { headers: { "if-none-match": etag } });
    expect(changed.status).toBe(200);
    expect(changed.headers.get("etag")).not.toBe(etag);
  });

  test("of another target is not there, nor are its jobs and errors", async () => {
    const id = await seed({ target: "https://metadata.sequence.app#30957" });
    for (const path of [`/v1/batches/${id}`, `/v1/batches/${id}/jobs`, `/v1/batches/${id}/errors`]) {
      expect((await api.ask(path)).body.code).toBe("batch.not_found");
    }
    expect((await api.ask(`/v1/jobs/${id}:2`)).body.code).toBe("job.not_found");
    expect((await api.ask("/v1/batches?limit=500")).text).not.toContain(id);
  });
});

/** Walks a list to its end and returns what each page held. */
async function pages(path: string): Promise<Record<string, unknown>[][]> {
  const all: Record<string, unknown>[][] = [];
  let cursor: string | null = null;
  do {
    const { body } = await api.ask(`${path}${cursor === null ? "" : `&cursor=${cursor}`}`);
    all.push(body.items);
    cursor = body.nextCursor;
  } while (cursor !== null);
  return all;
}

describe("lists", () => {
  test("batches come newest first, page by page, each once", async () => {
    const own = producer({ METADATA_URL: "http://127.0.0.1:7001" });
    const ids: string[] = [];
    for (let index = 0; index < 5; index += 1) {
      ids.push(await seed({ target: `http://127.0.0.1:7001#${emulator().project}` }));
    }
    const newest = [...ids].sort().reverse();
    const first = await own.ask("/v1/batches?limit=2");
    expect(first.body.items.map(({ id }) => id)).toEqual(newest.slice(0, 2));
    await seed({ target: `http://127.0.0.1:7001#${emulator().project}` });
    const second = await own.ask(`/v1/batches?limit=3&cursor=${first.body.nextCursor}`);
    expect(second.body.items.map(({ id }) => id)).toEqual(newest.slice(2));
    expect(second.body.nextCursor).toBeNull();
    expect(pageOf(Batch).safeParse(second.body).success).toBe(true);
  });

  test("jobs come in the order of the file, and filter by state and step", async () => {
    const id = await seed({ rows: 7 });
    await db.batch([
      sql(
        "UPDATE jobs SET state = 'completed', outcome = 'created', step = 'publish-token' WHERE batch_id = ?1 AND line > 5",
        id,
      ),
      sql("UPDATE batches SET completed = 3, pending = 4 WHERE id = ?1", id),
    ]);
    const walked = await pages(`/v1/batches/${id}/jobs?limit=3`);
    expect(walked.map((page) => page.map(({ line }) => line))).toEqual([[2, 3, 4], [5, 6, 7], [8]]);
    const completed = await pages(`/v1/batches/${id}/jobs?state=completed&limit=3`);
    expect(completed.map((page) => page.map(({ line }) => line))).toEqual([[6, 7, 8]]);
    expect((await pages(`/v1/batches/${id}/jobs?step=publish-token&limit=500`)).flat()).toHaveLength(3);
    expect((await pages(`/v1/batches/${id}/jobs?state=dead&limit=5`)).flat()).toEqual([]);
    const { body } = await api.ask(`/v1/batches/${id}/jobs?state=ded`);
    expect([body.code, body.parameter]).toEqual(["query.invalid", "state"]);
  });

  test("errors come by line and column, warnings among them", async () => {
    const id = await seed({ state: "invalid" });
    const rows = [
      [3, "name", "row.name_missing", "error", null],
      [3, "image", "row.media_missing", "error", "x.png"],
      [12, "tokenId", "row.invalid_token_id", "error", "-1"],
      [2, "", "file.windows_1252", "warning", null],
    ];
    for (const [line, col, code, severity, value] of rows) {
      await db.run(
        sql(
          "INSERT INTO row_errors (batch_id, line, col, code, severity, message, next, value) VALUES (?1,?2,?3,?4,?5,'m','n',?6)",
          id,
          Number(line),
          String(col),
          String(code),
          String(severity),
          value === null ? null : String(value),
        ),
      );
    }
    const walked = await pages(`/v1/batches/${id}/errors?limit=2`);
    expect(walked.map((page) => page.map(({ line, column }) => [line, column]))).toEqual([
      [
        [2, ""],
        [3, "image"],
      ],
      [
        [3, "name"],
        [12, "tokenId"],
      ],
    ]);
    expect(RowProblem.parse(walked[1]?.[1])).toMatchObject({ severity: "error", value: "-1", next: "n" });
  });
});

describe("a job", () => {
  const outputs = {
    token: "created",
    assets: [
      {
        field: "image",
        id: 4418,
        url: "https://x/image.png",
        sha256: "ab",
        bytes: 3,
        contentType: "image/png",
      },
    ],
    published: true,
  };
  const error = {
    step: "upload-asset",
    code: "media.not_found",
    message: "m",
    next: "n",
    httpStatus: 404,
    retryable: false,
  };

  test("is shown with its attempts, and with a public URL only once token and collection are public", async () => {
    const id = await seed({ rows: 1, collectionId: 900 });
    const attempts = [
      {
        attempt: 1,
        startedAt: 1000,
        endedAt: 2000,
        outcome: "completed",
        steps: [{ step: "create-token", ms: 41, outcome: "done" }],
        error: null,
      },
    ];
    await db.run(
      sql(
        `UPDATE jobs SET state = 'completed', outcome = 'created', step = 'publish-token', attempt = 1, outputs = ?2,
         attempts = ?3 WHERE batch_id = ?1`,
        id,
        JSON.stringify(outputs),
        JSON.stringify(attempts),
      ),
    );
    const hidden = await api.ask(`/v1/jobs/${id}:2`);
    expect(Job.parse(hidden.body)).toMatchObject({
      id: `${id}:2`,
      line: 2,
      tokenId: "2",
      name: "Relic 2",
      outcome: "created",
      publicUrl: null,
      assets: [{ field: "image", id: 4418, url: "https://x/image.png", sha256: "ab" }],
      attempts: [{ startedAt: "1970-01-01T00:00:01.000Z", endedAt: "1970-01-01T00:00:02.000Z" }],
    });
    await set(id, "collection_published = 1");
    const shown = await api.ask(`/v1/jobs/${id}:2`);
    expect(shown.body.publicUrl).toBe(
      `${emulator().url}/projects/${emulator().project}/collections/900/tokens/2`,
    );
    await db.run(
      sql(
        "UPDATE jobs SET outputs = ?2 WHERE batch_id = ?1",
        id,
        JSON.stringify({ ...outputs, published: false }),
      ),
    );
    expect((await api.ask(`/v1/jobs/${id}:2`)).body.publicUrl).toBeNull();
  });

  test("that failed shows its error; that waits shows until when", async () => {
    const id = await seed({ rows: 1 });
    await db.run(
      sql(
        "UPDATE jobs SET state = 'retryable', scheduled_at = 5000, error = ?2 WHERE batch_id = ?1",
        id,
        JSON.stringify(error),
      ),
    );
    expect((await api.ask(`/v1/jobs/${id}:2`)).body).toMatchObject({
      state: "retryable",
      scheduledAt: "1970-01-01T00:00:05.000Z",
      error,
    });
  });

  test.each(["nonsense", "bat_1:2", "bat_01ARZ3NDEKTSV4RRFFQ69G5FAV:0", "bat_01ARZ3NDEKTSV4RRFFQ69G5FAV:2"])(
    "%s is not there",
    async (id) => {
      const { status, body } = await api.ask(`/v1/jobs/${encodeURIComponent(id)}`);
      expect([status, body.code]).toEqual([404, "job.not_found"]);
    },
  );
});
