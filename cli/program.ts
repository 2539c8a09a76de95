/** The CLI, as a table of contents: every command is one file in commands/. */
import { Command } from "commander";
import manifest from "../package.json" with { type: "json" };
import { registerCollection } from "./commands/collection.ts";
import { registerControl } from "./commands/control.ts";
import { registerDeadLetters } from "./commands/dead-letters.ts";
import { registerDiscard } from "./commands/discard.ts";
import { registerDoctor } from "./commands/doctor.ts";
import { registerEdit } from "./commands/edit.ts";
import { registerFollowUps } from "./commands/follow-up.ts";
import { registerRender } from "./commands/render.ts";
import { registerReplay } from "./commands/replay.ts";
import { registerResults } from "./commands/results.ts";
import { registerStatus } from "./commands/status.ts";
import { registerSubmit } from "./commands/submit.ts";
import { registerToken } from "./commands/token.ts";
import { registerValidate } from "./commands/validate.ts";
import { registerWatch } from "./commands/watch.ts";

/** In the order in which people meet them. */
const COMMANDS = [
  registerSubmit,
  registerControl,
  registerFollowUps,
  registerValidate,
  registerWatch,
  registerStatus,
  registerResults,
  registerDeadLetters,
  registerEdit,
  registerReplay,
  registerDiscard,
  registerCollection,
  registerRender,
  registerToken,
  registerDoctor,
];

/** As people type it in the clone, so that every usage line can be copied: the bare name is on nobody's path. */
const TYPED = "npx --no mintline";

export function createProgram(): Command {
  const program = new Command(TYPED)
    .description(
      "CSV in, published collectibles out: submits files of collectibles to Mintline and follows them.",
    )
    .version(manifest.version, "-V, --version", "print the version")
    .option("--url <url>", "address of the deployment (MINTLINE_URL; default http://127.0.0.1:8787)")
    .option("--token <token>", 'API token (MINTLINE_TOKEN; default "local", which works on 127.0.0.1)')
    .option("--json", "one JSON object per line: results and errors on stdout, notes on stderr")
    .addHelpText(
      "after",
      `
Put --url, --token and --json after the command, as in \`npx --no mintline status --json\`: npx takes options
that stand before it for its own. \`npx --no -- mintline …\` takes them anywhere. This page is
\`npx --no mintline help\`; a command's own is \`npx --no mintline COMMAND --help\`.

Exit codes: 0 all good, 1 some rows dead or invalid, 2 wrong use, 3 could not reach or not allowed.

Examples:
  npx --no mintline collection create --name Relics
  npx --no mintline submit relics.csv --media ./art --collection 900 --watch
  npx --no mintline dead-letters bat_01J9ZK3T5Q8R2V7W4X6Y0A1B2C`,
    )
    .exitOverride();
  for (const register of COMMANDS) register(program);
  sayWhereHelpIs(program, TYPED);
  return program;
}

/** Commander says what is wrong; the next line says what to type. The root has `help` because npx keeps `--help`. */
function sayWhereHelpIs(command: Command, typed: string): void {
  command.showHelpAfterError(`next: ${typed} ${typed === TYPED ? "help" : "--help"}`);
  for (const below of command.commands) sayWhereHelpIs(below, `${typed} ${below.name()}`);
}
