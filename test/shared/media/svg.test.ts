import { describe, expect, test } from "vitest";
import { MB } from "../../../shared/limits.ts";
import { checkSvg } from "../../../shared/media/svg.ts";
import { bytes, fixture } from "./fixtures.ts";

const NS = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"';
const svg = (inside: string): string => `<svg ${NS}>${inside}</svg>`;
const problem = (text: string | Uint8Array): string | null => {
  const checked = checkSvg(typeof text === "string" ? bytes(text) : text, "https://example.com/1.svg");
  return checked.ok ? null : `${checked.error.code}: ${checked.error.message}`;
};

describe("refused", () => {
  test.each<[string, string, string]>([
    ["script", svg("<script>alert(1)</script>"), "<script>"],
    ["script by prefix", svg('<s:script xmlns:s="http://www.w3.org/2000/svg">1</s:script>'), "<s:script>"],
    ["script in capitals", svg("<SCRIPT>1</SCRIPT>"), "<SCRIPT>"],
    ["script from elsewhere", svg('<script xlink:href="https://evil.example/x.js"/>'), "<script>"],
    ["event handler on the root", '<svg onload="alert(1)"/>', "an event handler (onload)"],
    ["event handler in capitals", svg('<g ONCLICK="x()"/>'), "an event handler (ONCLICK)"],
    ["handler of an animation", svg('<animate onbegin="x()"/>'), "an event handler (onbegin)"],
    ["foreignObject", svg("<foreignObject><p/></foreignObject>"), "<foreignObject>"],
    ["HTML by namespace", svg('<h:p xmlns:h="http://www.w3.org/1999/xhtml"/>'), "HTML content"],
    ["HTML by hidden namespace", svg('<h:p xmlns:h="http://www.w3.org/1999/xhtm&#108;"/>'), "HTML content"],
    ["iframe", svg('<iframe src="#"/>'), "<iframe>"],
    ["link that runs", svg('<a href="javascript:alert(1)"><text>x</text></a>'), "an outside reference"],
    ["link that runs, in pieces", svg('<a href="java&#x0A;script:alert(1)"/>'), "an outside reference"],
    ["link elsewhere", svg('<a xlink:href="https://evil.example/"/>'), "an outside reference"],
    ["picture elsewhere", svg('<image href="https://evil.example/p.gif"/>'), "an outside reference"],
    ["picture beside it", svg('<image xlink:href="../secret.png"/>'), "an outside reference"],
    ["picture, host only", svg('<image href="//evil.example/p.gif"/>'), "an outside reference"],
    ["use of another file", svg('<use href="other.svg#a"/>'), "an outside reference"],
    ["use of data", svg('<use href="data:image/svg+xml;base64,PHN2Zy8+#a"/>'), "an outside reference"],
    ["an SVG inside as data", svg('<image href="data:image/svg+xml,%3Csvg/%3E"/>'), "an outside reference"],
    ["HTML as data", svg('<a href="data:text/html,%3Cscript%3E"/>'), "an outside reference"],
    ["filter picture", svg('<feImage href="https://evil.example/"/>'), "an outside reference"],
    ["base address", `<svg ${NS} xml:base="https://evil.example/"><use href="#a"/></svg>`, "xml:base"],
    ["animated href", svg('<set attributeName="href" to="javascript:1"/>'), "an animation of href"],
    ["animated xlink:href", svg('<animate attributeName="xlink:href" values="x"/>'), "an animation of"],
    ["animated handler", svg('<set attributeName="onclick" to="x()"/>'), "an animation of onclick"],
    ["script as a value", svg('<animate attributeName="x" to=" JaVa\tScript:1"/>'), "a script URL"],
    ["fill from elsewhere", svg('<g fill="url(https://evil.example/#a)"/>'), "an outside reference"],
    ["filter from elsewhere", svg("<g filter=\"url('x.svg#f')\"/>"), "an outside reference"],
    ["style attribute", svg('<g style="background:url(//evil.example)"/>'), "an outside reference"],
    ["escaped url", svg('<g style="fill:\\75 rl(https://evil.example)"/>'), "an outside reference"],
    ["style element", svg("<style>g{fill:url(https://evil.example)}</style>"), "an outside reference"],
    ["import", svg('<style>@import "https://evil.example/x.css";</style>'), "CSS that loads"],
    ["import, escaped", svg('<style>@\\69mport "x.css";</style>'), "CSS that loads"],
    ["import in CDATA", svg("<style><![CDATA[@import url(x.css);]]></style>"), "CSS that loads"],
    ["word split by a comment", svg("<style>g{fill:u/**/rl(https://evil.example)}</style>"), "an outside"],
    [
      "word split by CDATA",
      svg("<style>g{fill:ur<![CDATA[l(https://evil.example)]]>}</style>"),
      "an outside",
    ],
    ["string that swallows", svg('<style>g{a:"/*";fill:url(x.svg);b:"*/"}</style>'), "an outside reference"],
    ["image-set", svg("<style>g{mask:image-set('https://evil.example/x' 1x)}</style>"), "CSS that loads"],
    ["expression", svg('<g style="width:expression(alert(1))"/>'), "CSS that loads"],
    ["behaviour", svg('<g style="behavior:url(#x)"/>'), "CSS that loads"],
    ["binding", svg('<g style="-moz-binding:url(#x)"/>'), "CSS that loads"],
    ["entity", `<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>${svg("&x;")}`, "declares entities"],
    ["laughs", `<!DOCTYPE svg [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>${svg("&b;")}`, "declares entities"],
    [
      "default attribute",
      `<!DOCTYPE svg [<!ATTLIST svg onload CDATA "x()">]>${svg("")}`,
      "declares entities",
    ],
    ["undeclared entity", svg("<text>&nbsp;</text>"), "unknown entity"],
    ["stylesheet instruction", `<?xml-stylesheet href="x.css"?>${svg("")}`, "a processing instruction"],
    ["markup in CDATA", svg("<desc><![CDATA[><img src=x onerror=alert(1)>]]></desc>"), "markup inside CDATA"],
    ["comment that HTML ends early", svg("<!--><img src=x onerror=alert(1)>-->"), "malformed XML"],
    ["comment with two hyphens", svg("<!-- a -- b -->"), "malformed XML"],
    ["attribute without quotes", "<svg width=1></svg>", "malformed XML"],
    ["attribute twice", '<svg width="1" width="2"></svg>', "malformed XML"],
    ["slash before a handler", "<svg/onload=alert(1)>", "malformed XML"],
    ["tags that cross", svg("<g><a></g></a>"), "malformed XML"],
    ["no end", `<svg ${NS}>`, "malformed XML"],
    ["two roots", `${svg("")}${svg("")}`, "malformed XML"],
    ["text behind the root", `${svg("")}alert(1)`, "malformed XML"],
    ["another encoding", `<?xml version="1.0" encoding="UTF-7"?>${svg("")}`, "the encoding utf-7"],
    ["nothing", "", "malformed XML"],
  ])("%s", (_, text, expected) => {
    expect(problem(text)).toContain("media.unsafe_svg: ");
    expect(problem(text)).toContain(expected);
  });

  test("the fixture with a script", () => {
    expect(problem(fixture("script.svg"))).toContain("media.unsafe_svg");
  });

  test("bytes that are not UTF-8", () => {
    expect(problem(Uint8Array.of(...bytes("<svg>"), 0xff, ...bytes("</svg>")))).toContain("not UTF-8");
  });

  test("more than it may hold", () => {
    expect(problem(svg(" ".repeat(2 * MB)))).toContain("media.too_large");
  });
});

describe("accepted", () => {
  test.each<[string, string]>([
    ["shapes, gradients and fragments", svg('<defs><g id="a"/></defs><use href="#a"/><g fill="url(#a)"/>')],
    ["quoted fragments in style", svg("<style>.a{fill:url('#a');mask:url( \"#b\" )}</style>")],
    ["an embedded bitmap", svg('<image xlink:href="data:image/png;base64,iVBORw0KGgo="/>')],
    [
      "an embedded font",
      svg("<style>@font-face{font-family:x;src:url(data:font/woff2;base64,d09G)}</style>"),
    ],
    ["animation", svg('<animate attributeName="opacity" values="0;1" dur="1s"/>')],
    ["a link within", svg('<a href="#top"><text>x &amp; y &lt; z &#169;</text></a>')],
    [
      "the doctype of design programs",
      `<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://w3.org/d.dtd">${svg("")}`,
    ],
    [
      "declaration, comment, Latin-1 name over ASCII",
      `<?xml version="1.0" encoding="iso-8859-1"?><!-- a -->${svg("")}`,
    ],
    [
      "what Inkscape adds",
      `<svg ${NS} xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape" xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:cc="http://creativecommons.org/ns#">` +
        '<metadata><rdf:RDF><cc:Work rdf:about=""><cc:license rdf:resource="http://creativecommons.org/licenses/by/4.0/"/></cc:Work></rdf:RDF></metadata>' +
        '<g inkscape:export-filename="C:\\Users\\me\\image (1).png" inkscape:label="expression (happy)" aria-label="url(x)"/></svg>',
    ],
    ["scroll-behavior is no behavior", svg('<g style="scroll-behavior:smooth"/>')],
    ["words of other scripts", svg('<text id="größe">日本語</text>')],
  ])("%s", (_, text) => {
    expect(problem(text)).toBeNull();
  });

  test("the fixture", () => {
    expect(problem(fixture("tiny.svg"))).toBeNull();
  });
});

test.each<[string, string]>([
  ["100,000 elements", svg('<path d="M0 0L1 1z"/>'.repeat(90_000))],
  ["one path of 1.9 MB", svg(`<path d="${"1 ".repeat(950_000)}"/>`)],
  ["one embedded picture", svg(`<image href="data:image/png;base64,${"A".repeat(1_900_000)}"/>`)],
  ["nested 150,000 deep", svg(`${"<g>".repeat(150_000)}${"</g>".repeat(150_000)}`)],
  ["a comment of 1.9 MB", svg(`<!--${"- ".repeat(950_000)}-->`)],
  ["a comment that never ends", svg(`<!--${"a".repeat(1_900_000)}`)],
  ["a tag full of blanks", `<svg${" ".repeat(1_900_000)}`],
  ["a doctype that never ends", `<!DOCTYPE svg ${"a".repeat(1_900_000)}`],
  ["style of openings", svg(`<style>${"@font-face{/*".repeat(140_000)}</style>`)],
  ["style of urls", svg(`<style>${"url(".repeat(400_000)}</style>`)],
  ["style of backslashes", svg(`<style>${"\\".repeat(1_900_000)}</style>`)],
])("2 MB of anything is judged in time that grows with its size: %s", { timeout: 30_000 }, (_, text) => {
  const before = performance.now();
  problem(text);
  expect(performance.now() - before).toBeLessThan(10_000);
});
