/** `mintline discard`: set dead letters aside that nobody will replay. */
import type { Command } from "commander";
import { plural } from "../batch-text.ts";
import { type Context, run } from "../context.ts";
import { EXIT, type ExitCode, tellFault } from "../failure.ts";
import { type SelectionOptions, selectionOf, selectionRequired, withSelection } from "../selection.ts";

type Options = SelectionOptions & { dryRun?: boolean };

export function registerDiscard(program: Command): void {
  withSelection(
    program
      .command("discard")
      .summary("set dead letters aside for good")
      .description(
        "Marks the open dead letters that match every filter as discarded: they are kept, listed with `dead-letters --state discarded`, and cannot be replayed. Their rows stay failed. Needs an admin token.",
      ),
  )
    .option("--dry-run", "only say how many it would be")
    .addHelpText(
      "after",
      `
Examples:
  npx --no mintline discard --batch bat_01J9ZK3T5Q8R2V7W4X6Y0A1B2C --code token.exists --dry-run
  npx --no mintline discard --group 5f1c0a9be4d27731`,
    )
    .action((options: Options, command: Command) => run(command, (context) => discard(context, options)));
}

async function discard(context: Context, options: Options): Promise<ExitCode> {
  const { client, terminal, typed, failed } = context;
  const filter = selectionOf(options);
  if (filter === null) return tellFault(terminal, selectionRequired("discard", typed));
  const answer = await client.discardDeadLetters({ filter, ...(options.dryRun ? { dryRun: true } : {}) });
  if (!answer.ok) return failed(answer.error);
  const { selected, discarded } = answer.value;
  if (selected === 0 && options.batch !== undefined) {
    const asked = await client.batch(options.batch);
    if (!asked.ok) return failed(asked.error);
  }
  terminal.emit(answer.value);
  if (selected === 0) terminal.say("No open dead letter matches; nothing to discard.");
  else if (options.dryRun) terminal.say(`${plural(selected, "dead letter")} would be discarded.`);
  else {
    terminal.say(
      `${plural(discarded, "dead letter")} discarded; kept and listed with ${typed("dead-letters --state discarded")}`,
    );
  }
  return EXIT.good;
}
