import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { clean, createTerminal, jsonLine, type Sink } from "../../cli/terminal.ts";

/** A stream that keeps what is written; as a terminal it has a size and takes cursor movements. */
function sinkOf(isTTY: boolean): { sink: Sink; written: () => string } {
  const stream = new PassThrough();
  let text = "";
  stream.on("data", (chunk: Buffer) => {
    text += chunk;
  });
  return { sink: Object.assign(stream, { isTTY, columns: 100 }), written: () => text };
}

function terminalOf({ json = false, isTTY = false } = {}) {
  const out = sinkOf(isTTY);
  const err = sinkOf(false);
  let time = 0;
  const terminal = createTerminal(json, out.sink, err.sink, () => time);
  const wait = (ms: number) => {
    time += ms;
  };
  return { terminal, out: out.written, err: err.written, wait };
}

describe("progress", () => {
  it("is a bar on a terminal, with its share and its text", () => {
    const { terminal, out } = terminalOf({ isTTY: true });
    const progress = terminal.progress();
    progress.update(0, 0, "validating");
    progress.update(6, 12, "6 done");
    progress.stop();
    expect(out()).toContain("████████░░░░░░░░ 50%  6 done");
  });

  it("is not drawn at all where nothing ever moved", () => {
    const { terminal, out } = terminalOf({ isTTY: true });
    terminal.progress().stop();
    expect(out()).toBe("");
  });

  it("is plain lines when piped: the first, then one every three seconds if it changed, and the last", () => {
    const { terminal, out, wait } = terminalOf();
    const progress = terminal.progress();
    for (let done = 1; done <= 10; done++) {
      progress.update(done, 10, `${done} done`);
      wait(1_000);
    }
    progress.update(10, 10, "10 done");
    progress.stop();
    expect(out()).toBe("1 done\n4 done\n7 done\n10 done\n");
  });

  it("is silent with --json", () => {
    const { terminal, out, err } = terminalOf({ json: true, isTTY: true });
    const progress = terminal.progress();
    progress.update(1, 2, "half");
    progress.stop();
    expect(out() + err()).toBe("");
  });
});

describe("with --json", () => {
  it("stdout holds objects only, notes go to stderr as objects too, words for people nowhere", () => {
    const { terminal, out, err } = terminalOf({ json: true });
    terminal.say("for people");
    terminal.complain("for people");
    terminal.note("three files unused");
    terminal.emit({ id: 1 });
    expect(out()).toBe('{"id":1}\n');
    expect(err()).toBe('{"note":"three files unused"}\n');
  });
});

describe("a table", () => {
  it("lines its columns up and leaves no blanks at the ends", () => {
    const { terminal, out } = terminalOf();
    terminal.table([
      ["id", "name"],
      ["900", "Relics"],
      ["7", "A"],
    ]);
    expect(out()).toBe("id   name\n900  Relics\n7    A\n");
  });

  it.each([
    ["Japanese", "灯の本", 6],
    ["an emoji", "A 🐙", 4],
    ["a flag and a heart of two code points each", "🇫🇷❤️", 4],
    ["accents that stand apart", "E\u0301toile", 6],
    ["half-width katakana", "ｱｲ", 2],
    ["Arabic", "مفتاح", 5],
  ])("counts the columns of a screen, not characters: %s", (_what, name, columns) => {
    const { terminal, out } = terminalOf();
    terminal.table([
      [name, "x"],
      ["1234567890", "y"],
    ]);
    expect(out().split("\n")[0]).toBe(`${name}${" ".repeat(12 - columns)}x`);
  });
});

describe("text from elsewhere", () => {
  it.each([
    ["colours", "\u001b[1;31mred\u001b[0m", "red"],
    ["cursor movements", "a\u001b[2J\u001b[Hb", "ab"],
    ["window titles", "\u001b]0;owned\u0007name", "name"],
    ["links", "\u001b]8;;http://evil\u001b\\click\u001b]8;;\u001b\\", "click"],
    ["eight-bit controls", "a\u009b31mb\u0085c", "ab c"],
    ["lines of their own", "one\r\nerror: forged", "one error: forged"],
    ["reversed text", "gpj.\u202eexe", "gpj.exe"],
    ["backspaces", "abc\b\b\bxyz", "abcxyz"],
  ])("is shown without %s", (_what, given, shown) => {
    expect(clean(given)).toBe(shown);
  });

  it("survives JSON whole, yet no control character reaches the terminal", () => {
    const given = { name: "\u001b[31m\u009b\u202e\u2028\u007fé" };
    expect(JSON.parse(jsonLine(given))).toEqual(given);
    expect(jsonLine(given)).toBe('{"name":"\\u001b[31m\\u009b\\u202e\\u2028\\u007fé"}');
  });
});
