/**
 * Two columns of media that belong together: the work itself and the picture that stands for it where it is none
 * (Zora: `media` with `thumbnail`; Tezos: `artifactUri` with `displayUri`). Not two synonyms of `image`, which
 * nobody could choose between. Pure.
 */
import type { Claims, FieldColumns } from "./claims.ts";
import type { Header } from "./column-options.ts";
import { isPreview, isPreviewed } from "./fields.ts";

/** The column of the picture; the work's is the image's. */
export function previewColumn({ cells }: Header, claims: Claims, mapped: FieldColumns): number | null {
  const taken = (["image", "animation_url", "video", "audio"] as const).some(
    (field) => mapped[field] !== undefined || claims.exact.has(field),
  );
  if (taken || claims.synonyms.has("animation_url")) return null;
  const rivals = claims.synonyms.get("image") ?? [];
  const works = rivals.filter((index) => isPreviewed(cells[index] ?? ""));
  const given = new Set(Object.values(mapped));
  const pictures = cells.flatMap((header, index) => (isPreview(header) && !given.has(index) ? [index] : []));
  const others = rivals.filter((index) => !works.includes(index) && !pictures.includes(index));
  return works.length === 1 && pictures.length === 1 && others.length === 0 ? (pictures[0] ?? null) : null;
}

/** The claims without the picture, so that the image is the work's alone. */
export const withoutPreview = (claims: Claims, preview: number | null): Claims => ({
  ...claims,
  synonyms: new Map(
    [...claims.synonyms].map(([field, indexes]) => [field, indexes.filter((index) => index !== preview)]),
  ),
});
