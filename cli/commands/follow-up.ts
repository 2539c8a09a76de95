/** `mintline publish|unpublish|verify BATCH`: what a batch has completed, flipped or read back. */
import { type Command, Option } from "commander";
import { type FollowUpKind, PRIORITIES } from "../../shared/job/batch.ts";
import { headline, watchBatch } from "../batch-report.ts";
import { type Context, run } from "../context.ts";
import { EXIT, type ExitCode } from "../failure.ts";

const VERBS: readonly { verb: FollowUpKind; summary: string; description: string }[] = [
  {
    verb: "publish",
    summary: "make what a batch has completed public",
    description:
      "Makes the completed tokens of a batch public, with one call each and without touching media: for batches that were submitted with --no-publish, or taken back. A token that a later batch has written since is left alone and named.",
  },
  {
    verb: "unpublish",
    summary: "make what a batch has completed private again",
    description:
      "Makes the completed tokens of a batch private again; nothing is deleted, and `publish` undoes it. A token that a later batch has written since is left alone and named.",
  },
  {
    verb: "verify",
    summary: "read back what a batch has completed",
    description:
      "Reads back every completed token, its media (compared byte for byte by hash) and what the public sees, and names everything that is not as it was left. Nothing is written. Exits 1 where something has drifted.",
  },
];

type Options = { watch: boolean; priority?: string };

export function registerFollowUps(program: Command): void {
  for (const { verb, summary, description } of VERBS) {
    program
      .command(verb)
      .summary(summary)
      .description(`${description} Asked for again while it runs, it shows the one that runs.`)
      .argument("<batch>", "id of the batch, bat_…")
      .addOption(
        new Option("--priority <priority>", "beside other batches (default: as the batch)").choices(
          PRIORITIES,
        ),
      )
      .option("--no-watch", "do not wait for its end")
      .addHelpText("after", `\nExample:\n  npx --no mintline ${verb} bat_01J9ZK3T5Q8R2V7W4X6Y0A1B2C`)
      .action((id: string, options: Options, command: Command) =>
        run(command, (context) => followUp(context, verb, id, options)),
      );
  }
}

async function followUp(
  context: Context,
  verb: FollowUpKind,
  id: string,
  { watch, priority }: Options,
): Promise<ExitCode> {
  const { client, terminal, typed, failed } = context;
  const asked = await client.followUp(id, verb, priority === undefined ? {} : { priority });
  if (!asked.ok) return failed(asked.error);
  const batch = asked.value;
  terminal.say(headline(batch));
  if (watch) return watchBatch(context, batch.id, { named: true });
  terminal.emit(batch);
  terminal.say(`follow it: ${typed(`watch ${batch.id}`)}`);
  return EXIT.good;
}
