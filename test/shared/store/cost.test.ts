/** What statements read: the price of one piece must not grow with the batch it is taken from. */
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { finishIdleBatches } from "../../../shared/store/batches.ts";
import { type Meter, openDb, sql } from "../../../shared/store/db.ts";
import {
  listDispatchable,
  listStaleDispatches,
  queueDueJobs,
  queueJobs,
  requeueStale,
} from "../../../shared/store/dispatches.ts";
import { renameTokens } from "../../../shared/store/intake-tokens.ts";
import { cancelJobs } from "../../../shared/store/release.ts";
import { countReplayable } from "../../../shared/store/replays.ts";
import { readJobs, seedBatch } from "../../support/rows.ts";
import { agreed, claim, clock, db, dead, queue, settle, TARGET } from "../../support/store.ts";

const ROWS = 4_000;
const metered = (): { db: typeof db; meter: Meter } => {
  const meter = { calls: 0, rowsRead: 0, rowsWritten: 0 };
  return { db: openDb(env.DB, meter), meter };
};

/** A batch that is through but for its first and its last job, which wait and are due. */
async function twoWaiting(): Promise<string> {
  const id = await seedBatch(db, { rows: ROWS, collectionId: 6_001 });
  await db.batch([
    sql("UPDATE jobs SET state = 'completed', outcome = 'created' WHERE batch_id = ?1", id),
    sql(
      `UPDATE jobs SET state = 'snoozed', outcome = NULL, scheduled_at = ?2, state_at = 0
       WHERE batch_id = ?1 AND line IN (2, ?3)`,
      id,
      clock.now,
      ROWS + 1,
    ),
    sql("UPDATE batches SET pending = 0, completed = ?2, snoozed = 2 WHERE id = ?1", id, ROWS - 2),
  ]);
  return id;
}

describe("rows read do not grow with the batch", () => {
  it("where waiting jobs far apart are sent, and sent again", async () => {
    const id = await twoWaiting();
    const sending = metered();
    const times = { now: clock.now, startedAt: 0, delayedMessageMs: 60_000, lostMs: 120_000, limit: 100 };
    const keys = await queueDueJobs(sending.db, { target: TARGET, dispatchId: "due", ...times });
    expect(keys).toHaveLength(2);
    expect(sending.meter.rowsRead).toBeLessThan(100);
    await agreed(id);

    const before = clock.now;
    clock.now += 121_000;
    const stale = await listStaleDispatches(db, { target: TARGET, before, startedAt: 0, limit: 100 });
    const mine = stale.find(({ batchId }) => batchId === id);
    if (!mine) throw new Error("the send is not on record");
    const again = metered();
    expect(await requeueStale(again.db, { ...mine, now: clock.now, before, startedAt: 0 })).toEqual(keys);
    expect(again.meter.rowsRead).toBeLessThan(100);
  });

  it("where a cancelled batch is turned piece by piece", async () => {
    const id = await seedBatch(db, { rows: ROWS, collectionId: 6_002, state: "cancelled" });
    let turned = 0;
    let dearest = 0;
    for (;;) {
      const piece = metered();
      const n = await cancelJobs(piece.db, { batchId: id, now: clock.now, limit: 200 });
      turned += n;
      dearest = Math.max(dearest, piece.meter.rowsRead);
      if (n === 0) break;
    }
    expect(turned).toBe(ROWS);
    expect(dearest).toBeLessThan(2_000);
    expect(await agreed(id)).toEqual({ cancelled: ROWS });
  });

  it("where one dead letter of a large batch is replayed", async () => {
    const id = await seedBatch(db, { rows: ROWS, collectionId: 6_004 });
    const { leaseId, jobs } = await claim(await queue(id, 1));
    await settle(leaseId, jobs.map(dead));
    const counting = metered();
    expect(await countReplayable(counting.db, TARGET, { batchId: id })).toMatchObject({ selected: 1 });
    expect(counting.meter.rowsRead).toBeLessThan(20);
  });

  it("where repeated rows get ids of their own", async () => {
    const id = await seedBatch(db, { rows: ROWS, collectionId: 6_005, state: "validating" });
    const naming = metered();
    await naming.db.run(
      renameTokens(
        id,
        JSON.stringify([
          [9, "9", "90000"],
          [3_000, "3000", "90001"],
        ]),
      ),
    );
    expect((await readJobs(db, id)).filter(({ token_id }) => Number(token_id) >= 90_000)).toHaveLength(2);
    expect(naming.meter.rowsRead).toBeLessThan(20);
  });

  it("where dispatch asks what runs, among many that are over", async () => {
    await db.run(
      sql(
        `INSERT INTO batches (id, target, name, state, collection_id, options, fingerprint, source_key, created_at, finished_at)
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
         SELECT 'bat_over' || i, 'emulator#77', '', 'finished', 1, '{}', '', '', 1, 1 FROM n`,
      ),
    );
    const asking = metered();
    expect(await listDispatchable(asking.db, "emulator#77")).toEqual({ batches: [], hold: null });
    await finishIdleBatches(asking.db, { target: "emulator#77", now: 1 });
    expect(asking.meter.rowsRead).toBeLessThan(20);
  });

  it("where dispatch goes on behind its cursor", async () => {
    const id = await seedBatch(db, { rows: ROWS, collectionId: 6_003 });
    const given = { batchId: id, now: clock.now, limit: 100 };
    for (let sent = 0; sent < 3_000; sent += 100) {
      await queueJobs(db, { ...given, dispatchId: `d${sent}` });
    }
    const late = metered();
    expect(await queueJobs(late.db, { ...given, dispatchId: "late" })).toHaveLength(100);
    expect(late.meter.rowsRead).toBeLessThan(1_500);
  });
});
