/** What the names of a header leave to be said: that there is no header, no name, or a column nearly called like a field. Pure. */
import type { Claims, TraitColumn } from "./claims.ts";
import type { Header } from "./column-options.ts";
import { FIELDS } from "./fields.ts";
import {
  leftOutKeys,
  missingName,
  nearMiss,
  noHeader,
  tooManyKeys,
  unnamedColumn,
} from "./header-problems.ts";
import type { RowProblem } from "./problem.ts";

/** A first record in which nothing is a name that we know, and something is what only rows hold, is a row. */
const ROW_CELL =
  /^(\d+(\.\d+)?|0x[0-9a-f]+|[[{].*|(https?|ipfs|ar|data):.*|.*\.(png|jpe?g|gif|webp|svg|mp4|mp3))$/is;

/** @param filled the fields that have a column or a template. */
export function judgeHeader(
  { cells, line, json }: Header,
  claims: Claims,
  filled: Readonly<Record<string, unknown>>,
  traits: readonly TraitColumn[],
): RowProblem[] {
  if (json?.tooManyKeys) return [tooManyKeys(line)];
  const unnamed = claims.unnamed.map((index) => unnamedColumn(line, index));
  if (!json && claims.recognised === 0 && cells.some((cell) => ROW_CELL.test(cell)))
    return [...unnamed, noHeader(line, cells)];
  const open = FIELDS.filter((field) => filled[field] === undefined);
  const doubts = traits.flatMap(({ trait, index }) =>
    trait === cells[index] ? (nearMiss(line, trait, open) ?? []) : [],
  );
  const leftOut = json && json.leftOut.length > 0 ? [leftOutKeys(line, json.leftOut)] : [];
  // A list without objects has no keys; that it has no rows is said elsewhere.
  const missing = "name" in filled || (json && cells.length === 0) ? [] : [missingName(line, cells)];
  return [...unnamed, ...missing, ...doubts, ...leftOut];
}
