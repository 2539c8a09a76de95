/** Who fetches a shared address, what the claim tells of it, and what it tells of the job that had the token before. */
import { beforeEach, describe, expect, test } from "vitest";
import type { JobKey, JobOutputs } from "../../../shared/job/job.ts";
import { NO_OUTPUTS } from "../../../shared/job/job.ts";
import type { ClaimedJob } from "../../../shared/store/claim.ts";
import { sql } from "../../../shared/store/db.ts";
import { insertFetches, recordFetch, refuseFetch, takeFetch } from "../../../shared/store/media-fetches.ts";
import { rescueJobs } from "../../../shared/store/release.ts";
import { argsOf, seedBatch } from "../../support/rows.ts";
import { claim, clock, db, dead, queue, released, settle, settlement } from "../../support/store.ts";

const URL_1 = "https://art.example/1.png";
const FACTS = { sha256: "ab", bytes: 7, contentType: "image/png", etag: '"1"' };
let collectionId = 8_000;
beforeEach(() => {
  collectionId += 1;
});

const only = (jobs: readonly ClaimedJob[]): ClaimedJob => {
  const [job] = jobs;
  if (!job || jobs.length > 1) throw new Error(`expected one job, got ${jobs.length}`);
  return job;
};

describe("an address that several rows need", () => {
  async function shared(
    rows = 3,
  ): Promise<{ id: string; keys: JobKey[]; key: { batchId: string; url: string } }> {
    const id = await seedBatch(db, { rows, collectionId, args: (line) => argsOf(line, URL_1) });
    await db.run(insertFetches(id, JSON.stringify([4 * 3])));
    return { id, keys: await queue(id), key: { batchId: id, url: URL_1 } };
  }
  const seen = (job: ClaimedJob | undefined) => job?.shared[0];

  test("comes with each claim; one that a single row needs does not", async () => {
    const { keys } = await shared();
    const { jobs } = await claim(keys);
    expect(jobs.map(({ shared: found }) => found.map(({ url }) => url))).toEqual([[URL_1], [URL_1], [URL_1]]);
    const alone = await seedBatch(db, { rows: 1, collectionId, args: () => argsOf(99) });
    expect(only((await claim(await queue(alone))).jobs).shared).toEqual([]);
  });

  test("is noted once, and not for a place that is none", async () => {
    const { id } = await shared();
    await db.run(insertFetches(id, JSON.stringify([4 * 3, 4 * 2, 4 * 2 + 1, 4 * 99])));
    const { rows } = await db.run(sql("SELECT url, line FROM media_fetches WHERE batch_id = ?1", id));
    expect(rows).toEqual([{ url: URL_1, line: 3 }]);
  });

  test("is fetched by who runs its first row, and nobody has to write that down", async () => {
    const { keys, key } = await shared();
    const { leaseId, jobs } = await claim(keys.slice(1, 2));
    expect(seen(only(jobs))).toMatchObject({ holder: leaseId, fetched: null });
    const other = await claim(keys.slice(2));
    expect(seen(only(other.jobs))?.holder).toBe(leaseId);
    const taken = await takeFetch(db, { ...key, leaseId: other.leaseId, now: clock.now });
    expect(taken?.holder).toBe(leaseId);
    const { rows } = await db.run(sql("SELECT fetcher FROM media_fetches WHERE batch_id = ?1", key.batchId));
    expect(rows).toEqual([{ fetcher: null }]);
  });

  test("is taken by who comes first where that row does not run, and by the next when the lease is over", async () => {
    const { keys, key } = await shared();
    const early = await claim(keys.slice(0, 1));
    expect(seen(only(early.jobs))?.holder).toBeNull();
    const [one, two] = await Promise.all([
      takeFetch(db, { ...key, leaseId: early.leaseId, now: clock.now }),
      takeFetch(db, { ...key, leaseId: early.leaseId, now: clock.now }),
    ]);
    expect([one?.holder, two?.holder]).toEqual([early.leaseId, early.leaseId]);
    const late = await claim(keys.slice(1));
    expect(late.jobs.map((job) => seen(job)?.holder)).toEqual([early.leaseId, early.leaseId]);
    await settle(early.leaseId, early.jobs.map(released));
    expect((await takeFetch(db, { ...key, leaseId: late.leaseId, now: clock.now }))?.holder).toBe(
      late.leaseId,
    );
    const after = clock.now + 60_001;
    expect((await takeFetch(db, { ...key, leaseId: "next", now: after }))?.holder).toBeNull();
  });

  test("once there it is what the first found, for all who come later", async () => {
    const { keys, key } = await shared();
    const { leaseId, jobs } = await claim(keys.slice(0, 2));
    await refuseFetch(db, key);
    expect(await takeFetch(db, { ...key, leaseId: "x", now: clock.now })).toMatchObject({ refused: true });
    await recordFetch(db, key, FACTS);
    await recordFetch(db, key, { ...FACTS, sha256: "cd" });
    await refuseFetch(db, key);
    await settle(
      leaseId,
      jobs.map((job) => settlement(job)),
    );
    expect(seen(only((await claim(keys.slice(2))).jobs))).toMatchObject({ fetched: FACTS, refused: false });
  });

  test("that nobody shares is nobody's", async () => {
    expect(await takeFetch(db, { batchId: "bat_none", url: URL_1, leaseId: "x", now: 1 })).toBeNull();
  });
});

describe("the job that had the token before", () => {
  const outputs: JobOutputs = {
    ...NO_OUTPUTS,
    token: "created",
    published: true,
    assets: [
      { field: "image", id: 5, url: "u", sha256: "ab", bytes: 7, contentType: "image/png", etag: '"1"' },
    ],
  };
  const row = (name = "Relic 2") => ({
    rows: 1,
    collectionId,
    args: (line: number) => ({ ...argsOf(line), token: { ...argsOf(line).token, name } }),
  });
  const submitted = async (name?: string) => queue(await seedBatch(db, row(name)));
  const done = async (): Promise<void> => {
    const { leaseId, jobs } = await claim(await submitted());
    await settle(leaseId, [settlement(only(jobs), { outputs })]);
  };

  test("tells what it left, to the claim that takes over and to no other", async () => {
    await done();
    const keys = await submitted();
    const { leaseId, jobs } = await claim(keys);
    expect(only(jobs).before).toMatchObject({ outputs, isDone: true, media: argsOf(2).media });
    expect(only((await claim(keys, leaseId)).jobs).before).toBeNull();
  });

  test("is not done where it died, but what it left is there", async () => {
    const { leaseId, jobs } = await claim(await submitted());
    await settle(leaseId, [{ ...dead(only(jobs)), outputs }]);
    expect(only((await claim(await submitted())).jobs).before).toMatchObject({ outputs, isDone: false });
  });

  test("says nothing where one of its runs was lost: nobody knows what that has sent", async () => {
    await done();
    const { leaseId } = await claim(await submitted());
    await rescueJobs(db, { leaseId, now: clock.now, startedAt: clock.now + 1 });
    expect(only((await claim(await submitted())).jobs).before).toBeNull();
  });

  test("is the last one that was taken, whatever became of it", async () => {
    await done();
    const between = await claim(await submitted());
    await settle(between.leaseId, between.jobs.map(released));
    expect(only((await claim(await submitted())).jobs).before?.outputs).toEqual(NO_OUTPUTS);
  });

  test("is nobody where the token was somebody else's, or new", async () => {
    expect(only((await claim(await submitted())).jobs).before).toBeNull();
  });
});
