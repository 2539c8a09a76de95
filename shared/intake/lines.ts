/** Line ends in text. CRLF, LF and CR each end a line. Pure. */

export const LF = 0x0a;
export const CR = 0x0d;

/** How many line ends there are. */
export function linesIn(text: string, from = 0, to = text.length): number {
  let lines = 0;
  for (let index = from; index < to; index += 1) {
    const code = text.charCodeAt(index);
    if (code === LF || (code === CR && text.charCodeAt(index + 1) !== LF)) lines += 1;
  }
  return lines;
}

/**
 * The index behind the first line end at or after `from`; at the end of the file its end.
 * @returns null where it is not in this text, or the text ends between CR and what may be its LF.
 */
export function lineEndAfter(text: string, from: number, atEnd: boolean): number | null {
  for (let index = from; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === LF) return index + 1;
    if (code !== CR) continue;
    if (index + 1 === text.length && !atEnd) return null;
    return text.charCodeAt(index + 1) === LF ? index + 2 : index + 1;
  }
  return atEnd ? text.length : null;
}
