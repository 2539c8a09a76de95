/**
 * Media cells: a URL, the name of a file in the media set, or bytes in the cell itself. Each comes out bound to
 * what it means now, so that a set changed later changes no batch. Pure: nothing is fetched.
 */
import { type JobMedia, MEDIA_FIELDS, type MediaField, type MediaSource } from "../job/job.ts";
import { fieldAccepts, kindOfExtension } from "../media/kinds.ts";
import { type ListedFile, type Match, type MediaIndex, matchMedia, matchTokenId } from "../media/match.ts";
import { isMediaUrl } from "../media/sources.ts";
import { fail, ok, type Result } from "../result.ts";
import { type InlineMedia, readDataUrl } from "./data-url.ts";
import { ambiguousMedia, missingMedia, noMediaSet, requiredMedia, wrongMedia } from "./media-problems.ts";
import { checkUrl } from "./media-urls.ts";
import type { ProblemText } from "./problem.ts";

/** A file of the set. Offline, in the CLI, hash and size are not known; nothing is bound then. */
export type SetFile = ListedFile & { readonly sha256?: string; readonly bytes?: number };

export type MediaContext = {
  /** Null: the submission names no media set. */
  readonly set: MediaIndex<SetFile> | null;
  /** `host:port` that media may come from although private. */
  readonly privateHosts: readonly string[];
};

export type MediaCells = {
  /** The trimmed cell or filled template of each field that is not empty. */
  readonly texts: Readonly<Partial<Record<MediaField, string>>>;
  /** Fields that have a column, filled or not. */
  readonly columns: ReadonlySet<MediaField>;
  readonly tokenId: string;
};

export type RowMedia = {
  readonly media: readonly JobMedia[];
  /** Bytes that stood in cells, to be stored under their hash before the job may run. */
  readonly inline: readonly InlineMedia[];
  readonly problems: readonly { readonly field: MediaField; readonly text: ProblemText }[];
};

type Found = { readonly source: MediaSource; readonly inline?: InlineMedia };

export function readMedia(cells: MediaCells, context: MediaContext): RowMedia {
  const media: JobMedia[] = [];
  const inline: InlineMedia[] = [];
  const problems: { field: MediaField; text: ProblemText }[] = [];
  for (const field of MEDIA_FIELDS) {
    const cell = cells.texts[field];
    const found = cell === undefined ? fromTokenId(field, cells, context) : fromCell(field, cell, context);
    if (found === null) continue;
    if (!found.ok) problems.push({ field, text: found.error });
    else {
      media.push({ field, source: found.value.source });
      if (found.value.inline) inline.push(found.value.inline);
    }
  }
  if (media.length === 0 && problems.length === 0) return lastResort(cells, context);
  return { media, inline, problems };
}

/** Any file called `<tokenId>.*` is better than no media; `animation_url` takes what fits nowhere else. */
function lastResort(cells: MediaCells, context: MediaContext): RowMedia {
  for (const field of ["video", "audio", "animation_url"] as const) {
    const found = byTokenId(field, cells.tokenId, context);
    if (found?.ok) return { media: [{ field, source: found.value.source }], inline: [], problems: [] };
    if (found) return { media: [], inline: [], problems: [{ field, text: found.error }] };
  }
  return {
    media: [],
    inline: [],
    problems: [
      { field: "image", text: requiredMedia(cells.tokenId, context.set !== null, cells.columns.size > 0) },
    ],
  };
}

/** An empty cell takes `<tokenId>.*` if it is the image's, or the column shows that such media is expected. */
function fromTokenId(
  field: MediaField,
  cells: MediaCells,
  context: MediaContext,
): Result<Found, ProblemText> | null {
  if (field === "animation_url" || (field !== "image" && !cells.columns.has(field))) return null;
  return byTokenId(field, cells.tokenId, context);
}

function byTokenId(
  field: MediaField,
  tokenId: string,
  { set }: MediaContext,
): Result<Found, ProblemText> | null {
  if (set === null) return null;
  const match = matchTokenId(set, tokenId, field);
  return match.kind === "missing" ? null : bind(field, `${tokenId}.*`, match);
}

function fromCell(field: MediaField, cell: string, context: MediaContext): Result<Found, ProblemText> {
  if (/^data:/i.test(cell)) {
    const read = readDataUrl(field, cell);
    return read.ok ? ok({ source: read.value.source, inline: read.value }) : read;
  }
  if (UNFILLED.test(cell)) return fromCell(field, cell.replace(UNFILLED, ""), context);
  // Without a set nothing can be a file's name; what does not even look like one was meant as an address.
  if (isMediaUrl(cell) || (context.set === null && !looksLikeFile(cell))) {
    const checked = checkUrl(cell, context.privateHosts);
    return checked.ok ? ok({ source: { kind: "url", url: checked.value } }) : checked;
  }
  if (context.set === null) return fail(noMediaSet(cell));
  return bind(field, cell, matchMedia(context.set, cell));
}

/** HashLips' placeholder for an address that nobody filled in; behind it stands the file's name. */
const UNFILLED = /^ipfs:\/\/NewUriToReplace\//i;

const looksLikeFile = (cell: string): boolean =>
  kindOfExtension(cell.slice(cell.lastIndexOf(".") + 1)) !== null;

function bind(field: MediaField, cell: string, match: Match<SetFile>): Result<Found, ProblemText> {
  if (match.kind === "missing") return fail(missingMedia(cell, match.nearest));
  if (match.kind === "ambiguous")
    return fail(
      ambiguousMedia(
        cell,
        match.candidates.map(({ fileName }) => fileName),
      ),
    );
  const { fileName, sha256 = "", bytes = 0, contentType = "" } = match.file;
  if (contentType !== "" && !fieldAccepts(field, contentType)) {
    return fail(wrongMedia(field, fileName, contentType));
  }
  return ok({ source: { kind: "set", fileName, sha256, bytes, contentType } });
}
