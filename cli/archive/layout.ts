/** Which file of many is the table of tokens, and which are their media: by their names. Pure. */
import { fail, ok, type Result } from "../../shared/result.ts";
import { type Fault, usageFault } from "../failure.ts";

export type Layout = {
  /** One file that holds all tokens, or one `N.json` a token, by number. */
  readonly table:
    | { readonly kind: "file"; readonly file: string }
    | { readonly kind: "objects"; readonly files: readonly string[] };
  readonly media: readonly string[];
  /** Other files, which nobody needs: named, so that a wrong guess is seen. */
  readonly leftOut: readonly string[];
};

/** What systems put into folders; nobody means them. */
export const isClutter = (name: string): boolean =>
  name.split("/").some((part) => part.startsWith(".") || part === "__MACOSX" || part === "Thumbs.db");

const SHEET = /\.(csv|tsv|jsonl|ndjson)$/i;
const JSON_FILE = /\.json$/i;
const NUMBERED = /^(0|[1-9]\d*)\.json$/i;
/** HashLips' list of all tokens, and what others call theirs. */
const WHOLE = /^_?metadata\.json$/i;
/** Says something of the collection, not of its tokens. */
const ABOUT = /^_?(collection|contract|manifest|package|config|cache)\.json$/i;
const DOCUMENT = /(\.(txt|md|pdf|xlsx?|docx?|numbers|ods|html?|zip)|^(readme|licen[cs]e|copying|notice))$/i;

/** @param where the ZIP or folder, for messages. */
export function layoutOf(where: string, names: readonly string[]): Result<Layout, Fault> {
  const table = findTable(where, names);
  if (!table.ok) return table;
  const used = new Set(table.value.kind === "file" ? [table.value.file] : table.value.files);
  const rest = names.filter((name) => !used.has(name));
  const isMedia = (name: string): boolean =>
    ![SHEET, JSON_FILE, DOCUMENT].some((pattern) => pattern.test(base(name)));
  return ok({
    table: table.value,
    media: rest.filter(isMedia),
    leftOut: rest.filter((name) => !isMedia(name)),
  });
}

function findTable(where: string, names: readonly string[]): Result<Layout["table"], Fault> {
  if (names.includes("[Content_Types].xml")) return fail(workbook(where));
  const json = names.filter((name) => JSON_FILE.test(name));
  const numbered = json.filter(isNumbered);
  const groups: readonly (readonly string[])[] = [
    names.filter((name) => SHEET.test(name)),
    json.filter((name) => WHOLE.test(base(name))),
    numbered,
    json.filter((name) => !ABOUT.test(base(name))),
  ];
  const found = groups.find((group) => group.length > 0) ?? [];
  if (found === numbered) return objects(where, numbered);
  const [only] = found;
  if (only === undefined) return fail(noTable(where, names));
  return found.length === 1 ? ok({ kind: "file", file: only }) : fail(severalTables(where, found));
}

function objects(where: string, files: readonly string[]): Result<Layout["table"], Fault> {
  const byFolder = Map.groupBy(files, (name) => name.slice(0, name.length - base(name).length));
  if (byFolder.size > 1)
    return fail(
      severalTables(
        where,
        [...byFolder.keys()].map((folder) => `${folder}*.json`),
      ),
    );
  return ok({ kind: "objects", files: files.toSorted((a, b) => numberOf(a) - numberOf(b)) });
}

/** One token in a file of its own: its number is the token's id. */
export const isNumbered = (name: string): boolean => NUMBERED.test(base(name));

/** For the order only; numbers too long for it keep the archive's. */
const numberOf = (name: string): number => Number(base(name).replace(/\.json$/i, ""));

export const base = (name: string): string => name.slice(name.lastIndexOf("/") + 1);

/** The folder that all files share, `""` or with a `/` at its end: a ZIP of a folder holds that folder. */
export function commonFolder(names: readonly string[]): string {
  const [first = ""] = names;
  const folder = first.slice(0, first.indexOf("/") + 1);
  if (folder === "" || !names.every((name) => name.startsWith(folder))) return "";
  return folder + commonFolder(names.map((name) => name.slice(folder.length)));
}

const list = (names: readonly string[]): string =>
  names.slice(0, 5).join(", ") + (names.length > 5 ? ` and ${names.length - 5} more` : "");

const noTable = (where: string, names: readonly string[]): Fault =>
  usageFault(
    "archive.no_table",
    `${where}: expected a CSV, a JSON or JSON Lines file, or one N.json a token; got ${names.length === 0 ? "no files" : list(names)}.`,
    "Put the table of the tokens beside their media, or submit the table with --media FOLDER.",
  );

const severalTables = (where: string, names: readonly string[]): Fault =>
  usageFault(
    "archive.several_tables",
    `${where}: expected one table of tokens, got ${names.length}: ${list(names)}.`,
    "Leave the one that is meant, or submit it by its name with --media FOLDER.",
  );

const workbook = (where: string): Fault =>
  usageFault(
    "archive.workbook",
    `${where}: expected CSV, JSON or a ZIP of one and its media, got an Excel workbook.`,
    "Open it in the spreadsheet and export it as “CSV UTF-8”.",
  );
