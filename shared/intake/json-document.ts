/**
 * A JSON document as a whole: that it is one, and where its list of objects is. Never parsed at one go, because
 * as objects 20 MB of it would not fit into an isolate: each element is, and what stands round them. Pure.
 */
import { fail, ok, type Result } from "../result.ts";
import { notJsonDocument, notRows } from "./file-problems.ts";
import { skipSpace, valueEnd } from "./json-list.ts";
import { wordsOf } from "./json-record.ts";
import { linesIn } from "./lines.ts";
import type { RowProblem } from "./problem.ts";

/** The keys under which a list may stand: ours, Immutable's, Crossmint's. */
const LISTS = ["rows", "assets", "nfts"];

/** `start`: of the first element, or of what follows an empty list. */
export type ListPlace = { readonly start: number; readonly key: string | null };

/** An object that holds no such list is a list of one. */
export function findList(text: string): Result<ListPlace, RowProblem> {
  const root = skipSpace(text, 0);
  const isObject = text[root] === "{";
  const list = text[root] === "[" ? { open: root, key: null } : isObject ? listInside(text, root) : null;
  if (list) {
    const start = skipSpace(text, list.open + 1);
    const fault = checkList(text, start);
    return fault ? fail(fault) : ok({ start, key: list.key });
  }
  const end = valueEnd(text, root);
  const fault = checkValue(text, root, end) ?? checkRest(text, end);
  if (fault) return fail(fault);
  return isObject ? ok({ start: root, key: null }) : fail(notRows(text.slice(root, root + 60)));
}

/** The list under one of the keys, where its first element is an object. The first such key of the document counts. */
function listInside(text: string, root: number): { open: number; key: string } | null {
  let at = skipSpace(text, root + 1);
  while (text[at] === '"') {
    const keyEnd = valueEnd(text, at);
    const key = text.slice(at + 1, keyEnd - 1);
    const colon = skipSpace(text, keyEnd);
    if (text[colon] !== ":") return null;
    const value = skipSpace(text, colon + 1);
    if (LISTS.includes(key) && text[value] === "[" && /^[{\]]/.test(text.slice(skipSpace(text, value + 1))))
      return { open: value, key };
    const comma = skipSpace(text, valueEnd(text, value));
    if (text[comma] !== ",") return null;
    at = skipSpace(text, comma + 1);
  }
  return null;
}

/** Each element alone, and then the document with an empty list in the place of this one. */
function checkList(text: string, start: number): RowProblem | null {
  let at = start;
  for (let first = true; text[at] !== "]"; first = false) {
    if (!first) {
      if (text[at] !== ",")
        return notJsonAt(text, at, at < text.length ? "a comma or ]" : "the ] of the list");
      at = skipSpace(text, at + 1);
    }
    const end = valueEnd(text, at);
    const fault = checkValue(text, at, end);
    if (fault) return fault;
    at = skipSpace(text, end);
  }
  try {
    JSON.parse(`${text.slice(0, start)}${text.slice(at)}`);
    return null;
  } catch (error) {
    return notJsonDocument({ line: 1 + linesIn(text, 0, at), got: wordsOf(error) });
  }
}

function checkValue(text: string, from: number, to: number): RowProblem | null {
  const value = text.slice(from, to);
  if (value === "") return notJsonAt(text, from, "a value");
  try {
    JSON.parse(value);
    return null;
  } catch (error) {
    return notJsonDocument({
      line: 1 + linesIn(text, 0, from) + lineWithin(value, error),
      got: wordsOf(error),
    });
  }
}

const checkRest = (text: string, end: number): RowProblem | null =>
  text.slice(end).trim() === "" ? null : notJsonAt(text, skipSpace(text, end), "the end of the file");

function notJsonAt(text: string, at: number, expected: string): RowProblem {
  const got = at < text.length ? JSON.stringify(text.slice(at, at + 20)) : "the end of the file";
  return notJsonDocument({ line: 1 + linesIn(text, 0, at), got: `${got} in the place of ${expected}` });
}

/** V8 names the place in most of its messages; where it does not, the element's first line has to do. */
function lineWithin(value: string, error: unknown): number {
  const position = /at position (\d+)/.exec(error instanceof Error ? error.message : "")?.[1];
  return position === undefined ? 0 : linesIn(value, 0, Number(position));
}
