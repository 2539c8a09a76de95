/** A hundred thousand dead letters of twelve causes: what reading, replaying and discarding them costs. */
import { createExecutionContext, createMessageBatch } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, test } from "vitest";
import { fingerprintOf } from "../../../shared/job/fingerprint.ts";
import { type Meter, openDb, sql } from "../../../shared/store/db.ts";
import type { DeadLetterFilter } from "../../../shared/store/dead-letter-filter.ts";
import { groupDeadLetters } from "../../../shared/store/dead-letter-groups.ts";
import { listDeadLetters } from "../../../shared/store/dead-letters.ts";
import worker from "../../../workers/producer/index.ts";
import { db, emulator, producer, target } from "../../support/producer.ts";
import { OPTIONS, readBatch } from "../../support/rows.ts";

const LETTERS = 100_000;
const CAUSES = 12;
const BATCH = "bat_01J00000000000000000000000";
const FIRST_AT = 1_800_000_000_000;

/** Of six hosts and two codes; each message names its row. */
const causes = Array.from({ length: CAUSES }, (_, index) => {
  const isGone = index % 2 === 0;
  const cause = {
    step: index < 10 ? "upload-asset" : "create-token",
    code: isGone ? "media.not_found" : "media.forbidden",
    httpStatus: isGone ? 404 : 403,
    host: `cdn${index >> 1}.example`,
  };
  return {
    ...cause,
    fingerprint: fingerprintOf({ ...cause, message: messageOf(cause, 2) }),
    message: messageOf(cause, "@"),
  };
});

function messageOf(cause: { host: string; httpStatus: number }, line: number | string): string {
  return `Expected a media file at https://${cause.host}/art/${line}.png, got ${cause.httpStatus}: nothing is there.`;
}

const api = producer();

beforeAll(async () => {
  const lines = `WITH RECURSIVE c(line) AS (SELECT 2 UNION ALL SELECT line + 1 FROM c WHERE line < ${LETTERS + 1})`;
  await db.batch([
    sql(
      `INSERT INTO batches (id, target, name, state, collection_id, options, fingerprint, source_key, rows_total,
         rows_valid, dead, created_at, started_at, finished_at)
       VALUES (?1, ?2, 'many.csv', 'finished', 1, ?3, 'f', 'k', ?4, ?4, ?4, 1, 1, 1)`,
      BATCH,
      target(),
      JSON.stringify(OPTIONS),
      LETTERS,
    ),
    sql(
      `${lines} INSERT INTO jobs (batch_id, line, token_id, args, args_hash, state, attempt, claims)
       SELECT ?1, line, line, json_object('tokenId', '' || line, 'token', json_object('name', 'Relic ' || line)),
         '', 'dead', 5, 5 FROM c`,
      BATCH,
    ),
    sql(
      `${lines} INSERT INTO dead_letters (target, batch_id, line, token_id, name, step, code, message, next, http_status,
         host, attempts, response, fingerprint, created_at)
       SELECT ?2, ?1, line, line, 'Relic ' || line, v.value ->> 'step', v.value ->> 'code',
         replace(v.value ->> 'message', '@', line), 'Put the file there, and replay.', v.value ->> 'httpStatus',
         v.value ->> 'host', 5, json_object('url', 'https://cdn.example', 'host', v.value ->> 'host', 'status', 404,
           'body', ?4, 'hop', 0), v.value ->> 'fingerprint', ${FIRST_AT} + line
       FROM c CROSS JOIN json_each(?3) v ON v.key = c.line % ${CAUSES}`,
      BATCH,
      target(),
      JSON.stringify(causes),
      "not here ".repeat(100),
    ),
  ]);
});

/** What the work reads, and how long it takes. */
async function measured<T>(
  work: (metered: typeof db) => Promise<T>,
): Promise<T & { meter: Meter; ms: number }> {
  const meter = { calls: 0, rowsRead: 0, rowsWritten: 0 };
  const began = performance.now();
  const result = await work(openDb(env.DB, meter));
  return Object.assign(result as object, { meter, ms: performance.now() - began }) as T & {
    meter: Meter;
    ms: number;
  };
}
const told = (what: string, { meter, ms }: { meter: Meter; ms: number }) =>
  console.log(`${what}: ${Math.round(ms)} ms, ${meter.rowsRead} rows read, ${meter.rowsWritten} written`);

const page = (filter: DeadLetterFilter, after: readonly [number, number] | null, limit = 51) =>
  measured((metered) => listDeadLetters(metered, { target: target(), state: "open", filter, after, limit }));

describe("a hundred thousand dead letters", () => {
  test("are twelve groups, each with its count, its times and where to look", async () => {
    const groups = await measured((metered) =>
      groupDeadLetters(metered, { target: target(), state: "open", filter: {}, after: null, limit: 51 }),
    );
    told("groups of all", groups);
    expect(groups).toHaveLength(CAUSES);
    expect(groups.meter.rowsRead).toBeLessThan(LETTERS + 1_000);
    const ofBatch = await measured((metered) =>
      groupDeadLetters(metered, {
        target: target(),
        state: "open",
        filter: { batchId: BATCH },
        after: null,
        limit: 51,
      }),
    );
    told("groups of a batch", ofBatch);
    expect(ofBatch).toHaveLength(CAUSES);
    expect(ofBatch.meter.rowsRead).toBeLessThan(2 * LETTERS + 1_000);
    const { body } = await api.ask("/v1/dead-letters/groups?limit=5");
    expect(body.items).toHaveLength(5);
    const rest = await api.ask(`/v1/dead-letters/groups?limit=50&cursor=${body.nextCursor}`);
    const all = [...body.items, ...rest.body.items];
    expect(all).toHaveLength(CAUSES);
    expect(all.reduce((sum, { count }) => sum + Number(count), 0)).toBe(LETTERS);
    const first = all.find(({ fingerprint }) => fingerprint === causes[2]?.fingerprint);
    expect(first).toMatchObject({
      step: "upload-asset",
      code: "media.not_found",
      host: "cdn1.example",
      message: "Expected a media file at <url>, got 404: nothing is there.",
      firstAt: new Date(FIRST_AT + 2).toISOString(),
      next: "Put the file there, and replay.",
    });
    expect(first?.sampleJobIds).toEqual([`${BATCH}:99998`, `${BATCH}:2`]);
  });

  test("are listed page by page, each once, and the last page reads as little as the first", async () => {
    let after: readonly [number, number] | null = null;
    let [seen, dearest] = [0, 0];
    const took: number[] = [];
    let last = Number.POSITIVE_INFINITY;
    for (;;) {
      const rows = await page({}, after, 500);
      seen += rows.length;
      took.push(rows.ms);
      dearest = Math.max(dearest, rows.meter.rowsRead);
      const inOrder = rows.every(({ line }, index) => line < (rows[index - 1]?.line ?? last));
      expect(inOrder).toBe(true);
      last = rows.at(-1)?.line ?? last;
      const end = rows.at(-1);
      if (rows.length < 500 || !end) break;
      after = [end.created_at, end.id];
    }
    const [first = 0, middle = 0, end = 0] = [took[0], took[100], took.at(-1)].map((ms) =>
      Math.round(ms ?? 0),
    );
    const median = Math.round(took.toSorted((a, b) => a - b)[100] ?? 0);
    console.log(
      `pages of 500: first ${first} ms, middle ${middle}, last ${end}, median ${median}; ≤ ${dearest} rows read`,
    );
    expect(seen).toBe(LETTERS);
    expect(dearest).toBeLessThan(1_600);
  });

  test.each<[string, DeadLetterFilter, number]>([
    ["batch", { batchId: BATCH }, 300],
    ["line", { batchId: BATCH, line: 50_000 }, 20],
    ["fingerprint", { fingerprint: causes[3]?.fingerprint ?? "" }, 300],
    ["step", { step: "create-token" }, 1_000],
    ["code", { code: "media.not_found" }, 2_000],
    ["code and host", { code: "media.not_found", host: "cdn3.example" }, 600],
    ["status", { httpStatus: 403 }, 3_000],
    ["time", { since: FIRST_AT + 2, until: FIRST_AT + 90 }, 300],
    ["text of the oldest", { q: "art/2.png" }, 2 * LETTERS + 1_000],
    ["a code that nobody has", { code: "none.such" }, 100],
  ])("a page by %s reads a bounded number of rows", async (what, filter, most) => {
    const first = await page(filter, null);
    told(`by ${what}, first`, first);
    expect(first.meter.rowsRead).toBeLessThan(most);
    const middle = await page(filter, [FIRST_AT + 50_000, 50_000]);
    told(`by ${what}, from the middle`, middle);
    expect(middle.meter.rowsRead).toBeLessThan(most);
  });

  test("of one cause are selected at the call, aborted before they run, and replayed each once", async () => {
    const { fingerprint = "" } = causes[1] ?? {};
    const dry = await api.post("/v1/dead-letters/replay", { filter: { fingerprint }, dryRun: true });
    expect(dry.body).toMatchObject({ id: null, state: "planned", selected: 8333 });
    const began = performance.now();
    const slow = await api.post("/v1/dead-letters/replay", { filter: { fingerprint }, perSecond: 5 });
    console.log(`selecting 8,333 of 100,000: ${Math.round(performance.now() - began)} ms`);
    expect(slow.body).toMatchObject({ selected: 8333, perSecond: 5 });
    const put = 8333 - Number(slow.body.waiting);
    expect(put).toBeGreaterThanOrEqual(5);
    expect(put).toBeLessThan(100);
    const again = await api.post("/v1/dead-letters/replay", { filter: { fingerprint } });
    expect(again.body).toMatchObject({ selected: 0, state: "finished" });
    const aborted = await api.post(`/v1/replays/${slow.body.id}/abort`);
    // The first have their messages already: nobody can call those back.
    expect(aborted.body).toMatchObject({ state: "aborted", waiting: 0, selected: 8333, left: 8333 - put });
  });

  test("are selected by a filter in one go, and each is put back once, by messages", async () => {
    const mine = producer();
    const filter = { batchId: BATCH, step: "upload-asset" };
    const began = performance.now();
    const { body } = await mine.post("/v1/dead-letters/replay", { filter });
    console.log(
      `selecting ${body.selected} and putting back the first: ${Math.round(performance.now() - began)} ms`,
    );
    const expected = await db.run(
      sql("SELECT count(*) AS n FROM dead_letters WHERE state = 'open' AND step = 'upload-asset'"),
    );
    expect(Number(body.selected)).toBeGreaterThan(80_000);
    expect(Number(expected.rows[0]?.n)).toBe(Number(body.waiting));
    const [message] = mine.sent.intake;
    expect(message).toEqual({ v: 1, r: body.id });
    for (let turn = 0; mine.sent.intake.length > 0; turn += 1) {
      expect(turn).toBeLessThan(20);
      await deliver(mine.sent.intake.splice(0), mine.sent);
    }
    const { rows } = await db.run(
      sql(
        `SELECT count(*) AS n, count(DISTINCT j.line) AS jobs FROM replay_jobs k
         JOIN jobs j ON j.batch_id = k.batch_id AND j.line = k.line AND j.state IN ('pending', 'queued')
         WHERE k.replay_id = ?1 AND k.state = 'back'`,
        String(body.id),
      ),
    );
    expect(rows[0]).toEqual({ n: body.selected, jobs: body.selected });
    const batch = await readBatch(db, BATCH);
    expect(batch.state).toBe("running");
    expect(Number(batch.dead) + Number(batch.pending) + Number(batch.queued)).toBe(LETTERS);
    const asked = performance.now();
    const seen = await api.ask(`/v1/replays/${body.id}`);
    console.log(`progress of ${body.selected}: ${Math.round(performance.now() - asked)} ms`);
    expect(seen.body).toMatchObject({ state: "running", waiting: 0, done: 0 });
  });

  test("are discarded by a filter, and kept", async () => {
    const filter = { step: "create-token" };
    const { body } = await api.post("/v1/dead-letters/discard", { filter, dryRun: true });
    expect(body.discarded).toBe(0);
    const began = performance.now();
    const done = await api.post("/v1/dead-letters/discard", { filter });
    console.log(`discarding ${done.body.discarded}: ${Math.round(performance.now() - began)} ms`);
    expect(done.body).toEqual({ selected: body.selected, discarded: body.selected });
    expect((await api.ask("/v1/dead-letters?step=create-token")).body.items).toEqual([]);
    const kept = await api.ask("/v1/dead-letters?step=create-token&state=discarded&limit=1");
    expect(kept.body.items).toHaveLength(1);
  });
});

async function deliver(bodies: unknown[], into: { intake: unknown[]; jobs: unknown[] }): Promise<void> {
  const queue = (sent: unknown[]) => ({
    send: async (body: unknown) => void sent.push(body),
    sendBatch: async (messages: Iterable<{ body: unknown }>) =>
      void sent.push(...Array.from(messages, ({ body }) => body)),
  });
  const bindings = {
    ...env,
    EMULATOR_URL: emulator().url,
    JWT_ACCESS_KEY: emulator().key,
    INTAKE: queue(into.intake),
    JOBS: queue(into.jobs),
  };
  const messages = bodies.map((body, index) => ({
    id: `m${index}`,
    timestamp: new Date(0),
    attempts: 1,
    body,
  }));
  const batch = createMessageBatch("mintline-intake", messages);
  await worker.queue(batch as never, bindings as unknown as ProducerEnv);
  createExecutionContext();
}
