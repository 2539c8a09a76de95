/** Files that come in parts. */
import * as z from "zod";
import { Sha256 } from "./sha256.ts";
import { IsoTime } from "./time.ts";

/** Both may be left out; with both, the same file asked for again finds the upload that it began. */
export const UploadRequest = z.strictObject({
  bytes: z.number().int().min(1).optional(),
  sha256: Sha256.optional(),
});
export type UploadRequest = z.infer<typeof UploadRequest>;

/** `parts` are the numbers that have come, from 1. All but the last have `partBytes` bytes. */
export const Upload = z.object({
  id: z.string(),
  partBytes: z.number(),
  state: z.enum(["open", "completed", "moved"]),
  bytes: z.number().nullable(),
  sha256: z.string().nullable(),
  parts: z.array(z.number()),
  createdAt: IsoTime,
});
export type Upload = z.infer<typeof Upload>;
export const UploadedPart = z.object({ number: z.number(), bytes: z.number() });
export type UploadedPart = z.infer<typeof UploadedPart>;
