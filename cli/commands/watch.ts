/** `mintline watch BATCH`: a batch until it rests. */
import type { Command } from "commander";
import { watchBatch } from "../batch-report.ts";
import { run } from "../context.ts";

export function registerWatch(program: Command): void {
  program
    .command("watch")
    .summary("follow a batch until it rests")
    .description(
      "Follows a batch until nothing moves it on without a person: finished, invalid, planned, paused, halted or cancelled. Ctrl-C stops watching, not the batch.",
    )
    .argument("<batch>", "id of the batch, bat_…")
    .addHelpText(
      "after",
      `
Examples:
  npx --no mintline watch bat_01J9ZK3T5Q8R2V7W4X6Y0A1B2C
  npx --no mintline watch bat_01J9ZK3T5Q8R2V7W4X6Y0A1B2C --json | jq .jobs`,
    )
    .action((id: string, _options: unknown, command: Command) =>
      run(command, (context) => watchBatch(context, id)),
    );
}
