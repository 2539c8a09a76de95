/** Pictures that run, fetch or unfold something, by name, with a part of what the refusal says. */
const NS = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"';
const svg = (inside: string): string => `<svg ${NS}>${inside}</svg>`;
const METADATA = "http://169.254.169.254/latest/meta-data/";

export const SVG_ATTACKS: readonly (readonly [name: string, svg: string, says: string])[] = [
  ["script", svg("<script>alert(1)</script>"), "<script>"],
  ["script from elsewhere", svg('<script href="https://evil.example/x.js"/>'), "<script>"],
  ["script under another prefix", svg('<s:script xmlns:s="http://www.w3.org/2000/svg"/>'), "<s:script>"],
  ["event handler", `<svg ${NS} onload="alert(1)"/>`, "event handler"],
  ["event handler of an animation", svg('<animate onbegin="alert(1)"/>'), "event handler"],
  ["link that runs", svg('<a xlink:href="javascript:alert(1)"/>'), "outside reference"],
  ["link that runs, split by a line break", svg('<a href="java&#10;script:alert(1)"/>'), "outside reference"],
  [
    "animation that makes a link run",
    svg('<a><set attributeName="href" to="javascript:alert(1)"/></a>'),
    "animation",
  ],
  ["foreignObject", svg("<foreignObject><body/></foreignObject>"), "<foreignObject>"],
  ["HTML by its namespace", svg('<h:p xmlns:h="http://www.w3.org/1999/xhtml"/>'), "HTML content"],
  ["iframe", svg('<iframe src="https://evil.example/"/>'), "<iframe>"],
  [
    "external entity",
    `<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>${svg("<text>&x;</text>")}`,
    "declares",
  ],
  [
    "external parameter entity",
    `<!DOCTYPE svg [<!ENTITY % x SYSTEM "${METADATA}">%x;]>${svg("")}`,
    "declares",
  ],
  ["external DTD", `<!DOCTYPE svg SYSTEM "http://evil.example/x.dtd">${svg("")}`, "doctype from elsewhere"],
  [
    "external DTD under a public name",
    `<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "${METADATA}">${svg("")}`,
    "doctype",
  ],
  [
    "a billion laughs",
    `<!DOCTYPE svg [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>${svg("<text>&b;</text>")}`,
    "declares",
  ],
  [
    "XInclude",
    svg('<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd"/>'),
    "outside",
  ],
  ["picture from inside", svg(`<image href="${METADATA}"/>`), "outside reference"],
  ["picture from a file", svg('<image xlink:href="file:///etc/passwd"/>'), "outside reference"],
  ["picture without scheme", svg('<image href="//evil.example/p.gif"/>'), "outside reference"],
  ["use of another file", svg('<use href="https://evil.example/x.svg#a"/>'), "outside reference"],
  ["an SVG as data", svg('<image href="data:image/svg+xml;base64,PHN2Zy8+"/>'), "outside reference"],
  ["filter that fetches", svg(`<filter><feImage href="${METADATA}"/></filter>`), "outside reference"],
  ["fill from elsewhere", svg('<g fill="url(https://evil.example/#a)"/>'), "outside reference"],
  ["style sheet import", svg('<style>@import "https://evil.example/x.css";</style>'), "CSS that loads"],
  [
    "style sheet import, escaped",
    svg('<style>@\\69mport "https://evil.example/x.css";</style>'),
    "CSS that loads",
  ],
  ["style that fetches a font", svg("<style>@font-face{src:url(https://evil.example/f)}</style>"), "outside"],
  [
    "style sheet instruction",
    `<?xml-stylesheet href="https://evil.example/x.css"?>${svg("")}`,
    "instruction",
  ],
  ["base address", `<svg ${NS} xml:base="https://evil.example/"><use href="#a"/></svg>`, "xml:base"],
  [
    "script hidden in CDATA",
    svg("<desc><![CDATA[<script>alert(1)</script>]]></desc>"),
    "markup inside CDATA",
  ],
  ["comment that HTML ends early", svg("<!--><img src=x onerror=alert(1)>-->"), "malformed"],
  ["encoding that hides", `<?xml version="1.0" encoding="UTF-7"?>${svg("")}`, "encoding"],
];
