#!/usr/bin/env node
/** The bin: runs what was typed and ends with the contract's exit codes. What there is stands in program.ts. */
import { enableCompileCache } from "node:module";

// Node keeps what it compiled, in its own place under the system's temporary folder: 0.5 s of start becomes 0.2.
// It counts only for what is imported after it, hence the imports below.
enableCompileCache();

const { CommanderError } = await import("commander");
const { wantsJson } = await import("./context.ts");
const { EXIT } = await import("./failure.ts");
const { createProgram } = await import("./program.ts");
const { jsonLine } = await import("./terminal.ts");

// `mintline status | head -1` closes the pipe early; that is the reader's right and no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(EXIT.good);
  throw error;
});

try {
  await createProgram().parseAsync();
} catch (thrown) {
  const usage = thrown instanceof CommanderError;
  process.exitCode = usage ? (thrown.exitCode === 0 ? EXIT.good : EXIT.usage) : EXIT.unreachable;
  // Commander has told people of wrong use; of a defect nobody has told them yet.
  if (!usage) console.error(thrown);
  if (process.exitCode !== EXIT.good && wantsJson(process.argv, process.env)) {
    process.stdout.write(
      `${jsonLine({ error: usage ? usageError(thrown.message) : defectError(thrown) })}\n`,
    );
  }
}

function usageError(message: string) {
  const next = "Run the command with --help to see how it is used.";
  return { code: "cli.usage", message: message.replace(/^error: /, ""), next };
}

function defectError(thrown: unknown) {
  const next = "This is a defect of Mintline: report it with what stands on stderr.";
  return { code: "cli.defect", message: String(thrown), next };
}
