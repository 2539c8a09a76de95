/** What `doctor` found. */
import * as z from "zod";

export const Finding = z.object({
  check: z.string(),
  ok: z.boolean(),
  /** `warning`: works, but look at it. */
  severity: z.enum(["ok", "warning", "error"]),
  code: z.string(),
  message: z.string(),
  next: z.string().nullable(),
});
export const DoctorReport = z.object({ ok: z.boolean(), findings: z.array(Finding) });
export type Finding = z.infer<typeof Finding>;
export type DoctorReport = z.infer<typeof DoctorReport>;
