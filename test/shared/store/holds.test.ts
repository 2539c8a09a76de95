/** A target that is held back: nothing of it is sent, everybody sees why, and one message ends it. */
import { describe, expect, it } from "vitest";
import { dispatch, heldAt } from "../../../shared/dispatch.ts";
import { createLog } from "../../../shared/log.ts";
import { readBatch as readView } from "../../../shared/store/batch-views.ts";
import { sql } from "../../../shared/store/db.ts";
import { queueDueJobs } from "../../../shared/store/dispatches.ts";
import { holdTarget, readHold, releaseHold } from "../../../shared/store/holds.ts";
import { wakeJobs } from "../../../shared/store/wake.ts";
import { argsOf, readJobs, seedBatch } from "../../support/rows.ts";
import { agreed, claim, clock, db, nextId, queue, settle, settlement } from "../../support/store.ts";

let targets = 500;
const newTarget = (): string => `emulator#${++targets}`;

const HOST = "metadata.test";
const down = (until: number, since = clock.now) =>
  ({ reason: "upstream_down", host: HOST, since, until, message: "no answer" }) as const;

function dispatcher(target: string, now: () => number) {
  const sent: number[] = [];
  const jobs = { sendBatch: async (messages: Iterable<unknown>) => void sent.push([...messages].length) };
  const ctx = { db, target, now, log: createLog({}), jobs: jobs as unknown as Queue };
  return { run: () => dispatch(ctx), sent };
}

describe("a hold", () => {
  it("stops dispatch, then lets one message through, then counts no more", async () => {
    const target = newTarget();
    await seedBatch(db, { target, rows: 5 });
    await holdTarget(db, target, down(clock.now + 5_000));
    let { now } = clock;
    const { run } = dispatcher(target, () => now);
    expect(await run()).toBe(0);
    now += 5_000;
    expect(await run()).toBe(1);
    expect(await run()).toBe(0);
    now += 60_000;
    expect(await run()).toBe(4);
    expect(await readHold(db, target)).toBeNull();
  });

  it("is of its target alone", async () => {
    const [held, free] = [newTarget(), newTarget()];
    await seedBatch(db, { target: free, rows: 3 });
    await holdTarget(db, held, down(clock.now + 5_000));
    expect(await dispatcher(free, () => clock.now).run()).toBe(3);
  });

  it("keeps its beginning while the reason stays, and never ends earlier than somebody said", async () => {
    const target = newTarget();
    await holdTarget(db, target, down(9_000, 1_000));
    await holdTarget(db, target, down(8_000, 3_000));
    expect(await readHold(db, target)).toMatchObject({ since: 1_000, until: 9_000 });
    await holdTarget(db, target, { ...down(9_500, 4_000), reason: "rate_limited" });
    expect(await readHold(db, target)).toMatchObject({ reason: "rate_limited", since: 4_000, until: 9_500 });
    await releaseHold(db, target);
    expect(await readHold(db, target)).toBeNull();
  });

  it("is what every running batch with open jobs waits for, and no other", async () => {
    const target = newTarget();
    const running = await seedBatch(db, { target, rows: 1 });
    const paused = await seedBatch(db, { target, rows: 1, state: "paused" });
    const finished = await seedBatch(db, { target, rows: 0, state: "finished" });
    await holdTarget(db, target, down(clock.now + 5_000));
    const waiting = async (id: string) => (await readView(db, target, id))?.waiting;
    expect(await waiting(running)).toEqual(down(clock.now + 5_000));
    expect(await waiting(paused)).toBeNull();
    expect(await waiting(finished)).toBeNull();
    await releaseHold(db, target);
    expect(await waiting(running)).toBeNull();
  });

  it.each([
    [null, 0, "no"],
    [{ until: 100 }, 99, "yes"],
    [{ until: 100 }, 100, "trying"],
    [{ until: 100 }, 15_099, "trying"],
    [{ until: 100 }, 15_100, "void"],
  ] as const)("%o at %i: %s", (hold, now, held) => {
    expect(heldAt(hold, now)).toBe(held);
  });
});

describe("a media host that is back", () => {
  const waitFor = (key: { batchId: string; line: number }, code: string) =>
    settlement(key, {
      state: "snoozed",
      outcome: null,
      scheduledAt: clock.now + 600_000,
      error: {
        step: "upload-asset",
        code,
        message: "m",
        next: "n",
        httpStatus: null,
        retryable: true,
      },
    });

  it("makes due who waits for it, and nobody else, and they are sent although their wait was short", async () => {
    const urls = ["http://a.test/1.png", "http://b.test/2.png", "http://a.test:81/3.png"];
    const id = await seedBatch(db, { rows: 3, args: (line) => argsOf(line, urls[line - 2]) });
    const other = await seedBatch(db, { rows: 1, args: (line) => argsOf(line + 90, urls[0]) });
    const { leaseId, jobs } = await claim([...(await queue(id)), ...(await queue(other))]);
    const code = (key: { batchId: string }) =>
      key.batchId === other ? "media.host_busy" : "media.host_down";
    await settle(
      leaseId,
      jobs.map((key) => waitFor(key, code(key))),
    );
    clock.now += 1_000;
    const woken = await wakeJobs(db, { target: "emulator#1", host: "a.test", now: clock.now });
    expect(woken).toBe(1);
    const due = await queueDueJobs(db, {
      target: "emulator#1",
      dispatchId: nextId(),
      now: clock.now,
      startedAt: 0,
      delayedMessageMs: 600_000,
      lostMs: 120_000,
      limit: 100,
    });
    expect(due).toEqual([{ batchId: id, line: 2 }]);
    expect((await readJobs(db, id)).map(({ state }) => state)).toEqual(["queued", "snoozed", "snoozed"]);
    expect(await agreed(id)).toEqual({ queued: 1, snoozed: 2 });
    await db.run(sql("UPDATE batches SET state = 'paused' WHERE id = ?1", id));
    expect(await wakeJobs(db, { target: "emulator#1", host: "b.test", now: clock.now })).toBe(0);
  });
});
