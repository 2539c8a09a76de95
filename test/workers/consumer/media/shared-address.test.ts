/** One picture for many rows: one fetch from its host, whatever happens on the way. */
import { env } from "cloudflare:workers";
import { describe, expect, test, vi } from "vitest";
import { MB } from "../../../../shared/limits.ts";
import { mediaKey } from "../../../../shared/media/store.ts";
import { type Meter, sql } from "../../../../shared/store/db.ts";
import { insertFetches, takeFetch } from "../../../../shared/store/media-fetches.ts";
import { bigPng, fixture, sha256 } from "../../../shared/media/fixtures.ts";
import {
  db,
  deliver,
  emulatorIn,
  makeDue,
  onlyJob,
  queueAll,
  queuedBatch,
} from "../../../support/consumer.ts";
import { d1With } from "../../../support/d1.ts";
import { mediaHosts, type Saying } from "../../../support/hostile.ts";
import { batchOf, runBatch } from "../../../support/pipeline.ts";
import { argsOf, counters, readJobs } from "../../../support/rows.ts";
import { spooled } from "./asking.ts";

const { hosts, all } = mediaHosts();
const [art] = hosts;
const variables = { MEDIA_PRIVATE_HOSTS: all };
const png = fixture("tiny.png");
let serial = 0;

/** So many rows whose art is behind one address, which intake has found out. */
async function rowsOfOne(rows: number, ...says: Saying[]) {
  const path = `/shared-${serial++}.png`;
  const url = await art.say(path, ...says);
  const batch = await queuedBatch({ rows, args: (line) => argsOf(line, url) });
  await db.run(insertFetches(batch.id, JSON.stringify([4 * 2])));
  return { ...batch, url, path, seen: () => art.seen(path) };
}

const inParts = <T>(keys: readonly T[], size = 10): T[][] =>
  Array.from({ length: Math.ceil(keys.length / size) }, (_, n) => keys.slice(size * n, size * n + size));

async function uploads({ emulator, collectionId }: Awaited<ReturnType<typeof rowsOfOne>>): Promise<string[]> {
  const calls = await emulator.calls(collectionId);
  return calls.filter(({ method }) => method === "UploadAsset").map(({ sha256: hash }) => String(hash));
}

describe("a file in which intake finds addresses that several rows need", { timeout: 60_000 }, () => {
  const emulator = emulatorIn();
  test("each is fetched once, each other one by its own row, and all are published with their bytes", async () => {
    const collectionId = await emulator.makeCollection(true);
    const of = (name: string) => `/media/generated/${collectionId}-${name}.png`;
    const names = Array.from({ length: 45 }, (_, n) =>
      n % 3 === 0 ? "common" : n % 3 === 1 ? `few${n % 5}` : `own${n}`,
    );
    const rows = names.map((name, n) => `${n + 1},Relic ${n + 1},${emulator.url}${of(name)}\n`);
    const id = await runBatch(`tokenId,name,image\n${rows.join("")}`, { collectionId });
    expect(await batchOf(id)).toMatchObject({ state: "finished", completed: 45 });
    for (const name of new Set(names)) expect(await emulator.mediaCalls(of(name)), name).toBe(1);
    const calls = (await emulator.calls(collectionId)).filter(({ tokenId }) => tokenId !== null);
    expect(calls).toHaveLength(4 * 45);
  });
});

describe("one address for all rows of several deliveries", { timeout: 60_000 }, () => {
  test.each([
    ["small", 5_000, 10],
    ["large", 2 * MB, 3],
  ])(
    "a %s picture is fetched once although all begin at once, and lies under its hash",
    async (_, size, each) => {
      const picture = bigPng(size, 11);
      const rows = 3 * each;
      const batch = await rowsOfOne(rows, { bytes: picture });
      await Promise.all(inParts(batch.keys, each).map((keys) => deliver(keys, { variables })));
      expect((await counters(db, batch.id)).stored).toEqual({ completed: rows });
      expect(await batch.seen()).toBe(1);
      const hash = await sha256(picture);
      expect(new Set(await uploads(batch))).toEqual(new Set([hash]));
      expect(await uploads(batch)).toHaveLength(rows);
      expect((await env.BUCKET.head(mediaKey(hash)))?.size).toBe(size);
      expect(await spooled()).toBe(0);
      expect(await batch.emulator.calls(batch.collectionId)).toHaveLength(4 * rows);
    },
  );

  test("costs D1 one row more than if each row had an address of its own, and one call", async () => {
    const metered = (meter: Meter) =>
      d1With(async (statements, really) => {
        const results = await really(statements);
        meter.calls += 1;
        for (const { meta } of results) meter.rowsWritten += meta.rows_written;
        return results;
      });
    const cost = async (batch: { keys: Parameters<typeof deliver>[0] }): Promise<Meter> => {
      const meter = { calls: 0, rowsRead: 0, rowsWritten: 0 };
      await deliver(batch.keys, {
        variables: { MEDIA_PRIVATE_HOSTS: everywhere },
        env: { DB: metered(meter) },
      });
      return meter;
    };
    const everywhere = `${all},${emulatorIn().host}`;
    const own = await cost(await queuedBatch({ rows: 10 }));
    const one = await cost(await rowsOfOne(10, { bytes: png }));
    // A settle more or less, where the machine is slow, is three rows and a call.
    expect(one.rowsWritten).toBeLessThanOrEqual(own.rowsWritten + 1 + 3);
    expect(one.calls).toBeLessThanOrEqual(own.calls + 1 + 1);
  });

  test("the last rows come first: whoever begins fetches, and the first row takes it from there", async () => {
    const batch = await rowsOfOne(20, { bytes: png });
    const [first = [], last = []] = inParts(batch.keys);
    await deliver(last, { variables });
    await deliver(first, { variables });
    expect((await counters(db, batch.id)).stored).toEqual({ completed: 20 });
    expect(await batch.seen()).toBe(1);
  });

  test("a delivery that died while it fetched is followed by the next, once its lease has run out", async () => {
    const batch = await rowsOfOne(2, { bytes: png });
    const key = { batchId: batch.id, url: batch.url };
    const lease = (id: string, expiresAt: number) =>
      db.run(sql("INSERT INTO leases VALUES (?1, 't', '[]', 0, ?2)", id, expiresAt));
    await lease("dead-1", Date.now() - 1);
    await db.run(sql("UPDATE media_fetches SET fetcher = 'dead-1' WHERE batch_id = ?1", batch.id));
    expect(await takeFetch(db, { ...key, leaseId: "other", now: 0 })).toMatchObject({ holder: "dead-1" });
    await deliver(batch.keys, { variables });
    expect((await counters(db, batch.id)).stored).toEqual({ completed: 2 });
    expect(await batch.seen()).toBe(1);
  });

  test("while another fetches for long, the row waits elsewhere at no cost, and goes on when it is there", async () => {
    const batch = await rowsOfOne(1, { bytes: png });
    await db.batch([
      sql("INSERT INTO leases VALUES (?1, 't', '[]', 0, ?2)", `slow-${batch.id}`, Date.now() + 600_000),
      sql("UPDATE media_fetches SET fetcher = ?2 WHERE batch_id = ?1", batch.id, `slow-${batch.id}`),
    ]);
    const now = Date.now;
    const startedAt = now();
    // After a tenth of a second eleven have passed.
    const clock = vi
      .spyOn(Date, "now")
      .mockImplementation(() => now() + (now() - startedAt > 100 ? 11_000 : 0));
    await deliver(batch.keys, { variables });
    clock.mockRestore();
    const job = await onlyJob(batch.id);
    expect(job).toMatchObject({ state: "snoozed", attempt: 0, error: { code: "media.being_fetched" } });
    expect(await batch.seen()).toBe(0);
    await db.run(sql("DELETE FROM leases WHERE id = ?1", `slow-${batch.id}`));
    await makeDue(batch.id);
    await deliver(batch.keys, { variables });
    expect(await onlyJob(batch.id)).toMatchObject({ state: "completed", attempt: 1 });
    expect(await batch.seen()).toBe(1);
  });
});

describe("what goes wrong with a shared address", { timeout: 60_000 }, () => {
  test("a refusal is met once a delivery; mended, one fetch serves all", async () => {
    const batch = await rowsOfOne(20, { status: 404 }, { status: 404 }, { bytes: png });
    const deliveries = inParts(batch.keys);
    for (const keys of deliveries) await deliver(keys, { variables });
    expect((await counters(db, batch.id)).stored).toEqual({ dead: 20 });
    expect(await batch.seen()).toBe(2);
    const jobs = await readJobs(db, batch.id);
    expect(new Set(jobs.map(({ error }) => JSON.parse(String(error)).httpStatus))).toEqual(new Set([404]));
    await db.batch([
      sql("UPDATE jobs SET state = 'pending', attempt = 0, error = NULL WHERE batch_id = ?1", batch.id),
      sql(
        "UPDATE batches SET state = 'running', finished_at = NULL, dead = 0, pending = 20, dispatch_line = 0 WHERE id = ?1",
        batch.id,
      ),
    ]);
    for (const keys of inParts(await queueAll(batch.id))) await deliver(keys, { variables });
    expect((await counters(db, batch.id)).stored).toEqual({ completed: 20 });
    expect(await batch.seen()).toBe(3);
  });

  test("trouble that may pass costs all rows of the delivery an attempt, and the host three requests", async () => {
    const batch = await rowsOfOne(5, { status: 500 }, { status: 500 }, { status: 500 }, { bytes: png });
    await deliver(batch.keys, { variables });
    expect((await counters(db, batch.id)).stored).toEqual({ retryable: 5 });
    expect(await batch.seen()).toBe(3);
    await makeDue(batch.id);
    await deliver(batch.keys, { variables });
    expect((await counters(db, batch.id)).stored).toEqual({ completed: 5 });
    expect(await batch.seen()).toBe(4);
  });

  test("a field that does not take it fails its own row only", async () => {
    const path = `/fields-${serial++}.png`;
    const url = await art.say(path, { bytes: png });
    const source = { kind: "url" as const, url };
    const batch = await queuedBatch({
      rows: 2,
      args: (line) => ({ ...argsOf(line, url), media: [{ field: line === 2 ? "audio" : "image", source }] }),
    });
    await db.run(insertFetches(batch.id, JSON.stringify([4 * 2])));
    await deliver(batch.keys, { variables });
    const [audio, image] = await readJobs(db, batch.id);
    expect(String(audio?.error)).toContain("media.wrong_type");
    expect(image?.state).toBe("completed");
    expect(await art.seen(path)).toBe(1);
  });

  test("bytes that somebody has taken out of R2 are fetched again", async () => {
    const picture = bigPng(2 * MB, 12);
    const batch = await rowsOfOne(2, { bytes: picture });
    const [first, second] = batch.keys;
    if (!first || !second) throw new Error("two rows");
    await deliver([first], { variables });
    await env.BUCKET.delete(mediaKey(await sha256(picture)));
    await deliver([second], { variables });
    expect((await counters(db, batch.id)).stored).toEqual({ completed: 2 });
    expect(await batch.seen()).toBe(2);
    expect(await spooled()).toBe(0);
  });
});
