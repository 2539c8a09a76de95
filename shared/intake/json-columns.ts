/** Columns that may hold JSON or may be traits: their cells decide. Pure. */
import { foldHeader } from "../job/token-id.ts";
import type { Claims, FieldColumns } from "./claims.ts";
import type { Header, Settled } from "./column-options.ts";
import type { Field } from "./fields.ts";
import { looksThirdweb } from "./formats.ts";
import { notJson } from "./header-problems.ts";
import type { RowProblem } from "./problem.ts";

const JSON_FIELDS = ["attributes", "properties"] as const satisfies readonly Field[];

/**
 * `traits`, which some call their list of attributes and others a count; and in thirdweb's files, where every
 * column that is not reserved is a trait, also `properties` and `attributes` (its own example has one).
 */
export function jsonColumns(header: Header, claims: Claims, chosen: FieldColumns): readonly number[] {
  const lists = chosen.attributes === undefined ? claims.traitLists.slice(0, 1) : [];
  if (header.json || !looksThirdweb(header, chosen, claims)) return lists;
  const named = JSON_FIELDS.flatMap((field) => {
    const index = chosen[field];
    return index !== undefined && foldHeader(header.cells[index] ?? "") === field ? [index] : [];
  });
  return [...named, ...lists];
}

/** Gives the lists to `attributes`, and makes traits of what turned out to be no JSON. */
export function takeJsonColumns(
  { line, cells }: Header,
  candidates: readonly number[],
  settled: Settled,
  chosen: FieldColumns,
  problems: RowProblem[],
): void {
  for (const index of candidates) {
    const field = JSON_FIELDS.find((one) => chosen[one] === index);
    const isJson = settled.json.includes(index);
    if (field === undefined && isJson) chosen.attributes = index;
    if (field === undefined || isJson) continue;
    delete chosen[field];
    problems.push(notJson(line, cells[index] ?? "", field));
  }
}
