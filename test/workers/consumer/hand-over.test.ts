/** Locally, where one delivery follows the other: each is answered once its jobs have begun, and none is lost by that. */
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import type { JobMessage } from "../../../shared/job/message.ts";
import { db, deliver, queuedBatch } from "../../support/consumer.ts";
import { counters, readBatch } from "../../support/rows.ts";

const local = (places: number) => ({ STARTED_AT: "1", JOB_CONCURRENCY: String(places) });

/** A queue that only remembers what was sent to it. */
function rememberingQueue() {
  const sent: MessageSendRequest<JobMessage>[] = [];
  const sendBatch = async (messages: Iterable<MessageSendRequest<JobMessage>>) => void sent.push(...messages);
  return { sent, JOBS: { sendBatch } as never };
}

/** D1 that takes a claim and nothing after it. */
function claimOnlyD1(): D1Database {
  let calls = 0;
  return new Proxy(env.DB, {
    get(target, name) {
      if (name === "batch" && ++calls > 1)
        return () => Promise.reject(new Error("D1_ERROR: D1 is overloaded"));
      const value = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

async function withOneSlowJob() {
  const queued = await queuedBatch({ rows: 4 });
  const { emulator, collectionId } = queued;
  const where = { collectionId, method: "CreateToken", tokenId: "5" };
  await emulator.setFaults({ where, what: { kind: "latency", ms: 700 } });
  return queued;
}

it("a delivery is answered while its jobs run, and they end on record", async () => {
  const { id, keys } = await withOneSlowJob();
  const said = await deliver(keys, { variables: local(8) });
  expect(said).toMatchObject({ outcome: "ok", retried: [] });
  expect(said.acked).toHaveLength(4);
  // The support waits for what outlives the delivery.
  expect(await readBatch(db, id)).toMatchObject({ state: "finished", completed: 4 });
});

it("in production it is seen to its end", async () => {
  const { id, keys } = await withOneSlowJob();
  const said = await deliver(keys, { variables: { JOB_CONCURRENCY: "8" } });
  expect(said).toMatchObject({ retried: [] });
  expect(said.acked).toHaveLength(4);
  expect(await counters(db, id)).toMatchObject({ stored: { completed: 4 } });
});

it("a failure is recorded, and its next attempt sent", async () => {
  const { id, keys, emulator, collectionId } = await queuedBatch({ rows: 4 });
  const where = { collectionId, method: "CreateToken", tokenId: "5" };
  await emulator.setFaults({ where, what: { kind: "status", status: 500 } });
  const { sent, JOBS } = rememberingQueue();
  const said = await deliver(keys, { variables: local(8), env: { JOBS } });
  expect(said.acked).toHaveLength(4);
  expect(await counters(db, id)).toMatchObject({ stored: { completed: 3, retryable: 1 } });
  expect(sent).toMatchObject([{ body: { v: 1, b: id, l: 5 } }]);
});

it("what D1 did not take is sent once more, later than its lease", async () => {
  const { id, keys } = await queuedBatch({ rows: 2 });
  const { sent, JOBS } = rememberingQueue();
  const said = await deliver(keys, { variables: local(8), env: { JOBS, DB: claimOnlyD1() } });
  expect(said.acked).toHaveLength(2);
  expect(await counters(db, id)).toMatchObject({ stored: { running: 2 } });
  expect(sent).toMatchObject([
    { body: { v: 1, b: id, l: 2 }, delaySeconds: 15 },
    { body: { v: 1, b: id, l: 3 }, delaySeconds: 15 },
  ]);
});

it("deliveries side by side share the places of the isolate", async () => {
  const { id, keys, emulator, collectionId } = await queuedBatch({ rows: 12 });
  await emulator.setFaults({ where: { collectionId }, what: { kind: "latency", ms: 60 } });
  const variables = local(3);
  const parts = [keys.slice(0, 4), keys.slice(4, 8), keys.slice(8)];
  await Promise.all(parts.map((part) => deliver(part, { variables })));
  expect(await readBatch(db, id)).toMatchObject({ state: "finished", completed: 12 });
  expect(await mostAtOnce(id)).toBe(3);
});

/** Jobs that ran at the same time, from what is recorded of their attempts. */
async function mostAtOnce(batchId: string): Promise<number> {
  const { results } = await env.DB.prepare(
    `SELECT a.attempts ->> '$[0].startedAt' AS started, (SELECT count(*) FROM jobs b WHERE b.batch_id = ?1
       AND b.attempts ->> '$[0].startedAt' <= a.attempts ->> '$[0].startedAt'
       AND b.attempts ->> '$[0].endedAt' > a.attempts ->> '$[0].startedAt') AS n
     FROM jobs a WHERE a.batch_id = ?1`,
  )
    .bind(batchId)
    .all<{ n: number }>();
  return Math.max(...results.map(({ n }) => n));
}
