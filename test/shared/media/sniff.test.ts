import { describe, expect, test } from "vitest";
import type { MediaField } from "../../../shared/job/job.ts";
import { fieldAccepts, KINDS, kindOfContentType } from "../../../shared/media/kinds.ts";
import { describeBytes, looksLikeHtml, sniff } from "../../../shared/media/sniff.ts";
import { bigPng, bytes, fixture } from "./fixtures.ts";

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0));
const padded = (text: string): Uint8Array => ascii(text.padEnd(64, "\0"));
const ftyp = (brands: string): Uint8Array =>
  ascii(`\0\0\0${String.fromCharCode(8 + brands.length)}ftyp${brands}`.padEnd(64, "\0"));
const utf16 = (text: string): Uint8Array => {
  const units = Array.from(`\ufeff${text}`, (char) => char.charCodeAt(0));
  return Uint8Array.from(units.flatMap((unit) => [unit & 255, unit >> 8]));
};

describe("real files of every encoder", () => {
  test.each([
    ["tiny.png", "image/png", "png"],
    ["tiny.jpg", "image/jpeg", "jpg"],
    ["tiny.gif", "image/gif", "gif"],
    ["tiny.webp", "image/webp", "webp"],
    ["tiny.avif", "image/avif", "avif"],
    ["tiny.svg", "image/svg+xml", "svg"],
    ["tiny.mp4", "video/mp4", "mp4"],
    ["tiny.webm", "video/webm", "webm"],
    ["tiny.mp3", "audio/mpeg", "mp3"],
    ["tiny.wav", "audio/wav", "wav"],
    ["tiny.ogg", "audio/ogg", "ogg"],
    ["tiny.glb", "model/gltf-binary", "glb"],
    ["progressive.jpg", "image/jpeg", "jpg"],
    ["animated.png", "image/png", "png"],
    ["animated.webp", "image/webp", "webp"],
    ["animated.avif", "image/avif", "avif"],
    ["fragmented.mp4", "video/mp4", "mp4"],
    ["index-behind.mp4", "video/mp4", "mp4"],
    ["cover.mp3", "audio/mpeg", "mp3"],
    ["vorbis.ogg", "audio/ogg", "ogg"],
    ["theora.ogv", "video/ogg", "ogv"],
    ["truncated.png", "image/png", "png"],
    ["script.svg", "image/svg+xml", "svg"],
  ])("%s is %s", async (name, contentType, extension) => {
    expect(await sniff(fixture(name))).toMatchObject({ contentType, extension });
  });

  test.each(["empty.png", "page.png"])("%s is nothing of ours", async (name) => {
    expect(await sniff(fixture(name))).toBeNull();
  });
});

describe("signatures", () => {
  test.each<[string, Uint8Array, string | null]>([
    ["GLB 2", padded("glTF\x02\0\0\0"), "model/gltf-binary"],
    ["glTF 1", padded("glTF\x01\0\0\0"), null],
    ["MP4 under Apple's brand", ftyp("M4V \0\0\0\0isom"), "video/mp4"],
    ["AVIF under the general brand", ftyp("mif1\0\0\0\0mif1avif"), "image/avif"],
    ["HEIC", ftyp("heic\0\0\0\0mif1heic"), null],
    ["QuickTime", ftyp("qt  \0\0\0\0"), null],
    ["M4A", ftyp("M4A \0\0\0\0"), null],
    ["MP3 behind a cover picture longer than the head", padded("ID3\x03\0\0\0\x0f\x7f\x7f"), "audio/mpeg"],
    ["OGG with video", padded(`OggS${"\0".repeat(24)}\x80theora`), "video/ogg"],
    ["OGG with an unknown track", padded(`OggS${"\0".repeat(24)}whatever`), "audio/ogg"],
    ["a PNG whose data is not here yet", bigPng(4_096), "image/png"],
    ["BMP", padded("BM"), null],
    ["TIFF", padded("II*\0"), null],
    ["PDF", padded("%PDF-1.7"), null],
    ["ZIP", padded("PK\x03\x04"), null],
    ["gzip (an .svgz)", padded("\x1f\x8b\x08"), null],
    ["Windows program", padded("MZ"), null],
    ["plain text", bytes("just words"), null],
    ["JSON", bytes('{"error":"not found"}'), null],
    ["two bytes", Uint8Array.of(0x89, 0x50), null],
  ])("%s", async (_, head, contentType) => {
    expect((await sniff(head))?.contentType ?? null).toBe(contentType);
  });
});

describe("SVG has no signature", () => {
  const svg = '<svg xmlns="http://www.w3.org/2000/svg"/>';
  test.each([
    ["bare", svg],
    ["byte order mark", `\ufeff${svg}`],
    ["XML declaration", `<?xml version="1.0" encoding="UTF-8"?>\n${svg}`],
    ["comment", `<!-- made <by> hand -->${svg}`],
    ["doctype", `<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/d.dtd">${svg}`],
    ["doctype with a subset", `<!DOCTYPE svg [\n<!ENTITY a "b">\n]>${svg}`],
    ["all of them, in any order", `\n<?xml version="1.0"?><!--a--><?x y?><!DOCTYPE svg><!--b-->\n${svg}`],
    ["a prefix", '<svg:svg xmlns:svg="http://www.w3.org/2000/svg"/>'],
    ["a comment of 40 kB", `<!--${"x".repeat(40_000)}-->${svg}`],
  ])("%s", async (_, text) => {
    expect(await sniff(bytes(text))).toBe(KINDS.svg);
  });

  test("UTF-16 is known for what it is, not for a frame of MPEG", async () => {
    expect(await sniff(utf16(svg))).toBe(KINDS.svg);
  });

  test.each(["<svgs/>", "<svgfoo xmlns='x'>", "<html><svg/></html>", "<rss/>", "< svg>", "svg"])(
    "%s is no SVG",
    async (text) => {
      expect(await sniff(bytes(text))).toBeNull();
    },
  );
});

describe("HTML is told apart, for the message", () => {
  test.each([
    "<!DOCTYPE html><html>",
    "<!doctype html>",
    "\ufeff \n<html lang=en>",
    "<!-- cached --><head>",
    '<?xml version="1.0"?><!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "x"><html>',
    "<script>location='/login'</script>",
    "<h1>404 Not Found</h1>",
  ])("%s", (text) => {
    expect(looksLikeHtml(bytes(text))).toBe(true);
  });

  test.each(["<svg/>", "<Error><Code>NoSuchKey</Code></Error>", "{}", ""])("not %s", (text) => {
    expect(looksLikeHtml(bytes(text))).toBe(false);
  });
});

test("the first bytes are shown in hex and, where printable, as text", () => {
  expect(describeBytes(ascii("GIF8\0\n"))).toBe('47 49 46 38 00 0a ("GIF8··")');
  expect(describeBytes(new Uint8Array(40))).toBe(`${"00 ".repeat(16)}("${"·".repeat(16)}")`);
  expect(describeBytes(new Uint8Array())).toBe("no bytes");
});

describe("which field takes what", () => {
  const takes = (field: MediaField): string[] =>
    Object.values(KINDS)
      .filter(({ contentType }) => fieldAccepts(field, contentType))
      .map(({ extension }) => extension);

  test.each<[MediaField, string[]]>([
    ["image", ["png", "jpg", "gif", "webp", "avif", "svg"]],
    ["video", ["mp4", "webm", "ogv"]],
    ["audio", ["mp3", "wav", "ogg"]],
    ["animation_url", Object.values(KINDS).map(({ extension }) => extension)],
  ])("%s", (field, extensions) => {
    expect(takes(field)).toEqual(extensions);
  });

  test("none takes a type that is not listed", () => {
    expect(fieldAccepts("animation_url", "text/html")).toBe(false);
    expect(kindOfContentType("application/pdf")).toBeNull();
  });
});
