/** `mintline replay`: put dead letters back to work, once each. */
import type { Command } from "commander";
import type { Replay, ReplayRequest } from "../../shared/api/contract.ts";
import { tellEnd } from "../batch-report.ts";
import { plural } from "../batch-text.ts";
import { type Context, run } from "../context.ts";
import { EXIT, type ExitCode, tellFault, usageFault } from "../failure.ts";
import { atRest, followReplay } from "../follow.ts";
import { repeated, text } from "../options.ts";

type Options = {
  batch?: string;
  step?: string;
  code?: string;
  q?: string;
  job?: string[];
  dryRun?: boolean;
  watch?: boolean;
};

export function registerReplay(program: Command): void {
  program
    .command("replay")
    .summary("put dead letters back to work")
    .description(
      "Puts the dead letters that match every filter back to work. What a job has already achieved is kept and looked up first. The selection is frozen at the call: a job that dies again is not replayed again.",
    )
    .option("--batch <batch>", "only this batch", text)
    .option("--code <code>", "only this reason, such as media.not_found", text)
    .option("--step <step>", "only this step, such as upload-asset", text)
    .option("--q <text>", "only messages with this text", text)
    .option("--job <id>", "only this job, bat_…:17; may be given many times", repeated)
    .option("--dry-run", "only say how many it would be")
    .option("--watch", "follow the replay to its end")
    .addHelpText(
      "after",
      `
Examples:
  npx --no mintline replay --batch bat_01J9ZK3T5Q8R2V7W4X6Y0A1B2C --dry-run
  npx --no mintline replay --batch bat_01J9ZK3T5Q8R2V7W4X6Y0A1B2C --code media.not_found --watch
  npx --no mintline replay --job bat_01J9ZK3T5Q8R2V7W4X6Y0A1B2C:17 --watch`,
    )
    .action((options: Options, command: Command) => run(command, (context) => replay(context, options)));
}

async function replay(context: Context, options: Options): Promise<ExitCode> {
  const { client, terminal, typed, failed } = context;
  const filter = filterOf(options);
  if (Object.keys(filter).length === 0) {
    return tellFault(
      terminal,
      usageFault(
        "cli.filter_required",
        "Expected at least one of --batch, --code, --step, --q and --job, got none.",
        `See what there is with \`${typed("dead-letters")}\`, then say which of it to replay.`,
      ),
    );
  }
  const answer = await client.replayDeadLetters({ filter, ...(options.dryRun ? { dryRun: true } : {}) });
  if (!answer.ok) return failed(answer.error);
  const { id, selected } = answer.value;
  if (selected === 0 && options.batch !== undefined) {
    const asked = await client.batch(options.batch);
    if (!asked.ok) return failed(asked.error);
  }
  if (options.dryRun || selected === 0 || id === null || !options.watch) {
    terminal.emit(answer.value);
    terminal.say(
      selected === 0
        ? "No open dead letter matches; nothing to replay."
        : `${plural(selected, "dead letter")} ${options.dryRun ? "would be replayed" : "put back to work"}.`,
    );
    if (!options.dryRun && selected > 0 && options.batch)
      terminal.say(`follow it: ${typed(`watch ${options.batch}`)}`);
    return EXIT.good;
  }
  return follow(context, id, options.batch);
}

function filterOf({ batch, step, code, q, job }: Options): ReplayRequest["filter"] {
  return {
    ...(batch === undefined ? {} : { batchId: batch }),
    ...(step === undefined ? {} : { step }),
    ...(code === undefined ? {} : { code }),
    ...(q === undefined ? {} : { q }),
    ...(job === undefined ? {} : { jobIds: job }),
  };
}

async function follow(context: Context, id: string, batchId: string | undefined): Promise<ExitCode> {
  const { client, terminal, failed } = context;
  const progress = terminal.progress();
  const ended = await followReplay(client, context, id, {
    reading: (reading) => {
      terminal.emit(reading);
      progress.update(reading.done, reading.selected, replayText(reading));
    },
    lost: () => terminal.note(`No answer from ${client.url}; asking again.`),
  });
  progress.stop();
  if (!ended.ok) return failed(ended.error);
  terminal.say(`${ended.value.state}: ${replayText(ended.value)}`);
  await tellBatch(context, batchId);
  return ended.value.deadAgain > 0 ? EXIT.rows : EXIT.good;
}

const replayText = ({ selected, done, completed, deadAgain }: Replay): string =>
  `replayed ${done} of ${selected}: ${completed} done, ${deadAgain} failed again`;

/** After a replay of one batch, its end is what people want to know: is it all done, is it public? */
async function tellBatch(context: Context, batchId: string | undefined): Promise<void> {
  if (batchId === undefined || context.terminal.json) return;
  const batch = await context.client.batch(batchId);
  if (batch.ok && atRest(batch.value)) await tellEnd(context, batch.value);
}
