/**
 * The media that a token may carry, and which field takes which. One table: the sniffer, the matching of
 * names, the fields and the messages all read it. No I/O.
 */
import type { MediaField } from "../job/job.ts";

export type MediaFamily = "image" | "video" | "audio" | "model";

/** `extension` has no dot. */
export type MediaKind = {
  readonly contentType: string;
  readonly extension: string;
  readonly family: MediaFamily;
};

/** Why media or its address cannot be used: expected, got, where; and one sentence that says what to do. */
export type MediaRefusal = { readonly code: string; readonly message: string; readonly next: string };

const kind = (contentType: string, extension: string, family: MediaFamily): MediaKind => ({
  contentType,
  extension,
  family,
});

/** OGG is one container with two faces; both are kept, because a player goes by the content type. */
export const KINDS = {
  png: kind("image/png", "png", "image"),
  jpeg: kind("image/jpeg", "jpg", "image"),
  gif: kind("image/gif", "gif", "image"),
  webp: kind("image/webp", "webp", "image"),
  avif: kind("image/avif", "avif", "image"),
  svg: kind("image/svg+xml", "svg", "image"),
  mp4: kind("video/mp4", "mp4", "video"),
  webm: kind("video/webm", "webm", "video"),
  oggVideo: kind("video/ogg", "ogv", "video"),
  mp3: kind("audio/mpeg", "mp3", "audio"),
  wav: kind("audio/wav", "wav", "audio"),
  ogg: kind("audio/ogg", "ogg", "audio"),
  glb: kind("model/gltf-binary", "glb", "model"),
} as const;

/** For messages, in the contract's order. */
export const KINDS_NAMED = "PNG, JPEG, GIF, WebP, AVIF, SVG, MP4, WEBM, MP3, WAV, OGG or GLB";

const BY_CONTENT_TYPE = new Map(Object.values(KINDS).map((known) => [known.contentType, known]));

/** What people call their files; only a guess until the bytes were seen, good for matching names. */
const BY_EXTENSION = new Map<string, MediaKind>([
  ...Object.values(KINDS).map((known): [string, MediaKind] => [known.extension, known]),
  ["jpeg", KINDS.jpeg],
  ["jpe", KINDS.jpeg],
  ["apng", KINDS.png],
  ["m4v", KINDS.mp4],
  ["oga", KINDS.ogg],
  ["opus", KINDS.ogg],
]);

/** Media that we do not take: under such a name, too, the bytes may be some that we do. */
const OTHER_EXTENSIONS = new Set(
  "bmp heic heif tif tiff ico psd jp2 jxl svgz mov mkv avi wmv 3gp flac aac m4a wma mid gltf fbx obj pdf txt json zip".split(
    " ",
  ),
);

export const kindOfContentType = (contentType: string): MediaKind | null =>
  BY_CONTENT_TYPE.get(contentType) ?? null;

export const kindOfExtension = (extension: string): MediaKind | null =>
  BY_EXTENSION.get(extension.toLowerCase()) ?? null;

/**
 * What to note where a file's name says something else than its bytes, which decide; null where the two agree or
 * the name says nothing (`.php`). `name` is a path or a URL.
 */
export function nameNote(name: string, contentType: string): string | null {
  const path = URL.parse(name)?.pathname ?? name;
  const said = /\.([a-z0-9]{1,5})$/i.exec(path)?.[1]?.toLowerCase() ?? "";
  const is = kindOfContentType(contentType);
  const claims = kindOfExtension(said);
  if (is === null || claims === is || (claims === null && !OTHER_EXTENSIONS.has(said))) return null;
  // `.ogg` is the name of both, of the sound and of the moving picture.
  if (claims?.contentType.endsWith("/ogg") && is.contentType.endsWith("/ogg")) return null;
  return `The name says .${said}, the bytes are ${is.contentType}: sent as .${is.extension}.`;
}

/** Whether a token's `field` may hold media of this type; `animation_url` takes anything in the list. */
export function fieldAccepts(field: MediaField, contentType: string): boolean {
  const family = kindOfContentType(contentType)?.family;
  if (family === undefined) return false;
  return field === "animation_url" || field === family;
}

/** What to put into a field, for messages. */
export const FIELD_EXPECTS: Readonly<Record<MediaField, string>> = {
  image: "PNG, JPEG, GIF, WebP, AVIF or SVG",
  video: "MP4, WEBM or OGG video",
  audio: "MP3, WAV or OGG",
  animation_url: KINDS_NAMED,
};
