/**
 * Rows at the end of a sheet that hold nothing but unticked checkboxes: a column of checkboxes that was made for
 * a thousand rows exports FALSE for each of them. Found from the file's end, so that a reader of slices need not
 * look ahead over any number of rows.
 */
import { MB } from "../limits.ts";
import type { ColumnPlan } from "./columns.ts";
import type { CsvDialect, Position } from "./records.ts";
import type { ByteSource } from "./source.ts";
import { decode } from "./transcode.ts";

type Given = {
  readonly dialect: CsvDialect;
  readonly rows: Position;
  readonly plan: Pick<ColumnPlan, "fields">;
};
/** Where the rows end, and how many lines there are from there to the last one with a FALSE. */
export type Tail = { readonly end: number; readonly tailLines: number };

const BLOCK_BYTES = 64_000;
/** A line longer than this is no row of checkboxes. */
const LONGEST_LINE = 1 * MB;
const LINES = /[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+$/g;

export async function findTail(source: ByteSource, { dialect, rows, plan }: Given): Promise<Tail> {
  const judge = lineJudge(dialect.delimiter, plan);
  const width = dialect.encoding.startsWith("utf-16") ? 2 : 1;
  let tail: Tail = { end: source.size, tailLines: 0 };
  // Without a name or an id of its own, a row of FALSE may be all that a token is.
  if (judge === null) return tail;
  let [end, lines] = [source.size, 0];
  for (let want = BLOCK_BYTES; end > rows.offset && want <= LONGEST_LINE; ) {
    const from = rows.offset + Math.max(0, width * Math.floor((end - rows.offset - want) / width));
    const { text } = decode(await source.read(from, end - from), dialect.encoding);
    const found = text.match(LINES) ?? [];
    // Whole only where the block begins with the rows; else the end of a line that begins before it.
    if (from > rows.offset) found.shift();
    for (const line of found.reverse()) {
      const kind = judge(line.trimEnd());
      if (kind === "row") return tail;
      end -= width * line.length;
      if (kind === "false" || lines > 0) lines += 1;
      // Blank lines count only between lines of FALSE.
      if (kind === "false") tail = { end, tailLines: lines };
    }
    want = found.length === 0 ? want * 2 : BLOCK_BYTES;
  }
  return tail;
}

type Judge = (line: string) => "row" | "false" | "blank";

/** Plain ASCII without quotes, so that a line of text is a line of the table and as many bytes as characters. */
function lineJudge(delimiter: string, { fields }: Given["plan"]): Judge | null {
  if (fields.name === undefined && fields.tokenId === undefined) return null;
  const own = Object.values(fields);
  return (line) => {
    if (!/^[FALSEfalse \t,;|]*$/.test(line)) return "row";
    const cells = line.split(delimiter).map((cell) => cell.trim().toUpperCase());
    if (cells.every((cell) => cell === "")) return "blank";
    const hollow = cells.every((cell, index) => cell === "" || (cell === "FALSE" && !own.includes(index)));
    return hollow ? "false" : "row";
  };
}
