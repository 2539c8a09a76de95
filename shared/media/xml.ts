/**
 * The tokens of an XML document, read strictly: whatever XML does not allow ends the reading as `broken`, so
 * that no browser can see a document in the text that we did not see. Knows no entities but the five built in
 * and character references. No I/O.
 */

export type XmlAttribute = { readonly name: string; readonly value: string };

/** `at` counts characters from the start of the document. */
export type XmlToken = { readonly at: number } & (
  | { readonly kind: "open"; readonly name: string; readonly attributes: readonly XmlAttribute[] }
  | { readonly kind: "close"; readonly name: string }
  | { readonly kind: "text"; readonly text: string; readonly cdata: boolean }
  | { readonly kind: "comment" | "declaration" | "instruction" | "doctype"; readonly text: string }
  | { readonly kind: "broken"; readonly problem: string }
);

const NAME = "[\\p{L}_:][\\p{L}\\p{N}_:.\\-]*";
const OPEN = new RegExp(`<(${NAME})`, "uy");
const ATTRIBUTE = new RegExp(`\\s+(${NAME})\\s*=\\s*(?:"([^"<]*)"|'([^'<]*)')`, "uy");
const OPEN_END = /\s*(\/?)>/y;
const CLOSE = new RegExp(`</(${NAME})\\s*>`, "uy");
const TEXT = /[^<]+/y;
const CDATA = /<!\[CDATA\[([\s\S]*?)\]\]>/y;
// `--` inside, and `>` or `->` at the start, would end the comment in HTML but not in XML.
const COMMENT = /<!--(?!-?>)([\s\S]*?)--(>?)/y;
const DECLARATION = /<\?xml\s([\s\S]*?)\?>/y;
const INSTRUCTION = /<\?([\s\S]*?)\?>/y;
// Bounded, because an alternative inside a loop costs the engine memory by the character.
const DOCTYPE = /<!DOCTYPE\s((?:[^"'[>]|"[^"]{0,500}"|'[^']{0,500}'){0,500})(\[|>)/y;

/** The tokens of `text`; elements are known to nest and to be one tree. The last token may be `broken`. */
export function* readXml(text: string): Generator<XmlToken, void> {
  const open: string[] = [];
  let roots = 0;
  let at = 0;
  while (at < text.length) {
    const [token, end, selfClosing] = tokenAt(text, at);
    const problem = nesting(token, open, roots);
    if (problem !== null) return yield { at, kind: "broken", problem };
    yield token;
    if (token.kind === "broken") return;
    if (token.kind === "open") {
      if (open.length === 0) roots += 1;
      open.push(token.name);
      if (selfClosing) yield { at, kind: "close", name: token.name };
    }
    if (token.kind === "close" || selfClosing) open.pop();
    at = end;
  }
  if (open.length > 0) yield { at, kind: "broken", problem: `<${open.at(-1)}> is never closed` };
  else if (roots === 0) yield { at, kind: "broken", problem: "there is no element" };
}

function nesting(token: XmlToken, open: readonly string[], roots: number): string | null {
  if (token.kind === "close" && open.at(-1) !== token.name) return `</${token.name}> closes nothing`;
  if (token.kind === "open" && open.length === 0 && roots > 0) return `a second root <${token.name}>`;
  if (token.kind === "text" && open.length === 0 && (token.cdata || token.text.trim() !== "")) {
    return "text outside the root element";
  }
  if (token.kind === "doctype" && roots > 0) return "a doctype behind the root element";
  return token.kind === "declaration" && token.at > 0 ? "an XML declaration that is not at the start" : null;
}

type Read = [token: XmlToken, end: number, selfClosing: boolean];

function tokenAt(text: string, at: number): Read {
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    return pattern.exec(text);
  };
  const simple = (kind: "comment" | "declaration" | "instruction", found: RegExpExecArray): Read => [
    { at, kind, text: found[1] ?? "" },
    at + found[0].length,
    false,
  ];
  if (text[at] !== "<") return textToken(match(TEXT)?.[0] ?? "", at);
  const next = text[at + 1];
  if (next === "/") {
    const close = match(CLOSE);
    if (close) return [{ at, kind: "close", name: close[1] ?? "" }, at + close[0].length, false];
  } else if (next === "!") {
    const cdata = match(CDATA);
    if (cdata) {
      return [{ at, kind: "text", text: cdata[1] ?? "", cdata: true }, at + cdata[0].length, false];
    }
    const comment = match(COMMENT);
    if (comment?.[2] === ">") return simple("comment", comment);
    const doctype = match(DOCTYPE);
    if (doctype) {
      const body = `${doctype[1] ?? ""}${doctype[2] === "[" ? "[" : ""}`;
      return [{ at, kind: "doctype", text: body }, at + doctype[0].length, false];
    }
  } else if (next === "?") {
    const declaration = match(DECLARATION);
    if (declaration) return simple("declaration", declaration);
    const instruction = match(INSTRUCTION);
    if (instruction) return simple("instruction", instruction);
  } else {
    const open = match(OPEN);
    if (open) return openTag(text, at, open[1] ?? "", at + open[0].length);
  }
  return broken(at, `markup that XML does not know: ${text.slice(at, at + 20)}`);
}

function openTag(text: string, at: number, name: string, from: number): Read {
  const attributes = new Map<string, string>();
  let end = from;
  for (;;) {
    ATTRIBUTE.lastIndex = end;
    const found = ATTRIBUTE.exec(text);
    if (!found) break;
    const value = decodeReferences(found[2] ?? found[3] ?? "");
    const attribute = found[1] ?? "";
    if (value === null) return broken(at, `an unknown entity in ${attribute} of <${name}>`);
    if (attributes.has(attribute)) return broken(at, `${attribute} twice on <${name}>`);
    attributes.set(attribute, value);
    end += found[0].length;
  }
  OPEN_END.lastIndex = end;
  const close = OPEN_END.exec(text);
  if (!close) return broken(at, `<${name}> has an attribute that XML does not allow`);
  const list = Array.from(attributes, ([attribute, value]) => ({ name: attribute, value }));
  return [{ at, kind: "open", name, attributes: list }, end + close[0].length, close[1] === "/"];
}

function textToken(raw: string, at: number): Read {
  const text = decodeReferences(raw);
  if (text === null) return broken(at, "an unknown entity in the text");
  return [{ at, kind: "text", text, cdata: false }, at + raw.length, false];
}

const broken = (at: number, problem: string): Read => [{ at, kind: "broken", problem }, at, false];

const BUILT_IN: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/** Null where a reference is none that every XML reader knows. */
function decodeReferences(raw: string): string | null {
  if (!raw.includes("&")) return raw;
  let known = true;
  const text = raw.replace(
    /&(?:#x([0-9a-f]{1,6});|#([0-9]{1,7});|([a-z]+);)?/gi,
    (all, hex?: string, decimal?: string, name?: string) => {
      const point = hex ? Number.parseInt(hex, 16) : decimal ? Number(decimal) : null;
      const value =
        point === null ? BUILT_IN[name ?? ""] : point <= 0x10ffff ? String.fromCodePoint(point) : undefined;
      if (value === undefined) known = false;
      return value ?? all;
    },
  );
  return known ? text : null;
}
