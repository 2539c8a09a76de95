/** Which parts an upload has, and of what size: R2 wants all of one size but the last. Pure. */
import { LIMITS } from "../../../shared/limits.ts";

/** `bytes`: the whole, as announced; null: only the last part will tell. */
export type Whole = { readonly bytes: number | null; readonly partBytes: number };

export type Size = { readonly least: number; readonly most: number };

export const lastPart = ({ bytes, partBytes }: Whole): number =>
  Math.ceil((bytes ?? LIMITS.uploadMaxBytes) / partBytes);

/** @param number from 1 to `lastPart`. */
export function partSize({ bytes, partBytes }: Whole, number: number): Size {
  if (bytes === null) return { least: 1, most: partBytes };
  const size = Math.min(partBytes, bytes - (number - 1) * partBytes);
  return { least: size, most: size };
}

/** The numbers of the parts that must still come, or come again because they are too small to stand where they do. */
export function missingParts(
  whole: Whole,
  parts: readonly { readonly number: number; readonly bytes: number }[],
): number[] {
  const sizes = new Map(parts.map(({ number, bytes }) => [number, bytes]));
  const last = whole.bytes === null ? Math.max(1, ...sizes.keys()) : lastPart(whole);
  return Array.from({ length: last }, (_, index) => index + 1).filter((number) => {
    const bytes = sizes.get(number) ?? 0;
    return number < last ? bytes !== whole.partBytes : bytes < partSize(whole, number).least;
  });
}
