/**
 * sniff.ts: what a file is, by its first bytes. The service never trusts a part's content type: all official
 * samples send untyped blobs.
 */
import { imageSize } from "image-size";
import { maxPixels } from "./limits.ts";

export interface Sniffed {
  mimeType: string;
  extension: string;
}

export interface Measured extends Sniffed {
  width: number | null;
  height: number | null;
}

const kinds: readonly (Sniffed & { is: (head: string) => boolean })[] = [
  { mimeType: "image/png", extension: "png", is: (head) => head.startsWith("\x89PNG\r\n\x1a\n") },
  { mimeType: "image/jpeg", extension: "jpg", is: (head) => head.startsWith("\xff\xd8\xff") },
  { mimeType: "image/gif", extension: "gif", is: (head) => /^GIF8[79]a/.test(head) },
  { mimeType: "image/webp", extension: "webp", is: (head) => riff(head, "WEBP") },
  { mimeType: "image/avif", extension: "avif", is: (head) => /^avi[fs]/.test(brandOf(head)) },
  {
    mimeType: "video/mp4",
    extension: "mp4",
    is: (head) => /^(isom|iso[2-9]|mp4[12]|avc1|M4V |dash)/.test(brandOf(head)),
  },
  { mimeType: "video/webm", extension: "webm", is: isWebm },
  { mimeType: "audio/wav", extension: "wav", is: (head) => riff(head, "WAVE") },
  { mimeType: "audio/ogg", extension: "ogg", is: (head) => head.startsWith("OggS") },
  // With a tag before it, or a bare frame: eleven set bits, then no reserved version or layer.
  {
    mimeType: "audio/mpeg",
    extension: "mp3",
    is: (head) => /^(ID3|\xff[\xe2\xe3\xf2-\xf7\xfa-\xff])/.test(head),
  },
  { mimeType: "model/gltf-binary", extension: "glb", is: (head) => head.startsWith("glTF") },
  { mimeType: "image/svg+xml", extension: "svg", is: isSvg },
];

/** The kind of a file, or null for one that the service does not take. */
export function sniff(bytes: Uint8Array): Sniffed | null {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, headBytes)).toString(
    "latin1",
  );
  const kind = kinds.find(({ is }) => is(head));
  return kind === undefined ? null : { mimeType: kind.mimeType, extension: kind.extension };
}

/** The kind of a file and the size of an image; null where a raster image cannot be measured. */
export function measure(bytes: Uint8Array): Measured | null {
  const kind = sniff(bytes);
  if (kind === null) return null;
  const size = kind.mimeType.startsWith("image/") ? sizeOf(bytes) : null;
  // An SVG need not say how large it is; a raster image always does, unless it is cut.
  if (size === null) {
    const measurable = kind.mimeType.startsWith("image/") && kind.extension !== "svg";
    return measurable ? null : { ...kind, width: null, height: null };
  }
  const fits = size.width <= maxPixels && size.height <= maxPixels;
  return fits ? { ...kind, ...size } : null;
}

// Comments and a doctype may stand before the <svg> of an SVG.
const headBytes = 4_096;

function riff(head: string, form: string): boolean {
  return head.startsWith("RIFF") && head.slice(8, 12) === form;
}

/** The major brand of an ISO base media file, or "". */
function brandOf(head: string): string {
  return head.slice(4, 8) === "ftyp" ? head.slice(8, 12) : "";
}

/** Matroska with the document type of WebM in its header. */
function isWebm(head: string): boolean {
  return head.startsWith("\x1a\x45\xdf\xa3") && head.slice(4, 64).includes("webm");
}

function isSvg(head: string): boolean {
  const start = head.replace(/^\xef\xbb\xbf/, "").trimStart();
  return /^<(\?xml|!DOCTYPE svg|!--|svg[\s>])/i.test(start) && /<svg[\s>]/i.test(start);
}

function sizeOf(bytes: Uint8Array): { width: number; height: number } | null {
  try {
    const { width, height } = imageSize(bytes);
    return { width: Math.round(width), height: Math.round(height) };
  } catch {
    return null;
  }
}
