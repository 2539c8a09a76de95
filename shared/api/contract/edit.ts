/** Correcting the cells of dead rows. */
import * as z from "zod";
import { RowProblem } from "./problem.ts";

/** Cells by column: header or field. null empties a cell. */
export const EditRequest = z.strictObject({
  cells: z
    .record(z.string(), z.json())
    .refine((cells) => Object.keys(cells).length > 0, "Name at least one column."),
});
export type EditRequest = z.infer<typeof EditRequest>;

/** `unchanged`: rows of the patch that say what the row says already. */
export const Patched = z.object({
  edited: z.number(),
  unchanged: z.number(),
  jobIds: z.array(z.string()),
  warnings: z.array(RowProblem),
});
export type Patched = z.infer<typeof Patched>;
