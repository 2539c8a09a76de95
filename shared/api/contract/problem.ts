/** What is wrong with a request, and what is wrong with a row. */
import * as z from "zod";

/** RFC 9457 with our `code` and `next`; some carry more (`problems`, `expected`, …). */
export const Problem = z.looseObject({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  code: z.string(),
  detail: z.string(),
  next: z.string(),
});
export type Problem = z.infer<typeof Problem>;

export const RowProblem = z.object({
  line: z.number(),
  column: z.string(),
  code: z.string(),
  severity: z.enum(["error", "warning"]),
  message: z.string(),
  next: z.string(),
  value: z.string().nullable(),
});
export type RowProblem = z.infer<typeof RowProblem>;
