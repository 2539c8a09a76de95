/** `mintline start|pause|resume|cancel BATCH`: a person's word to a batch. */
import type { Command } from "commander";
import { headline, watchBatch } from "../batch-report.ts";
import { countsText } from "../batch-text.ts";
import { run } from "../context.ts";
import { EXIT } from "../failure.ts";

type Verb = "start" | "pause" | "resume" | "cancel";

const VERBS: readonly { verb: Verb; summary: string; description: string }[] = [
  {
    verb: "start",
    summary: "run a planned batch as planned",
    description: "Runs a batch that `submit --dry-run` planned, exactly as it was validated.",
  },
  {
    verb: "pause",
    summary: "stop a batch for now",
    description:
      "Within 5 s no new call to Sequence is started. Nothing is lost and no attempt is spent; `resume` goes on.",
  },
  {
    verb: "resume",
    summary: "let a paused or halted batch go on",
    description:
      "Lets a batch go on that a person paused, a trial (--first) ended, or the account's fault halted.",
  },
  {
    verb: "cancel",
    summary: "stop a batch for good",
    description:
      "Stops a batch for good. What is already published stays; submit the file again to publish the rest.",
  },
];

export function registerControl(program: Command): void {
  for (const { verb, summary, description } of VERBS) {
    const command = program
      .command(verb)
      .summary(summary)
      .description(description)
      .argument("<batch>", "id of the batch, bat_…")
      .addHelpText("after", `\nExample:\n  npx --no mintline ${verb} bat_01J9ZK3T5Q8R2V7W4X6Y0A1B2C`)
      .action((id: string, options: { watch?: boolean }, self: Command) =>
        run(self, async (context) => {
          const answer = await context.client.steer(id, verb);
          if (!answer.ok) return context.failed(answer.error);
          if (options.watch) return watchBatch(context, id);
          context.terminal.emit(answer.value);
          context.terminal.say(headline(answer.value));
          context.terminal.say(`${answer.value.state}: ${countsText(answer.value)}`);
          return EXIT.good;
        }),
      );
    if (verb === "start" || verb === "resume") command.option("--watch", "follow the batch until it rests");
  }
}
