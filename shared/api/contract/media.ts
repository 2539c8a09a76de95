/** Files of a media set, and names for bytes. */
import * as z from "zod";
import { LIMITS } from "../../limits.ts";
import { Sha256 } from "./sha256.ts";

export const MediaFile = z.object({
  fileName: z.string(),
  sha256: z.string(),
  bytes: z.number(),
  contentType: z.string(),
});
export type MediaFile = z.infer<typeof MediaFile>;

/** Names for bytes that may be here already: `missing` must be sent. */
export const NamingRequest = z.strictObject({
  files: z
    .array(z.strictObject({ fileName: z.string(), sha256: Sha256 }))
    .min(1)
    .max(LIMITS.listMax),
});
export type NamingRequest = z.infer<typeof NamingRequest>;
export const Naming = z.object({ named: z.array(MediaFile), missing: z.array(z.string()) });
export type Naming = z.infer<typeof Naming>;
