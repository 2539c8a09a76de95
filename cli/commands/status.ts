/** `mintline status [BATCH]`: where one batch stands, or the newest batches in a table. */
import type { Command } from "commander";
import { allPages } from "../../shared/api/client.ts";
import { LIMITS } from "../../shared/limits.ts";
import { headline, tellEnd } from "../batch-report.ts";
import { exitForBatch, fourCounts, progressText, rowProblemText, titleOf } from "../batch-text.ts";
import { type Context, run } from "../context.ts";
import { EXIT, type ExitCode } from "../failure.ts";
import { atRest } from "../follow.ts";
import { wholeNumber } from "../options.ts";

type Options = { limit: number; errors?: boolean };

export function registerStatus(program: Command): void {
  program
    .command("status")
    .summary("where one batch, or every batch, stands")
    .description(
      "Without a batch: the newest batches in a table. With one: its counts and, at rest, what to do next.",
    )
    .argument("[batch]", "id of the batch, bat_…")
    .option("--errors", "list every validation error and warning of the batch")
    .option("--limit <n>", "how many batches to list", wholeNumber(1), 20)
    .addHelpText(
      "after",
      `
Examples:
  npx --no mintline status
  npx --no mintline status bat_01J9ZK3T5Q8R2V7W4X6Y0A1B2C
  npx --no mintline status bat_01J9ZK3T5Q8R2V7W4X6Y0A1B2C --errors`,
    )
    .action((id: string | undefined, options: Options, command: Command) =>
      run(command, (context) => {
        if (id === undefined) return list(context, options.limit);
        return options.errors ? listProblems(context, id) : show(context, id);
      }),
    );
}

async function show(context: Context, id: string): Promise<ExitCode> {
  const read = await context.client.batch(id);
  if (!read.ok) return context.failed(read.error);
  const batch = read.value;
  context.terminal.emit(batch);
  context.terminal.say(headline(batch));
  if (atRest(batch)) return tellEnd(context, batch);
  context.terminal.say(`${batch.state}: ${progressText(batch)}`);
  context.terminal.say(`follow it: ${context.typed(`watch ${batch.id}`)}`);
  return exitForBatch(batch);
}

async function list({ client, terminal, typed, failed }: Context, limit: number): Promise<ExitCode> {
  const page = await client.batches({ limit: Math.min(limit, LIMITS.listMax) });
  if (!page.ok) return failed(page.error);
  for (const batch of page.value.items) terminal.emit(batch);
  if (page.value.items.length === 0) {
    terminal.say(`No batches yet. Submit one: ${typed("submit FILE.csv --watch")}`);
    return EXIT.good;
  }
  terminal.table([
    ["batch", "state", "waiting", "running", "done", "failed", "collection", "created", "name"],
    ...page.value.items.map((batch) => {
      const { waiting, running, done, failed: dead } = fourCounts(batch);
      const counts = [waiting, running, done, dead].map(String);
      const created = batch.createdAt.slice(0, 16).replace("T", " ");
      return [batch.id, batch.state, ...counts, String(batch.collectionId), created, titleOf(batch)];
    }),
  ]);
  return EXIT.good;
}

async function listProblems({ client, terminal, failed }: Context, id: string): Promise<ExitCode> {
  const found = await allPages((cursor) => client.rowProblems(id, { cursor, limit: LIMITS.listMax }));
  if (!found.ok) return failed(found.error);
  for (const problem of found.value) terminal.emit(problem);
  if (found.value.length === 0) terminal.say("No validation errors and no warnings.");
  terminal.say(...found.value.flatMap(rowProblemText));
  return found.value.some((problem) => problem.severity === "error") ? EXIT.rows : EXIT.good;
}
