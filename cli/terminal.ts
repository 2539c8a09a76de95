/**
 * All that the CLI writes. Three ways of writing, chosen once: bars and lines on a terminal, plain lines when
 * piped, one JSON object a line with `--json` (results and errors on stdout, notes on stderr). Every line is
 * cleaned here, so that no name or message from a server or a file can move the cursor or fake a line.
 */
import { SingleBar } from "cli-progress";
import { SECOND } from "../shared/limits.ts";
import { displayWidth } from "./display-width.ts";

/** The part of a Node stream that is needed; tests hand in an array with `write`. */
export type Sink = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };

export type Progress = {
  /** `done` of `total`, and what to say beside it. The first update draws the bar. */
  update: (done: number, total: number, text: string) => void;
  /** Ends the bar; the last text stays on the screen. */
  stop: () => void;
};

export type Terminal = {
  readonly json: boolean;
  /** For people, on stdout; nothing with `--json`. */
  say: (...lines: string[]) => void;
  /** Something worth knowing that is not the result: stderr, `{"note": …}` with `--json`. */
  note: (...lines: string[]) => void;
  /** For people, on stderr: the text of an error. */
  complain: (...lines: string[]) => void;
  /** For machines, on stdout; nothing without `--json`. */
  emit: (value: unknown) => void;
  table: (rows: readonly (readonly string[])[]) => void;
  progress: () => Progress;
};

/** Short, so that four counts and the time left fit beside it in eighty columns. */
const BAR_CHARS = 16;

/** When piped, progress is told no more often than this. */
const PLAIN_EVERY_MS = 3 * SECOND;

// biome-ignore-start lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
/** C0 and C1 controls (ESC and CSI among them), and the marks that reorder or hide text on a screen. */
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;
/** Whole escape sequences, so that taking out ESC does not leave its "[31m" behind: CSI … */
const CONTROL_SEQUENCES = /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]/g;
/** … and the strings that run up to a terminator, such as a window's title or a link. */
const CONTROL_STRINGS =
  /(?:\u001b[\]PX^_]|[\u0090\u0098\u009d-\u009f])[^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c)?/g;
// biome-ignore-end lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const LINE_BREAKS = /\s*[\r\n\u0085\u2028\u2029]+\s*/g;

/** Text that can be shown on a terminal: one line, no control characters. */
export const clean = (text: string): string =>
  text
    .replace(CONTROL_SEQUENCES, "")
    .replace(CONTROL_STRINGS, "")
    .replace(LINE_BREAKS, " ")
    .replaceAll("\t", " ")
    .replace(UNSAFE, "");

/** JSON on one line; what `JSON.stringify` leaves raw but a terminal may obey is written as `\u….` */
export const jsonLine = (value: unknown): string =>
  (JSON.stringify(value) ?? "null").replace(
    UNSAFE,
    (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );

export function createTerminal(json: boolean, out: Sink, err: Sink, now: () => number): Terminal {
  const write = (sink: Sink, lines: readonly string[]): void => {
    for (const line of lines) sink.write(`${clean(line)}\n`);
  };
  const say = (...lines: string[]): void => {
    if (!json) write(out, lines);
  };
  return {
    json,
    say,
    note: (...lines) => {
      if (!json) write(err, lines);
      else for (const line of lines) err.write(`${jsonLine({ note: line })}\n`);
    },
    complain: (...lines) => {
      if (!json) write(err, lines);
    },
    emit: (value) => {
      if (json) out.write(`${jsonLine(value)}\n`);
    },
    table: (rows) => say(...columns(rows)),
    progress: () => {
      if (json) return { update: () => {}, stop: () => {} };
      return out.isTTY ? bar(out) : plainProgress(say, now);
    },
  };
}

function bar(out: Sink): Progress {
  const drawn = new SingleBar({
    format: "{bar} {percentage}%  {text}",
    stream: out,
    barsize: BAR_CHARS,
    barCompleteChar: "█",
    barIncompleteChar: "░",
    fps: 8,
    // A process that is killed must not leave the terminal without a cursor or with wrapping off.
    hideCursor: false,
    linewrap: true,
    gracefulExit: false,
  });
  let started = false;
  return {
    update: (done, total, text) => {
      const payload = { text: fitted(clean(text), out.columns) };
      if (!started) drawn.start(Math.max(total, 1), done, payload);
      else drawn.setTotal(Math.max(total, 1));
      started = true;
      drawn.update(done, payload);
    },
    stop: () => drawn.stop(),
  };
}

/** A bar redraws one line; a text that wraps would leave its first half behind at every redraw. */
function fitted(text: string, columns: number | undefined): string {
  const room = Math.max((columns || 80) - BAR_CHARS - " 100%  ".length - 1, 20);
  return text.length > room ? `${text.slice(0, room - 1)}…` : text;
}

function plainProgress(say: (...lines: string[]) => void, now: () => number): Progress {
  let saidAt = Number.NEGATIVE_INFINITY;
  let said = "";
  let latest = "";
  return {
    update: (_done, _total, text) => {
      latest = text;
      if (text === said || now() - saidAt < PLAIN_EVERY_MS) return;
      say(text);
      said = text;
      saidAt = now();
    },
    stop: () => {
      if (latest !== said) say(latest);
    },
  };
}

function columns(rows: readonly (readonly string[])[]): string[] {
  const cleaned = rows.map((row) => row.map(clean));
  const widths: number[] = [];
  for (const row of cleaned) {
    for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, displayWidth(cell));
  }
  return cleaned.map((row) =>
    row
      .map((cell, at) => cell + " ".repeat((widths[at] ?? 0) - displayWidth(cell)))
      .join("  ")
      .trimEnd(),
  );
}
