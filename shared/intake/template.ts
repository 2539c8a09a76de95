/** `template[name]=CryptoPunk #{id}`: text with the names of columns in braces. Compiled once a file. */
import { foldHeader } from "../job/token-id.ts";

/** A piece is text as it stands, a column by its index, or the line number. */
type Piece =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "cell"; readonly index: number }
  | { readonly kind: "line" };

export type Template = { readonly pieces: readonly Piece[] };

/** @returns the template, and the placeholders that name no column. */
export function compileTemplate(
  text: string,
  headers: readonly string[],
): { template: Template; unknown: string[] } {
  const pieces: Piece[] = [];
  const unknown: string[] = [];
  let end = 0;
  for (const match of text.matchAll(/\{([^{}]+)\}/g)) {
    if (match.index > end) pieces.push({ kind: "text", text: text.slice(end, match.index) });
    end = match.index + match[0].length;
    const piece = pieceFor(match[1] ?? "", headers);
    if (piece) pieces.push(piece);
    else unknown.push(match[1] ?? "");
  }
  if (end < text.length) pieces.push({ kind: "text", text: text.slice(end) });
  return { template: { pieces }, unknown };
}

/** A column wins over `{line}`: the file knows best what it calls a line. */
function pieceFor(name: string, headers: readonly string[]): Piece | null {
  const exact = headers.indexOf(name.trim());
  const index = exact >= 0 ? exact : headers.findIndex((header) => foldHeader(header) === foldHeader(name));
  if (index >= 0 && foldHeader(name) !== "") return { kind: "cell", index };
  return name.trim() === "line" ? { kind: "line" } : null;
}

/**
 * The text for one record, trimmed, or `""` where a column that it needs is empty and `whole` asks for all of
 * them: half a URL or half an id is worse than none, half a name is still a name.
 */
export function fillTemplate(
  template: Template,
  record: { readonly cells: readonly string[]; readonly line: number },
  whole: boolean,
): string {
  let text = "";
  for (const piece of template.pieces) {
    if (piece.kind === "text") text += piece.text;
    else if (piece.kind === "line") text += record.line;
    else {
      const cell = record.cells[piece.index] ?? "";
      if (cell === "" && whole) return "";
      text += cell;
    }
  }
  return text.trim();
}
