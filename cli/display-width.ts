/**
 * How many columns a text takes on a terminal. Node has no such function, and a table of widths would be data to
 * keep current: the scripts written in wide characters, and emoji, are known to the regular expressions already.
 */

/** Made at the first need: it costs a tenth of a start, and most commands show nothing that is measured. */
let graphemes: Intl.Segmenter | null = null;

/** Two columns: CJK and Hangul, their punctuation, full-width forms, and emoji (U+FE0F asks for the picture). */
const WIDE =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\u3000-\u303e\uff01-\uff60\uffe0-\uffe6]|\ufe0f/u;
/** Half-width katakana, of a wide script but narrow by name. */
const NARROW = /^[\uff61-\uffdc]/;

export function displayWidth(text: string): number {
  graphemes ??= new Intl.Segmenter("en", { granularity: "grapheme" });
  let width = 0;
  for (const { segment } of graphemes.segment(text))
    width += WIDE.test(segment) && !NARROW.test(segment) ? 2 : 1;
  return width;
}
