/**
 * The corpus: small files as people have them, each with what is to be read from it in words that a person can
 * review. `corpus.json` says why a file is there and how it is submitted; `NAME.expected.txt` what comes of it.
 */
import { readFileSync } from "node:fs";
import * as z from "zod";
import { openSubmission } from "../../../cli/archive/open.ts";
import { listFolder } from "../../../cli/media-folder.ts";
import { contentTypeOf } from "../../../cli/submission.ts";
import type { RowProblem } from "../../../shared/intake/problem.ts";
import type { JobArgs } from "../../../shared/job/job.ts";
import { type Read, read } from "./support.ts";

const FOLDER = new URL("../../fixtures/corpus/", import.meta.url);

const Case = z.strictObject({
  file: z.string(),
  /** Where the file is, if not in the corpus itself. */
  at: z.string().optional(),
  why: z.string(),
  contentType: z.string().optional(),
  tokenIds: z.enum(["derived", "sequential"]).optional(),
  firstTokenId: z.string().optional(),
  template: z.record(z.string(), z.string()).optional(),
  map: z.record(z.string(), z.string()).optional(),
  /** Names of the media set; a ZIP brings its own. */
  media: z.array(z.string()).optional(),
});
export type Case = z.infer<typeof Case>;

export const cases = (): Case[] =>
  z.array(Case).parse(JSON.parse(readFileSync(new URL("corpus.json", FOLDER), "utf8")));

export const expectedUrl = ({ file }: Case): URL => new URL(`${file}.expected.txt`, FOLDER);

/** Without a stated content type a file is sent without one, unless it comes out of a ZIP. */
export async function readCase({ file, at, why: _why, media, ...options }: Case): Promise<Read> {
  const files = media?.map((fileName) => ({ fileName }));
  const url = new URL(at ?? file, FOLDER);
  if (!file.endsWith(".zip")) return read(readFileSync(url), { ...options, ...(files ? { files } : {}) });
  const opened = await openSubmission(url.pathname, Number.POSITIVE_INFINITY);
  if (!opened.ok) throw new Error(opened.error.message);
  const art = opened.value.media === null ? null : await listFolder(opened.value.media, file);
  if (art?.ok === false) throw new Error(art.error.message);
  const bytes = new Uint8Array(await opened.value.bytes.arrayBuffer());
  return read(bytes, {
    ...options,
    contentType: contentTypeOf(opened.value.file),
    ...(art ? { files: art.value } : {}),
  });
}

/** All of a small file. */
const SAMPLES = 20;

/** What was read, in words. */
export function described({ file, why, ...options }: Case, report: Read): string {
  const given = Object.entries(options).map(([name, value]) => `${name} = ${JSON.stringify(value)}`);
  const { total, valid, invalid } = report.rows;
  return [
    `${file}: ${why}`,
    ...given.map((line) => `  ${line}`),
    "",
    `format: ${report.format ?? "(none)"}`,
    `dialect: ${report.dialect ?? "(none)"}`,
    `rows: ${total} (${valid} valid, ${invalid} invalid), ${report.warnings} warnings`,
    ...section(
      "mapping",
      Object.entries(report.mapping).map(([field, column]) => `${field} ← ${column}`),
    ),
    ...section("tokens", report.tokens.slice(0, SAMPLES).map(tokenText)),
    ...section("problems", report.problems.flatMap(problemText)),
    "",
  ].join("\n");
}

const section = (name: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : ["", `${name}:`, ...lines.map((line) => `  ${line}`)];

/** What is always there and empty is left out. */
function tokenText({ tokenId, token, media }: JobArgs): string {
  const filled = Object.entries(token).filter(
    ([key, value]) => value !== null && value !== "" && !(key === "decimals" && value === 0),
  );
  const art = media.map(({ field, source }) =>
    source.kind === "url" ? [field, source.url] : [field, `file ${source.fileName}`],
  );
  return `${tokenId} ${JSON.stringify(Object.fromEntries(filled))} ${art.map(([field, from]) => `${field}: ${from}`).join(", ")}`;
}

/** A text that is hard to see is shown as JSON writes it. */
const problemText = ({ severity, line, column, code, message, next, value }: RowProblem): string[] => [
  `${severity} line ${line}${column === "" ? "" : `, ${column}`}: ${code}${value === null ? "" : ` ${JSON.stringify(value)}`}`,
  `  ${message}`,
  `  → ${next}`,
];
