/** What validation found, as people read it: by line, then column. Intake writes it. */
import * as z from "zod";
import { type Db, sql } from "./db.ts";

export const RowErrorRow = z.object({
  line: z.number(),
  col: z.string(),
  code: z.string(),
  severity: z.enum(["error", "warning"]),
  message: z.string(),
  next: z.string(),
  value: z.string().nullable(),
});
export type RowErrorRow = z.infer<typeof RowErrorRow>;

/** Where a page ended: the last row's key within its batch. */
export type RowErrorPlace = readonly [line: number, column: string, code: string];

export async function listRowErrors(
  db: Db,
  given: { batchId: string; after: RowErrorPlace; limit: number },
): Promise<RowErrorRow[]> {
  const { rows } = await db.run(
    sql(
      `SELECT line, col, code, severity, message, next, value FROM row_errors
       WHERE batch_id = ?1 AND (line, col, code) > (?2, ?3, ?4) ORDER BY line, col, code LIMIT ?5`,
      given.batchId,
      ...given.after,
      given.limit,
    ),
  );
  return rows.map((row) => RowErrorRow.parse(row));
}
