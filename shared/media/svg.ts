/**
 * Whether an SVG is only a picture. It is refused, not cleaned: what reaches the public is byte for byte what
 * was submitted. Refused are scripts, event handlers, foreign content, entities, and every reference that
 * leaves the file; what the strict XML reader cannot read counts as unsafe. Besides standing alone, an SVG
 * gets pasted into web pages by people, so markup that only HTML would see is refused too. No I/O.
 */
import { LIMITS } from "../limits.ts";
import { fail, ok, type Result } from "../result.ts";
import { svgTooLarge } from "./judge.ts";
import type { MediaRefusal } from "./kinds.ts";
import { readXml, type XmlAttribute, type XmlToken } from "./xml.ts";

/** `bytes` is the whole file, `where` names it. Codes: `media.unsafe_svg`, `media.too_large`. */
export function checkSvg(bytes: Uint8Array, where: string): Result<void, MediaRefusal> {
  if (bytes.length > LIMITS.svgMaxBytes) return fail(svgTooLarge(where));
  const text = decode(bytes);
  const problem = text === null ? "text that is not UTF-8" : findProblem(text, bytes.length === text.length);
  return problem === null ? ok(undefined) : fail(unsafe(problem, where));
}

function decode(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes);
  } catch {
    return null;
  }
}

function findProblem(text: string, ascii: boolean): string | null {
  const open: string[] = [];
  let css = "";
  for (const token of readXml(text)) {
    const problem = tokenProblem(token, ascii);
    if (problem !== null) return `${problem} (character ${token.at})`;
    if (token.kind === "open") open.push(localName(token.name));
    if (token.kind === "text" && open.at(-1) === "style") css += token.text;
    // Joined first: a comment or CDATA mark in the middle of `url(` must not hide it.
    if (token.kind === "close" && open.pop() === "style") {
      const found = cssProblem(css);
      if (found !== null) return `${found} in <style> (character ${token.at})`;
      css = "";
    }
  }
  return null;
}

function tokenProblem(token: XmlToken, ascii: boolean): string | null {
  switch (token.kind) {
    case "broken":
      return `malformed XML: ${token.problem}`;
    case "doctype":
      return doctypeProblem(token.text);
    case "instruction":
      return `a processing instruction (${token.text.slice(0, 20)})`;
    case "declaration":
      return encodingProblem(token.text, ascii);
    case "text":
      return token.cdata && token.text.includes("<") ? "markup inside CDATA" : null;
    case "open":
      return elementProblem(token.name, token.attributes);
    case "comment":
    case "close":
      return null;
  }
}

/** Design programs name the W3C's own definition, which nobody has to fetch; any other one is somebody's file. */
function doctypeProblem(doctype: string): string | null {
  if (doctype.endsWith("[")) return "a doctype that declares entities or attributes";
  const system = /(?:"([^"]*)"|'([^']*)')\s*$/.exec(doctype);
  const address = system?.[1] ?? system?.[2] ?? "";
  const known = address === "" || /^https?:\/\/(www\.)?w3\.org\/|^-\/\/W3C\/\/DTD /i.test(address);
  return known ? null : `a doctype from elsewhere (${address.slice(0, 60)})`;
}

/** A reader goes by the declared encoding; one under which our text would read differently hides things. */
function encodingProblem(declaration: string, ascii: boolean): string | null {
  const encoding = /encoding\s*=\s*["']([^"']*)/.exec(declaration)?.[1]?.toLowerCase() ?? "utf-8";
  const same = encoding === "utf-8" || (ascii && /^(us-ascii|iso-8859-\d+|windows-125\d)$/.test(encoding));
  return same ? null : `the encoding ${encoding} instead of UTF-8`;
}

/** Lower case; what runs, embeds, or makes an HTML parser leave the picture. */
const REFUSED_ELEMENTS = new Set(
  (
    "script foreignobject handler listener iframe frame object embed applet audio video canvas img link meta " +
    "base form input button textarea select html body head math template noscript xmp plaintext portal"
  ).split(" "),
);
const REFERENCES = new Set(
  "href src srcset data poster action formaction ping background codebase manifest base".split(" "),
);
const XHTML = "http://www.w3.org/1999/xhtml";

function elementProblem(name: string, attributes: readonly XmlAttribute[]): string | null {
  if (REFUSED_ELEMENTS.has(localName(name))) return `<${name}>`;
  for (const attribute of attributes) {
    const problem = attributeProblem(attribute);
    if (problem !== null) return `${problem} on <${name}>`;
  }
  return null;
}

function attributeProblem({ name, value }: XmlAttribute): string | null {
  const local = localName(name);
  if (/^on[a-z]/.test(local)) return `an event handler (${name})`;
  if (/^xmlns(:|$)/.test(name)) return value.trim() === XHTML ? "HTML content" : null;
  if (REFERENCES.has(local)) return referenceProblem(name, value);
  if (local === "attributename" && /^(.*:)?(on.*|href|src|style)$/i.test(value.trim())) {
    return `an animation of ${value.trim()}`;
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: URL parsers skip them inside a scheme, so we must too.
  if (/(java|vb)script:/i.test(value.replace(/[\u0000-\u0020]+/g, ""))) return `a script URL in ${name}`;
  const css = NOT_CSS.test(name) ? null : cssProblem(value);
  return css === null ? null : `${css} in ${name}`;
}

/** Any other attribute may be a property of style; these carry people's words. */
const NOT_CSS = /:|^(aria-.*|data-.*|id|class|lang)$/;

const RASTER_DATA = /^data:image\/(png|jpe?g|gif|webp|avif)[;,]/i;

/** Empty, a fragment of this file, or a bitmap inside it. An SVG inside would have to be checked again. */
function referenceProblem(name: string, value: string): string | null {
  const target = value.trim();
  if (target === "" || target.startsWith("#") || RASTER_DATA.test(target)) return null;
  return `an outside reference (${name}="${target.slice(0, 60)}")`;
}

/** Both with and without comments: they may split a word, or stand inside a string and swallow the rest. */
function cssProblem(css: string): string | null {
  if (!/[\\(@:]/.test(css)) return null;
  const decoded = css.replace(/\\(?:([0-9a-f]{1,6})\s?|([\s\S]))/gi, (_, hex?: string, plain?: string) =>
    hex ? String.fromCodePoint(Math.min(Number.parseInt(hex, 16), 0x10ffff)) : (plain ?? ""),
  );
  return cssTextProblem(decoded) ?? cssTextProblem(decoded.replace(/\/\*[\s\S]*?(?:\*\/|$)/g, ""));
}

function cssTextProblem(css: string): string | null {
  const word =
    /@import|expression\s*\(|-moz-binding|(?<![-\w])behavior\s*:|\b(?:image|image-set|src|cross-fade)\s*\(\s*["']/i.exec(
      css,
    );
  if (word) return `CSS that loads or runs something (${word[0].slice(0, 20)})`;
  for (const [, raw] of css.matchAll(/url\s*\(\s*["']?\s*([^"')]{0,60})/gi)) {
    const target = (raw ?? "").trim();
    if (target !== "" && !target.startsWith("#") && !RASTER_DATA.test(target) && !isFont(target)) {
      return `an outside reference (url(${target}))`;
    }
  }
  return null;
}

/** Fonts drawn by a design program travel inside the file; a font runs nothing. */
const isFont = (target: string): boolean =>
  /^data:(font\/|application\/(x-)?font|application\/vnd\.ms-fontobject)/i.test(target);

const localName = (name: string): string => name.slice(name.lastIndexOf(":") + 1).toLowerCase();

const unsafe = (problem: string, where: string): MediaRefusal => ({
  code: "media.unsafe_svg",
  message: `Expected an SVG without scripts and outside references at ${where}, got ${problem}.`,
  next: "Export it as plain SVG (or as PNG) with pictures and fonts embedded, and replay.",
});
