/** Where slices of a file began: from there a row is found again without reading all that stands before it. */
import { type Db, type Statement, sql } from "./db.ts";
import { type IntakeBatch, placeParams, STILL_THERE } from "./intake.ts";

export type SourceMark = { readonly line: number; readonly offset: number };

/** The place at which a slice of intake begins; written in the transaction that moves on from there. */
export const markSource = (batch: IntakeBatch): Statement =>
  sql(
    `INSERT INTO source_marks (batch_id, line, offset) SELECT ?1, ?4, ?2
     WHERE EXISTS (SELECT 1 FROM batches WHERE ${STILL_THERE}) ON CONFLICT (batch_id, line) DO NOTHING`,
    ...placeParams(batch),
    batch.place.line,
  );

/** In the order of the file; a small one has none. */
export async function listMarks(db: Db, batchId: string): Promise<SourceMark[]> {
  const { rows } = await db.run(
    sql("SELECT line, offset FROM source_marks WHERE batch_id = ?1 ORDER BY line", batchId),
  );
  return rows.map(({ line, offset }) => ({ line: Number(line), offset: Number(offset) }));
}
