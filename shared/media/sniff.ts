/**
 * What bytes are, by the bytes: neither the name nor the header of a stranger's file is believed.
 * Signatures come from `file-type`; SVG has none, so text is looked at before it. No I/O.
 */
import { fileTypeFromBuffer } from "file-type/core";
import { KINDS, type MediaKind } from "./kinds.ts";

/** Text is judged by this much of it: room for an editor's long comment before `<svg`. */
const TEXT_HEAD_BYTES = 64 * 1024;
const SHOWN_BYTES = 16;

/**
 * The kind of media that begins with `head`, or null where it is none of ours. The more of the file is given,
 * the surer the answer (an MP3 hides behind its cover picture, a PNG behind its colour profile); 4 kB suffice
 * for nearly all.
 */
export async function sniff(head: Uint8Array): Promise<MediaKind | null> {
  // Text first: file-type takes the byte order mark of UTF-16 for the first frame of an MPEG stream.
  const element = rootElement(head);
  if (element !== null) return /^(?:[\w.-]+:)?svg$/.test(element) ? KINDS.svg : null;
  const found = await fileTypeFromBuffer(head);
  if (!found) return null;
  const mime = found.mime.replace(/;.*/s, "");
  if (mime.startsWith("image/hei")) return hasBrand(head, "avif") ? KINDS.avif : null;
  return BY_SIGNATURE[`${mime} ${found.ext}`] ?? null;
}

/** file-type's word for each of ours. M4V is MP4 under Apple's brand; an APNG is a PNG with more frames. */
const BY_SIGNATURE: Readonly<Record<string, MediaKind>> = {
  "image/png png": KINDS.png,
  "image/apng apng": KINDS.png,
  "image/apng png": KINDS.png,
  "image/jpeg jpg": KINDS.jpeg,
  "image/gif gif": KINDS.gif,
  "image/webp webp": KINDS.webp,
  "image/avif avif": KINDS.avif,
  "video/mp4 mp4": KINDS.mp4,
  "video/x-m4v m4v": KINDS.mp4,
  "video/webm webm": KINDS.webm,
  "audio/mpeg mp3": KINDS.mp3,
  "audio/wav wav": KINDS.wav,
  "audio/ogg ogg": KINDS.ogg,
  "audio/ogg opus": KINDS.ogg,
  "audio/ogg oga": KINDS.ogg,
  "audio/ogg spx": KINDS.ogg,
  "application/ogg ogx": KINDS.ogg,
  "video/ogg ogv": KINDS.oggVideo,
  "video/ogg ogm": KINDS.oggVideo,
  "model/gltf-binary glb": KINDS.glb,
};

/** An AVIF may call itself by the container's general brand and name `avif` only among the compatible ones. */
function hasBrand(head: Uint8Array, brand: string): boolean {
  if (head.length < 16) return false;
  const boxBytes = new DataView(head.buffer, head.byteOffset).getUint32(0);
  const brands = latin1(head.subarray(8, Math.min(boxBytes, head.length, 256)));
  for (let at = 0; at + 4 <= brands.length; at += 4) if (brands.startsWith(brand, at)) return true;
  return false;
}

/** Whether the bytes are a web page: most often a host's login, error or share page in place of the file. */
export function looksLikeHtml(head: Uint8Array): boolean {
  const text = textHead(head);
  const start = skipProlog(text);
  return /^<!doctype\s+html|^<(html|head|body|script|title|meta|link|div|p|table|h[1-6]|iframe|center)[\s>/]/i.test(
    text.slice(start, start + 40),
  );
}

/** Name of the first element behind byte order mark, declaration, comments and doctype; null: not XML-like. */
function rootElement(head: Uint8Array): string | null {
  const text = textHead(head);
  if (!/^\s*</.test(text)) return null;
  return /^<([\p{L}_][\w.:-]*)(?=[\s/>])/u.exec(text.slice(skipProlog(text)))?.[1] ?? null;
}

const PROLOG = [
  /\s+/y,
  /<\?[\s\S]*?\?>/y,
  /<!--[\s\S]*?-->/y,
  /<!DOCTYPE(?!\s+html\b)[^[>]*(?:\[[^\]]*\]\s*)?>/iy,
];

function skipProlog(text: string): number {
  let at = 0;
  for (;;) {
    const before = at;
    for (const pattern of PROLOG) {
      pattern.lastIndex = at;
      if (pattern.test(text)) at = pattern.lastIndex;
    }
    if (at === before) return at;
  }
}

/** UTF-16 is read here only so that the message can say what it is: the SVG check takes nothing but UTF-8. */
function textHead(head: Uint8Array): string {
  const start = head.subarray(0, TEXT_HEAD_BYTES);
  if (start[0] === 0xff && start[1] === 0xfe) return new TextDecoder("utf-16le").decode(start);
  if (start[0] === 0xfe && start[1] === 0xff) return new TextDecoder("utf-16be").decode(start);
  return new TextDecoder().decode(start);
}

/** The first bytes for a message: `47 49 46 38 ("GIF8")`. */
export function describeBytes(head: Uint8Array): string {
  if (head.length === 0) return "no bytes";
  const shown = head.subarray(0, SHOWN_BYTES);
  const hex = Array.from(shown, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
  return `${hex} ("${latin1(shown).replace(/[^\x20-\x7e]/g, "·")}")`;
}

const latin1 = (bytes: Uint8Array): string => String.fromCharCode(...bytes);
