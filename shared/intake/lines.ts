/** Line ends and quotes in UTF-8 bytes. CRLF, LF and CR each end a line. Pure. */

const LF = 0x0a;
const CR = 0x0d;
const QUOTE = 0x22;

/** How many line ends there are. */
export function linesIn(text: Uint8Array): number {
  let lines = 0;
  for (let index = 0; index < text.length; index += 1) {
    const byte = text[index];
    if (byte === LF || (byte === CR && text[index + 1] !== LF)) lines += 1;
  }
  return lines;
}

/**
 * The index behind the first line end at or after `from`; at the end of the file its end.
 * @returns null where it is not in these bytes, or they end between CR and what may be its LF.
 */
export function lineEndAfter(text: Uint8Array, from: number, atEnd: boolean): number | null {
  for (let index = from; index < text.length; index += 1) {
    const byte = text[index];
    if (byte === LF) return index + 1;
    if (byte !== CR) continue;
    if (index + 1 === text.length && !atEnd) return null;
    return text[index + 1] === LF ? index + 2 : index + 1;
  }
  return atEnd ? text.length : null;
}

/** The index behind the quote that closes the quoted cell at `from`; doubled quotes do not close it. */
export function quoteEndAfter(text: Buffer, from: number): number {
  let index = text.indexOf(QUOTE, from) + 1;
  while (index > 0 && index < text.length) {
    const quote = text.indexOf(QUOTE, index);
    if (quote < 0) return text.length;
    if (text[quote + 1] !== QUOTE) return quote + 1;
    index = quote + 2;
  }
  return text.length;
}
