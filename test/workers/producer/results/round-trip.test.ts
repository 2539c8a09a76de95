/**
 * Random files in random dialects, whatever became of their rows: the three results are the file's rows byte for
 * byte and in their order, and the failed ones, sent again as they are, are the same tokens.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { DELIMITERS } from "../../../../shared/intake/delimiter.ts";
import { openFile, planOpening } from "../../../../shared/intake/opening.ts";
import type { RowProblem } from "../../../../shared/intake/problem.ts";
import type { CheckedRow } from "../../../../shared/intake/row.ts";
import { bytesSource } from "../../../../shared/intake/source.ts";
import type { Encoding } from "../../../../shared/intake/transcode.ts";
import { validateFile } from "../../../../shared/intake/validate-file.ts";
import type { BatchOptions } from "../../../../shared/job/batch.ts";
import type { Db, Row } from "../../../../shared/store/db.ts";
import type { ResultBatch } from "../../../../shared/store/results.ts";
import { encode } from "../../../../workers/producer/results/encode.ts";
import { rowGroups } from "../../../../workers/producer/results/rows.ts";
import { RESULT_KINDS, type ResultKind } from "../../../../workers/producer/results/standing.ts";
import { resultPieces, writerOf } from "../../../../workers/producer/results/stream.ts";
import type { SourceRow } from "../../../../workers/producer/results/writer.ts";
import { OPTIONS } from "../../../support/rows.ts";

const URL = "https://example.com/a.png";

/** What a cell may hold that makes a reader stumble, in letters that every encoding has. */
const text = fc
  .array(
    fc.constantFrom(
      "a",
      "B",
      "7",
      " ",
      "é",
      ",",
      ";",
      "|",
      "\t",
      '"',
      "\n",
      "\r\n",
      "\r",
      "'",
      "=1",
      "#REF!",
    ),
    {
      maxLength: 8,
    },
  )
  .map((parts) => parts.join(""));
const name = fc.oneof({ weight: 5, arbitrary: fc.constantFrom("Sword", "Shield", "Lamp") }, text);
const id = fc.oneof(
  { weight: 8, arbitrary: fc.nat(40).map(String) },
  fc.constantFrom("0x1f", "-1", "1e5", "", "x"),
);
const row = fc.record({
  id,
  name,
  image: fc.constantFrom(URL, URL, URL, "nope", ""),
  trait: text,
  cut: fc.nat(12),
});

const sheet = fc.record({
  rows: fc.array(row, { minLength: 1, maxLength: 14 }),
  hasIds: fc.boolean(),
  delimiter: fc.constantFrom(...DELIMITERS),
  encoding: fc.constantFrom<Encoding>("utf-8", "utf-16le", "utf-16be", "windows-1252"),
  lineEnd: fc.constantFrom("\n", "\r\n", "\r"),
  quoteAll: fc.boolean(),
  mark: fc.boolean(),
  lastLineEnd: fc.boolean(),
  // A line that is not CSV, or holds nothing, somewhere among the rows.
  odd: fc.option(fc.constantFrom('"q"x', '"open', "", "  ", '""""x"'), { nil: null }),
  oddAt: fc.nat(14),
  tokenIds: fc.constantFrom<BatchOptions["tokenIds"]>("file", "derived", "sequential"),
  fate: fc.array(fc.constantFrom("completed", "dead", "pending", "cancelled"), {
    minLength: 16,
    maxLength: 16,
  }),
});
type Sheet = typeof sheet extends fc.Arbitrary<infer T> ? T : never;

function fileOf(given: Sheet): Uint8Array {
  const { delimiter, lineEnd } = given;
  const cell = (value: string): string =>
    given.quoteAll || /[,;|\t"\r\n]|^\s|\s$/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
  const line = (cells: string[]): string => cells.map(cell).join(delimiter);
  const header = [...(given.hasIds ? ["tokenId"] : []), "name", "image", "Trait", "Last"];
  const lines = given.rows.map((one) => {
    const cells = [...(given.hasIds ? [one.id] : []), one.name, one.image, one.trait, "x"];
    // Now and then a row that is too short, or has a cell too many that holds nothing.
    if (one.cut === 0) return line(cells.slice(0, -1));
    return one.cut === 1 ? `${line(cells)}${delimiter}` : line(cells);
  });
  if (given.odd !== null) lines.splice(given.oddAt % (lines.length + 1), 0, given.odd);
  const whole = [line(header), ...lines].join(lineEnd) + (given.lastLineEnd ? lineEnd : "");
  const marked = given.encoding !== "windows-1252" && (given.mark || given.encoding.startsWith("utf-16"));
  return encode(`${marked ? "\ufeff" : ""}${whole}`, given.encoding);
}

const optionsOf = ({ tokenIds, encoding }: Sheet): BatchOptions => ({
  ...OPTIONS,
  tokenIds,
  firstTokenId: "100",
  contentType: `text/csv; charset=${encoding}`,
});

async function check(file: Uint8Array, options: BatchOptions) {
  const rows: CheckedRow[] = [];
  const { problems } = await validateFile(
    bytesSource(file),
    { ...options, collectionId: 900 },
    { set: null, privateHosts: [] },
    (one) => void rows.push(one),
  );
  return { rows, problems };
}

/** D1 as intake and settles leave it: a job for each valid row, listed errors for the others. */
function storeOf(rows: readonly CheckedRow[], problems: readonly RowProblem[], fate: readonly string[]) {
  const jobs: Row[] = rows.flatMap((one, index) =>
    one.kind === "invalid"
      ? []
      : {
          line: one.line,
          state: fate[index % fate.length] ?? "pending",
          token_id: one.args.tokenId,
          step: null,
          attempt: 1,
          error: null,
          published: 0,
        },
  );
  const errors: Row[] = problems
    .filter(({ severity }) => severity === "error")
    .map(({ line, column, code, message }) => ({ line, col: column, code, message }));
  const within = (all: Row[], params: readonly unknown[]) => ({
    rows: all.filter(({ line }) => Number(line) >= Number(params[1]) && Number(line) <= Number(params[2])),
    changes: 0,
  });
  const db: Pick<Db, "batch"> = {
    batch: async ([one]) => {
      const params = one?.params ?? [];
      const states: unknown[] = JSON.parse(String(params[3]));
      const { rows: there } = within(jobs, params);
      const others = there.filter(({ state }) => !states.includes(state)).map(({ line }) => line);
      return [
        { rows: there.filter(({ state }) => states.includes(state)), changes: 0 },
        { rows: [{ lines: JSON.stringify(others) }], changes: 0 },
        within(errors, params),
      ];
    },
  };
  return { db, stateOf: new Map(jobs.map((job) => [Number(job.line), String(job.state)])) };
}

const KIND: Readonly<Record<string, ResultKind>> = { completed: "succeeded", dead: "failed" };
const isOpenEnded = ({ record }: SourceRow): boolean =>
  record.kind === "refused" && record.fault === "quote_not_closed";

/** Without its line end, and without empty cells at its end: what a result must begin with. */
const bodyOf = ({ bytes }: SourceRow, { delimiter, encoding }: Sheet): Buffer => {
  const width = encoding.startsWith("utf-16") ? 2 : 1;
  let body = Buffer.from(bytes);
  const cut = (end: string): boolean => {
    const tail = Buffer.from(encode(end, encoding));
    if (!body.subarray(-tail.length).equals(tail) || (body.length - tail.length) % width !== 0) return false;
    body = body.subarray(0, -tail.length);
    return true;
  };
  cut("\r\n") || cut("\n") || cut("\r");
  while (cut(delimiter));
  return body;
};

test("the three results add up to the file, and the failed one goes back as it is", async () => {
  await fc.assert(
    fc.asyncProperty(sheet, async (given) => {
      const file = fileOf(given);
      const options = optionsOf(given);
      const source = bytesSource(file);
      const opened = await openFile(source, options);
      // A row of one cell with a separator in it may make the file look split otherwise than its header.
      fc.pre(opened.ok);
      const { opening } = opened.value;
      const first = await check(file, options);
      const { db, stateOf } = storeOf(first.rows, first.problems, given.fate);
      const batch = {
        id: "bat_1",
        name: "a.csv",
        state: "finished" as const,
        options,
        source_key: "",
        kind: "submit",
        source_batch: null,
        intake_offset: 0,
        intake_state: null,
        rows_total: first.rows.length,
        collection_id: 900,
        collection_published: false,
      } satisfies ResultBatch;
      const ctx = { db, config: {} } as unknown as Parameters<typeof resultPieces>[0];
      const writer = await writerOf(source, opening);
      const { plan } = planOpening(opening, options);
      const whole = { validatedTo: Number.POSITIVE_INFINITY, idsAreFinal: true };
      const resultFile = { batch, source, opening, plan, ...whole };
      const results = new Map<ResultKind, Buffer>();
      for (const kind of RESULT_KINDS) {
        const pieces: Uint8Array[] = [];
        for await (const piece of resultPieces(ctx, resultFile, kind, writer)) pieces.push(piece);
        results.set(kind, Buffer.concat(pieces));
      }

      const own: SourceRow[] = [];
      for await (const group of rowGroups(source, opening)) own.push(...group);
      expect(own.map(({ record }) => record.line)).toEqual(first.rows.map(({ line }) => line));
      const kindOf = (one: SourceRow): ResultKind => {
        const state = stateOf.get(one.record.line);
        return state === undefined ? "failed" : (KIND[state] ?? "unprocessed");
      };
      const failedRows = own.filter((one) => kindOf(one) === "failed");
      const inOrder = [...failedRows.filter((one) => !isOpenEnded(one)), ...failedRows.filter(isOpenEnded)];
      for (const kind of RESULT_KINDS) {
        const expected = kind === "failed" ? inOrder : own.filter((one) => kindOf(one) === kind);
        expectRows(results.get(kind) ?? Buffer.alloc(0), Buffer.concat(writer.head), expected, given);
      }

      const failed = results.get("failed") ?? Buffer.alloc(0);
      const again = await check(failed, options);
      expect(again.rows).toHaveLength(failedRows.length);
      for (const [index, one] of inOrder.entries()) {
        const before = first.rows.find(({ line }) => line === one.record.line);
        const after = again.rows[index];
        if (before?.kind !== "valid") continue;
        // A row like another has got an id of its own since its text was written.
        expect(after?.kind === "valid" ? [after.args.tokenId, behindId(after.text)] : after).toEqual([
          before.args.tokenId,
          behindId(before.text),
        ]);
      }
    }),
    { numRuns: 150 },
  );
}, 60_000);

/** What counts as a row's content (`same-content.ts`). */
const behindId = (text: string): string => text.slice(text.indexOf(',"token":'));

/** Row after row: its own bytes, then something of ours up to the end of the line, then the next. */
function expectRows(result: Buffer, head: Buffer, rows: readonly SourceRow[], given: Sheet): void {
  expect(result.subarray(0, head.length).equals(head)).toBe(true);
  const width = given.encoding.startsWith("utf-16") ? 2 : 1;
  const low = given.encoding === "utf-16be" ? 1 : 0;
  let at = head.length;
  for (const one of rows) {
    const body = bodyOf(one, given);
    expect(result.subarray(at, at + body.length).toString("hex")).toBe(body.toString("hex"));
    at += body.length;
    const rest = result.subarray(at);
    const isEnd = (index: number, code: number): boolean =>
      rest[index + low] === code && (width === 1 || rest[index + 1 - low] === 0);
    let end = 0;
    while (end < rest.length && !isEnd(end, 10) && !isEnd(end, 13)) end += width;
    if (isEnd(end, 13) && isEnd(end + width, 10)) end += width;
    expect(rest.subarray(0, end).length).toBeGreaterThan(8 * width);
    at += end + width;
  }
  expect(at).toBe(result.length);
}
