/** `mintline replay`: put dead letters back to work, once each; see how far a replay is; abort one. */
import type { Command } from "commander";
import type { Replay } from "../../shared/api/contract.ts";
import { LIMITS } from "../../shared/limits.ts";
import { tellEnd } from "../batch-report.ts";
import { plural } from "../batch-text.ts";
import { type Context, run } from "../context.ts";
import { EXIT, type ExitCode, tellFault } from "../failure.ts";
import { atRest, followReplay } from "../follow.ts";
import { numberFrom, text } from "../options.ts";
import { type SelectionOptions, selectionOf, selectionRequired, withSelection } from "../selection.ts";

type Options = SelectionOptions & {
  perSecond?: number;
  dryRun?: boolean;
  watch?: boolean;
  show?: string;
  abort?: string;
};

export function registerReplay(program: Command): void {
  const { min, max } = LIMITS.replayPerSecond;
  withSelection(
    program
      .command("replay")
      .summary("put dead letters back to work")
      .description(
        "Puts the dead letters that match every filter back to work. What a job has already achieved is kept and looked up first. The selection is frozen at the call: a job that dies again is not replayed again.",
      ),
  )
    .option("--per-second <n>", "put so many back a second; without it all at once", numberFrom(min, max))
    .option("--dry-run", "only say how many it would be")
    .option("--watch", "follow the replay to its end")
    .option("--show <replay>", "how far this replay is; with --watch to its end", text)
    .option("--abort <replay>", "stop this replay: what has not begun is left as it was", text)
    .addHelpText(
      "after",
      `
Examples:
  npx --no mintline replay --batch bat_01J9ZK3T5Q8R2V7W4X6Y0A1B2C --dry-run
  npx --no mintline replay --batch bat_01J9ZK3T5Q8R2V7W4X6Y0A1B2C --code media.not_found --watch
  npx --no mintline replay --group 5f1c0a9be4d27731 --per-second 5
  npx --no mintline replay --job bat_01J9ZK3T5Q8R2V7W4X6Y0A1B2C:17 --watch
  npx --no mintline replay --abort rep_01J9ZK3T5Q8R2V7W4X6Y0A1B2C`,
    )
    .action((options: Options, command: Command) => run(command, (context) => act(context, options)));
}

function act(context: Context, options: Options): Promise<ExitCode> {
  if (options.abort !== undefined) return abort(context, options.abort);
  if (options.show !== undefined) {
    return options.watch ? follow(context, options.show, undefined) : show(context, options.show);
  }
  return replay(context, options);
}

async function replay(context: Context, options: Options): Promise<ExitCode> {
  const { client, terminal, typed, failed } = context;
  const filter = selectionOf(options);
  if (filter === null) return tellFault(terminal, selectionRequired("replay", typed));
  const { perSecond, dryRun } = options;
  const answer = await client.replayDeadLetters({
    filter,
    ...(dryRun ? { dryRun: true } : {}),
    ...(perSecond === undefined ? {} : { perSecond }),
  });
  if (!answer.ok) return failed(answer.error);
  const { id, selected } = answer.value;
  if (selected === 0 && options.batch !== undefined) {
    const asked = await client.batch(options.batch);
    if (!asked.ok) return failed(asked.error);
  }
  if (dryRun || selected === 0 || id === null || !options.watch) {
    terminal.emit(answer.value);
    terminal.say(
      selected === 0
        ? "No open dead letter matches; nothing to replay."
        : `${plural(selected, "dead letter")} ${dryRun ? "would be replayed" : "put back to work"}${paceText(answer.value)}.`,
    );
    if (!dryRun && selected > 0 && id !== null) tellNext(context, id, options.batch);
    return EXIT.good;
  }
  return follow(context, id, options.batch);
}

const paceText = ({ perSecond }: Replay): string => (perSecond === null ? "" : `, ${perSecond} a second`);

function tellNext({ terminal, typed }: Context, id: string, batch: string | undefined): void {
  terminal.say(
    `follow it: ${typed(batch ? `watch ${batch}` : `replay --show ${id} --watch`)}`,
    `stop it:   ${typed(`replay --abort ${id}`)}`,
  );
}

async function show({ client, terminal, failed }: Context, id: string): Promise<ExitCode> {
  const found = await client.replay(id);
  if (!found.ok) return failed(found.error);
  terminal.emit(found.value);
  terminal.say(`${found.value.state}: ${replayText(found.value)}`);
  return found.value.deadAgain > 0 ? EXIT.rows : EXIT.good;
}

async function abort({ client, terminal, typed, failed }: Context, id: string): Promise<ExitCode> {
  const stopped = await client.abortReplay(id);
  if (!stopped.ok) return failed(stopped.error);
  terminal.emit(stopped.value);
  const { left, selected, done, deadAgain } = stopped.value;
  const under = selected - left - done;
  terminal.say(
    `aborted: ${left} of ${plural(selected, "dead letter")} left as they were, ${done} done (${deadAgain} failed again), ${under} under way go on.`,
    `what is left: ${typed("dead-letters --group")}`,
  );
  return EXIT.good;
}

async function follow(context: Context, id: string, batchId: string | undefined): Promise<ExitCode> {
  const { client, terminal, typed, failed } = context;
  const progress = terminal.progress();
  const ended = await followReplay(client, context, id, {
    reading: (reading) => {
      terminal.emit(reading);
      progress.update(reading.done + reading.left, reading.selected, replayText(reading));
    },
    lost: () => terminal.note(`No answer from ${client.url}; asking again.`),
  });
  progress.stop();
  if (!ended.ok) return failed(ended.error);
  const { state, resting, deadAgain } = ended.value;
  terminal.say(`${state}: ${replayText(ended.value)}`);
  if (state === "running" && resting > 0) {
    terminal.say(
      `${plural(resting, "job")} wait in a batch that is paused or halted: ${typed("status")} names it, ${typed("resume BATCH")} lets it go on.`,
    );
    return EXIT.rows;
  }
  await tellBatch(context, batchId);
  return deadAgain > 0 ? EXIT.rows : EXIT.good;
}

function replayText({ selected, done, completed, deadAgain, left }: Replay): string {
  const others = left > 0 ? `, ${left} left as they were` : "";
  return `replayed ${done} of ${selected}: ${completed} done, ${deadAgain} failed again${others}`;
}

/** After a replay of one batch, its end is what people want to know: is it all done, is it public? */
async function tellBatch(context: Context, batchId: string | undefined): Promise<void> {
  if (batchId === undefined || context.terminal.json) return;
  const batch = await context.client.batch(batchId);
  if (batch.ok && atRest(batch.value)) await tellEnd(context, batch.value);
}
