/** Questions to the person. What is typed as a secret is never echoed; where there is no terminal, a line is read. */
import { createInterface } from "node:readline";

export type Asker = {
  /** Null: nobody answered. */
  readonly secret: (question: string) => Promise<string | null>;
  readonly line: (question: string) => Promise<string | null>;
  readonly close: () => void;
};

/** The part of stdin that is needed; tests hand in a stream of their own. */
export type Keyboard = NodeJS.ReadableStream & {
  readonly isTTY?: boolean;
  setRawMode?: (raw: boolean) => unknown;
};

const ENDS = ["\r", "\n", "\u0004"];
const INTERRUPT = "\u0003";
const ERASERS = ["\u007f", "\b"];

export function createAsker(input: Keyboard, output: NodeJS.WritableStream): Asker {
  // One reader for all questions: a second one would miss what the first has taken from the pipe.
  let lines: ReturnType<typeof createInterface> | null = null;
  let iterator: AsyncIterator<string> | null = null;
  const nextLine = async (question: string): Promise<string | null> => {
    output.write(question);
    lines ??= createInterface({ input, terminal: false });
    iterator ??= lines[Symbol.asyncIterator]();
    const next = await iterator.next();
    return next.done ? null : next.value.trim();
  };
  return {
    line: nextLine,
    secret: async (question) => {
      if (input.isTTY !== true || input.setRawMode === undefined) return nextLine(question);
      output.write(question);
      const typed = await typedUnseen(input, input.setRawMode.bind(input));
      output.write("\n");
      return typed;
    },
    close: () => {
      lines?.close();
      input.pause();
    },
  };
}

/** In raw mode the terminal echoes nothing and hands over each key, so Ctrl-C and erasing are ours to do. */
function typedUnseen(input: Keyboard, setRawMode: (raw: boolean) => unknown): Promise<string | null> {
  const { promise, resolve } = Promise.withResolvers<string | null>();
  let typed = "";
  const finish = (answer: string | null): void => {
    input.off("data", take);
    setRawMode(false);
    input.pause();
    resolve(answer);
  };
  const take = (chunk: Buffer | string): void => {
    for (const key of chunk.toString()) {
      if (key === INTERRUPT || ENDS.includes(key)) {
        finish(key === INTERRUPT ? null : typed.trim());
        return;
      }
      typed = ERASERS.includes(key) ? typed.slice(0, -1) : typed + key;
    }
  };
  setRawMode(true);
  input.on("data", take);
  input.resume();
  return promise;
}
