/**
 * Mutated files through the parser and the rules of rows: nothing throws, nothing hangs, and every byte is part of
 * a record that became a job, was refused with a reason, or holds nothing.
 * `FUZZ=100000 npx vitest run --project=node test/shared/intake/fuzz.test.ts` runs as many.
 */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { openFile, planOpening } from "../../../shared/intake/opening.ts";
import { isError, type RowProblem } from "../../../shared/intake/problem.ts";
import { type FileRecord, isBlank } from "../../../shared/intake/records.ts";
import { checkRow } from "../../../shared/intake/row.ts";
import { readSlice } from "../../../shared/intake/slices.ts";
import { type ByteSource, bytesSource, clipped } from "../../../shared/intake/source.ts";
import { Spellings, spellingCheck } from "../../../shared/intake/spelling.ts";
import { isOver, look, Survey, settle } from "../../../shared/intake/survey.ts";
import { indexMedia } from "../../../shared/media/match.ts";
import { cases } from "./corpus.ts";
import { mutated, type Random, randomOf } from "./mutate.ts";
import { OPTIONS } from "./support.ts";

const FILES = Number(process.env.FUZZ ?? 1_500);
/** A file of 20 kB takes milliseconds; what takes this long hangs. Of the processor: the machine may have others to serve. */
const LONGEST_CPU_MS = 2_000;

const FOLDER = new URL("../../fixtures/corpus/", import.meta.url);
const seeds = cases()
  .filter(({ file, at }) => at === undefined && !file.endsWith(".zip"))
  .map(({ file }) => readFileSync(new URL(file, FOLDER)));
const TYPES = [
  null,
  null,
  "text/csv",
  "application/json",
  "application/x-ndjson",
  "text/csv; charset=utf-8",
  "text/csv; charset=utf-16le",
];
const TOKEN_IDS = ["file", "file", "derived", "sequential"] as const;
const MEDIA = {
  set: indexMedia(["1.png", "2.png", "art/1.png", "1.mp4"].map((fileName) => ({ fileName }))),
  privateHosts: [],
};

const pick = <T>(random: Random, from: readonly [T, ...T[]] | readonly T[]): T =>
  from[random(from.length)] as T;

/** As it is kept between two slices. */
const kept = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

const told = (problems: readonly RowProblem[]): void => {
  for (const { code, message, next, line, value } of problems) {
    expect(`${code} ${message} ${next}`).toMatch(/^(file|row)\.[a-z0-9_]+ \S.* \S/s);
    expect(message).not.toMatch(/undefined|\[object|NaN/);
    expect(line).toBeGreaterThan(0);
    expect((value ?? "").isWellFormed()).toBe(true);
  }
};

async function recordsOf(
  source: ByteSource,
  rows: { offset: number; line: number },
  dialect: Parameters<typeof readSlice>[2],
  sliceBytes: number,
) {
  const records: FileRecord[] = [];
  let last = { ...rows };
  for (let at = rows; at.offset < source.size; ) {
    for await (const piece of readSlice(source, at, dialect, sliceBytes)) {
      records.push(...piece.records);
      expect(piece.next.offset).toBeGreaterThan(at.offset);
      at = piece.next;
    }
    expect(at.offset).toBeGreaterThan(last.offset);
    last = at;
  }
  return { records, end: last.offset };
}

/** @returns what became of it, so that the test can see that the mutations reach everything. */
async function throughIntake(bytes: Buffer, random: Random): Promise<string> {
  const options = { ...OPTIONS, contentType: pick(random, TYPES), tokenIds: pick(random, TOKEN_IDS) };
  const source = bytesSource(bytes);
  const opened = await openFile(source, options);
  if (!opened.ok) {
    expect(opened.error.some(isError)).toBe(true);
    told(opened.error);
    return opened.error[0]?.code ?? "";
  }
  told(opened.value.warnings);
  const { dialect, rows, head, end } = opened.value.opening;
  const body = clipped(source, end);
  expect(head.start).toBeLessThanOrEqual(head.end);
  expect(head.end).toBeLessThanOrEqual(rows.offset);
  const { records } = await recordsOf(body, rows, dialect, 1 + random(400));
  const whole = await recordsOf(body, rows, dialect, 1_000_000);
  expect(records).toEqual(whole.records);
  accounted(records, { bytes, rows, end, dialect: dialect.syntax });
  const opening = opened.value.survey
    ? kept(settle(opened.value.opening, surveyed(opened.value.survey, records)))
    : opened.value.opening;
  const { plan, problems } = planOpening(opening, options);
  told(problems);
  if (problems.some(isError)) return problems.find(isError)?.code ?? "";
  return judged(records, { plan, collectionId: 900, firstTokenId: "0", media: MEDIA });
}

function surveyed(asked: Survey, records: readonly FileRecord[]): Survey {
  let survey = asked;
  for (const record of records) if (!isOver(survey)) survey = Survey.parse(kept(look(survey, [record])));
  return survey;
}

/** CSV and JSON Lines without a gap; between the elements of a list only what JSON has there. */
function accounted(
  records: readonly FileRecord[],
  {
    bytes,
    rows,
    end,
    dialect,
  }: { bytes: Buffer; rows: { offset: number; line: number }; end: number; dialect: string },
): void {
  let at = rows.offset;
  let line = rows.line - 1;
  for (const record of records) {
    const gap = bytes.subarray(at, record.start).toString("latin1").replaceAll("\0", "");
    expect(dialect === "json" ? gap.replace(/[\s,]/g, "") : gap).toBe("");
    expect(record.end).toBeGreaterThan(record.start);
    expect(record.line).toBeGreaterThan(line);
    at = record.end;
    line = record.line;
  }
  const rest = bytes.subarray(at, end);
  if (dialect !== "json") expect(rest.length).toBe(0);
}

function judged(records: readonly FileRecord[], context: Parameters<typeof checkRow>[2]): string {
  const spelling = spellingCheck();
  let rows = 0;
  let valid = 0;
  for (const record of records) {
    const row = checkRow(record, rows, context);
    if (row === null) {
      expect(isBlank(record)).toBe(true);
      continue;
    }
    rows += 1;
    told(row.problems);
    expect(row.line).toBe(record.line);
    expect(row.problems.some(isError)).toBe(row.kind === "invalid");
    if (row.kind === "invalid") continue;
    valid += 1;
    expect(JSON.parse(row.text)).toEqual(JSON.parse(JSON.stringify(row.args)));
    expect(row.args.tokenId).toMatch(/^(0|[1-9][0-9]*)$/);
    told(spelling.check(row));
  }
  spellingCheck(Spellings.parse(kept(spelling.spellings())));
  return valid === 0 ? "none valid" : valid === rows ? "all valid" : "some valid";
}

test(`${FILES} mutated files`, { timeout: 60_000 + FILES * 30 }, async () => {
  const ends = new Map<string, number>();
  let slowest = 0;
  for (let number = 1; number <= FILES; number += 1) {
    const random = randomOf(number * 2_654_435_761);
    const bytes = mutated(pick(random, seeds), random, pick(random, seeds));
    const began = process.cpuUsage().user;
    try {
      const end = await throughIntake(bytes, random);
      ends.set(end, (ends.get(end) ?? 0) + 1);
    } catch (error) {
      throw new Error(`file ${number} (${JSON.stringify(bytes.toString("latin1"))})`, { cause: error });
    }
    slowest = Math.max(slowest, (process.cpuUsage().user - began) / 1_000);
  }
  if (process.env.FUZZ) console.log(Object.fromEntries(ends), `slowest ${slowest.toFixed(0)} ms`);
  expect(slowest).toBeLessThan(LONGEST_CPU_MS);
  for (const end of [
    "all valid",
    "some valid",
    "none valid",
    "file.not_json",
    "file.undecodable",
    "file.not_text",
    "file.missing_name",
  ])
    expect(ends.get(end) ?? 0, end).toBeGreaterThan(0);
});
