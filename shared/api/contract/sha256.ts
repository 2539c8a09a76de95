/** The hash of a file. */
import * as z from "zod";

export const Sha256 = z.string().regex(/^[0-9a-f]{64}$/, "Expected a SHA-256 as 64 lowercase hex digits.");
