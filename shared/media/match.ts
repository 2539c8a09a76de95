/**
 * Which file of a media set a cell means: by relative path, then base name, then ignoring case and Unicode
 * form. Never a silent guess: two candidates are told apart by a person. Indexed once, so that 10,000 rows
 * against 10,000 files are 10,000 look-ups. No I/O.
 */
import type { MediaField } from "../job/job.ts";
import { fieldAccepts, kindOfContentType, kindOfExtension, type MediaKind } from "./kinds.ts";
import { type Suggest, suggestFrom } from "./suggest.ts";

/** A file as it is listed; `fileName` is a relative path with `/`, `contentType` counts before the extension. */
export type ListedFile = { readonly fileName: string; readonly contentType?: string };

export type Match<F extends ListedFile> =
  | { readonly kind: "found"; readonly file: F }
  | { readonly kind: "ambiguous"; readonly candidates: readonly F[] }
  /** `nearest`: a name that was probably meant; null where none is near. */
  | { readonly kind: "missing"; readonly nearest: string | null };

export type MediaIndex<F extends ListedFile> = {
  readonly byPath: ReadonlyMap<string, readonly F[]>;
  readonly byBaseName: ReadonlyMap<string, readonly F[]>;
  readonly byFoldedPath: ReadonlyMap<string, readonly F[]>;
  readonly byFoldedBaseName: ReadonlyMap<string, readonly F[]>;
  readonly byStem: ReadonlyMap<string, readonly F[]>;
  readonly suggest: Suggest;
};

export function indexMedia<F extends ListedFile>(files: readonly F[]): MediaIndex<F> {
  const by = (key: (path: string) => string): Map<string, F[]> =>
    Map.groupBy(files, ({ fileName }) => key(cleanPath(fileName)));
  return {
    byPath: by((path) => path),
    byBaseName: by(baseName),
    byFoldedPath: by(fold),
    byFoldedBaseName: by((path) => fold(baseName(path))),
    byStem: by((path) => stem(baseName(path))),
    suggest: suggestFrom(files.map(({ fileName }) => fileName)),
  };
}

/** The file that a cell names; Windows and POSIX paths of somebody's own disk come down to their base name. */
export function matchMedia<F extends ListedFile>(index: MediaIndex<F>, cell: string): Match<F> {
  const path = cleanPath(cell);
  const name = baseName(path);
  const steps = [
    () => index.byPath.get(path),
    // Together: `Set1/Dragon.png` must not take another folder's Dragon.png while set1/dragon.png is there.
    () => [
      ...new Set([...(index.byBaseName.get(name) ?? []), ...(index.byFoldedPath.get(fold(path)) ?? [])]),
    ],
    () => index.byFoldedBaseName.get(fold(name)),
  ];
  for (const step of steps) {
    const found = one(step() ?? []);
    if (found) return found;
  }
  return { kind: "missing", nearest: index.suggest(name) };
}

/** For an empty cell: `<tokenId>.*`, of what the field takes (so `1.mp4` beside `1.png` does not compete for `image`). */
export function matchTokenId<F extends ListedFile>(
  index: MediaIndex<F>,
  tokenId: string,
  field: MediaField,
): Match<F> {
  const fitting = (index.byStem.get(tokenId) ?? []).filter((file) => {
    const kind = kindOf(file);
    return kind !== null && fieldAccepts(field, kind.contentType);
  });
  return one(fitting) ?? { kind: "missing", nearest: null };
}

function one<F extends ListedFile>(candidates: readonly F[]): Match<F> | null {
  const [first] = candidates;
  if (first === undefined) return null;
  return candidates.length === 1 ? { kind: "found", file: first } : { kind: "ambiguous", candidates };
}

function kindOf({ fileName, contentType }: ListedFile): MediaKind | null {
  if (contentType !== undefined) return kindOfContentType(contentType);
  return kindOfExtension(fileName.slice(fileName.lastIndexOf(".") + 1));
}

/** `.\art\1.png`, `./art//1.png` and `art/1.png` are one path. */
const cleanPath = (text: string): string =>
  text
    .trim()
    .replaceAll("\\", "/")
    .replace(/\/{2,}/g, "/")
    .replace(/^(\.\/)+/, "");

const baseName = (path: string): string => path.slice(path.lastIndexOf("/") + 1);

const stem = (name: string): string => name.replace(/\.[^.]*$/, "");

/** Upper then lower case is as near as JavaScript comes to Unicode's case folding (`STRASSE` is `straße`). */
const fold = (text: string): string => text.normalize("NFC").toUpperCase().toLowerCase().normalize("NFC");
