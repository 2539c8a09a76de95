import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { createAsker, type Keyboard } from "../../../cli/deploy/ask.ts";

/** A terminal: it echoes what is typed, as terminals do, unless it is in raw mode. */
function terminal(): {
  keyboard: Keyboard;
  type: (keys: string) => void;
  shown: () => string;
  screen: PassThrough;
} {
  const input = new PassThrough();
  const screen = new PassThrough();
  let raw = false;
  let shown = "";
  screen.on("data", (chunk: Buffer) => {
    shown += chunk.toString();
  });
  return {
    keyboard: Object.assign(input, { isTTY: true, setRawMode: (on: boolean) => (raw = on) }),
    type: (keys) => {
      if (!raw) screen.write(keys);
      input.write(keys);
    },
    shown: () => shown,
    screen,
  };
}

test("a secret is not echoed, and can be corrected while it is typed", async () => {
  const { keyboard, type, shown, screen } = terminal();
  const asker = createAsker(keyboard, screen);
  const answer = asker.secret("Key: ");
  type("sex\u007fcret");
  type("-key\r");
  expect(await answer).toBe("secret-key");
  expect(shown()).toBe("Key: \n");
  asker.close();
});

test("Ctrl-C at a secret is no answer, and leaves the terminal as it was", async () => {
  const { keyboard, type, shown, screen } = terminal();
  const asker = createAsker(keyboard, screen);
  const answer = asker.secret("Key: ");
  type("half\u0003");
  expect(await answer).toBeNull();
  type("visible again");
  expect(shown()).toContain("visible again");
  expect(shown()).not.toContain("half");
});

test("without a terminal each question takes a line, and the end of the pipe is no answer", async () => {
  const input = new PassThrough();
  const asker = createAsker(input, new PassThrough());
  input.end("one\ntwo\n");
  expect(await asker.secret("1 ")).toBe("one");
  expect(await asker.line("2 ")).toBe("two");
  expect(await asker.line("3 ")).toBeNull();
});
