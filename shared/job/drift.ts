/** What a verify found to be other than it was left. No I/O. No clock. */
import * as z from "zod";

export const Drift = z.object({
  /** `token`, a name of Sequence's metadata, a media field (with `.url`, `.size`, `.type`, `.bytes`), `public`, `collection`. */
  field: z.string(),
  expected: z.string(),
  got: z.string(),
  /** One sentence that says what to do. */
  next: z.string(),
});
export type Drift = z.infer<typeof Drift>;
