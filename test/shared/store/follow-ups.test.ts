/** What the copying of a source costs: rows read and written grow with the piece, never with the batch. */
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { openDb, sql } from "../../../shared/store/db.ts";
import { copyJobs, insertFollowUp } from "../../../shared/store/follow-ups.ts";
import { readIntake, recordStep } from "../../../shared/store/intake.ts";
import { readBatch, seedBatch } from "../../support/rows.ts";
import { clock, db, TARGET } from "../../support/store.ts";

const ROWS = 3_000;
const PIECE = 500;

/** A batch that is through, its jobs holding their tokens. */
async function finishedBatch(): Promise<string> {
  const id = await seedBatch(db, { rows: ROWS, collectionId: 7_001, state: "finished" });
  await db.batch([
    sql(
      `UPDATE jobs SET state = 'completed', outcome = 'created',
         outputs = '{"token":"created","sent":false,"assets":[],"published":false}' WHERE batch_id = ?1`,
      id,
    ),
    sql(
      `INSERT INTO manifest (target, collection_id, token_id, batch_id, line)
       SELECT ?2, 7001, token_id, batch_id, line FROM jobs WHERE batch_id = ?1`,
      id,
      TARGET,
    ),
    sql("UPDATE batches SET pending = 0, completed = ?2, created = ?2 WHERE id = ?1", id, ROWS),
  ]);
  return id;
}

it("a piece of a follow-up costs what the piece is, and a second copy of it nothing", async () => {
  const sourceId = await finishedBatch();
  const id = `bat_${"7".repeat(26)}`;
  const intakeState = JSON.stringify({ phase: "copy", after: 0 });
  const given = {
    id,
    target: TARGET,
    sourceId,
    kind: "publish",
    priority: null,
    intakeState,
    now: clock.now,
  } as const;
  expect(await insertFollowUp(db, given)).toEqual({ isNew: true, open: { id, kind: "publish" } });
  expect(await insertFollowUp(db, { ...given, id: `bat_${"8".repeat(26)}` })).toEqual({
    isNew: false,
    open: { id, kind: "publish" },
  });

  const meter = { calls: 0, rowsRead: 0, rowsWritten: 0 };
  const batch = await readIntake(db, TARGET, id);
  if (!batch) throw new Error("not in intake");
  const to = { offset: 0, line: PIECE + 1, state: JSON.stringify({ phase: "copy", after: PIECE + 1 }) };
  const aim = { sourceId, after: 1_000, through: 1_000 + PIECE, to, now: clock.now };
  const { statements, move } = copyJobs(batch, aim);
  expect(await recordStep(openDb(env.DB, meter), statements, move)).toBe(true);
  expect(meter.calls).toBe(1);
  expect(meter.rowsRead / PIECE).toBeLessThan(13);
  expect(meter.rowsWritten).toBeLessThanOrEqual(PIECE + 5);
  expect(await recordStep(db, statements, move)).toBe(false);
  expect(await readBatch(db, id)).toMatchObject({ rows_total: PIECE, rows_valid: PIECE, warnings: 0 });
});
