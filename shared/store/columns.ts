/** How the store's columns are read: D1 knows only text and numbers, the schemas here give back what was meant. */
import * as z from "zod";

/** JSON kept as text, parsed and checked against the schema of what was written. */
export const json = <T extends z.ZodType>(schema: T) =>
  z
    .string()
    .transform((text): unknown => JSON.parse(text))
    .pipe(schema);

/** 0 or 1. */
export const flag = z.union([z.literal(0), z.literal(1)]).transform((bit) => bit === 1);
